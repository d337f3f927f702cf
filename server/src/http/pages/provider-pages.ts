import { ERRORS, type ErrorCode, isErrorCode, Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { FormState, ProviderButton } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { offeredProviders, requireOffered } from '../../auth/auth-providers/oauth.ts';
import { signInRequestHandler } from '../../auth/sign-in/index.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { readCaller } from '../caller.ts';
import { type ProviderReturn, readReturn } from '../provider-return.ts';
import { EMPTY_FORM, issueFormToken, readForm, refusedForm, requireFormToken } from './form.ts';
import { goOnWith } from './onward.ts';
import { formsWork, type PageRenderer } from './render.ts';

/** The buttons of the pages before sign-in. */
export function providerButtons(deps: Pick<Deps, 'config'>, caller: Pick<Caller, 'cookies'>): readonly ProviderButton[] {
  return offeredProviders(deps).map((provider) => ({ ...provider, lastUsed: caller.cookies.lastWay === provider.name }));
}

/** The page that a provider sends the browser back to. Opening it changes nothing: its script, or its button, posts what came. */
export function registerProviderPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const goOn = goOnWith(config, renderer);
  const providerOf = (request: FastifyRequest) => {
    const name = (request.params as Record<string, unknown>)['authProvider'];
    if (typeof name !== 'string') throw new Refusal('not_found');
    const { definition } = requireOffered(deps, name);
    return { name, label: definition.label };
  };

  const show = (request: FastifyRequest, reply: FastifyReply, caller: Caller, returned: ProviderReturn, form: FormState = EMPTY_FORM) => {
    const view = {
      page: 'provider-return' as const,
      provider: providerOf(request),
      answer: returned.kind === 'answer' ? returned.answer : null,
      declined: returned.kind === 'declined',
      form: returned.kind === 'refused' ? refusedWith(returned.reason) : form,
    };
    if (returned.kind === 'refused') reply.code(ERRORS[returned.reason]);
    return renderer.send(request, reply, view, formsWork(config) ? { formToken: issueFormToken(deps, caller, reply) } : {});
  };

  app.get(PAGES.authCallback, async (request, reply) => {
    const { reason } = request.query as Record<string, unknown>;
    // The other flow ends here with a word of ours; nothing from the address is ever printed.
    const known: ProviderReturn | null = typeof reason === 'string' && isErrorCode(reason) ? { kind: 'refused', reason } : null;
    return show(request, reply, readCaller(config, request), known ?? readReturn(request.query));
  });

  if (!formsWork(config)) return;

  app.post(PAGES.authCallback, async (request, reply) => {
    const caller = readCaller(config, request);
    const form = readForm(request);
    const { name } = providerOf(request);
    const { tokenExchangeCode = '', csrfState = '', iss = '' } = form;
    try {
      await requireFormToken(deps, caller, form);
      const answer = { tokenExchangeCode, csrfState, ...(iss === '' ? {} : { iss }) };
      const { cookies = [], next } = await signInRequestHandler(deps, caller, name, answer);
      return await goOn(request, reply, { cookies }, next);
    } catch (error) {
      const { refusal } = refusedForm(error, {}, []);
      if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
      return show(request, reply, caller, { kind: 'refused', reason: refusal.code });
    }
  });
}

function refusedWith(error: ErrorCode): FormState {
  return { ...EMPTY_FORM, error };
}
