import { ADMIN_PAGES } from '@portico/protocol/admin';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { becomeOwner } from '../../auth/me/setup.ts';
import { setUpOwner } from '../../auth/setup.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { type Granted, requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { standingOf } from '../../sessions/standing.ts';
import { currentSession } from '../../sessions/verified-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect } from '../send.ts';
import { cleanName, EMPTY_FORM, type Form, issueFormToken, readForm, refusedForm } from './form.ts';
import { submitGuestForm } from './guest-form.ts';
import { formsWork, type PageRenderer, type PageTokens } from './render.ts';
import { proofAddress, withFormCsrf } from './room.ts';

interface Shown {
  readonly form?: FormState;
  /** Who is signed in. */
  readonly granted?: Granted | null;
  readonly unread?: boolean;
  readonly token?: string;
}

/**
 * /setup, where the one-use link of the command line leads. Its secret stands in the fragment, which reaches no server: the page's
 * script posts it, or somebody pastes it into the form. Opening the page changes nothing, and says nothing about any link.
 */
export function registerSetupPage(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const oneHost = formsWork(config);

  const show = (request: FastifyRequest, reply: FastifyReply, caller: Caller, shown: Shown) => {
    const { form = EMPTY_FORM, granted = null, unread = false, token = '' } = shown;
    const view = { page: 'setup', form, email: granted?.grant.user.email ?? null, unread, token } as const;
    return renderer.send(request, reply, view, tokensOf(reply, caller, granted));
  };
  const tokensOf = (reply: FastifyReply, caller: Caller, granted: Granted | null): PageTokens => {
    if (!oneHost) return {};
    if (granted === null) return { formToken: issueFormToken(deps, caller, reply) };
    return { csrfToken: keptCsrfToken(deps, caller, granted), userId: granted.grant.user.id };
  };

  app.get(PAGES.setup, async (request, reply) => {
    const caller = readCaller(config, request);
    const standing = oneHost ? await standingOf(deps, caller) : null;
    return show(request, reply, caller, { granted: standing?.granted ?? null, unread: standing === null });
  });

  if (!oneHost) return;

  app.post(PAGES.setup, (request, reply) =>
    submitGuestForm(deps, request, reply, {
      keep: ['email', 'displayName'],
      work: async (caller, form) => {
        const { email = '', password = '', displayName = '' } = form;
        const answer = await setUpOwner(deps, caller, { token: tokenOf(form), email, password, displayName: cleanName(displayName) });
        return sendRedirect(config, reply, answer, ADMIN_PAGES.home);
      },
      again: (caller, state, { code }, form) =>
        show(request, reply, caller, { form: state, token: code === 'link_expired' ? '' : tokenOf(form) }),
    }),
  );

  app.post(PAGE_FORMS.setupOwn, async (request, reply) => {
    const form = readForm(request);
    const caller = withFormCsrf(readCaller(config, request), form);
    requireOwnOrigin(config, caller);
    const granted = await requirePeekedCookie(deps, caller);
    const session = currentSession(granted.grant);
    requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
    try {
      await becomeOwner(deps, caller, session, { token: tokenOf(form) });
      return await sendRedirect(config, reply, {}, ADMIN_PAGES.home);
    } catch (error) {
      const { state, status, refusal } = refusedForm(error, form, []);
      // The code is not taken along: an address would keep it. Whoever comes back pastes it once more.
      if (refusal.code === 'fresh_signin_required') return reply.code(303).header('location', proofAddress(PAGES.setup)).send();
      if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
      reply.code(status);
      return show(request, reply, caller, { form: state, granted, token: refusal.code === 'link_expired' ? '' : tokenOf(form) });
    }
  });
}

/** As it was pasted: the code, or the whole link. */
function tokenOf({ token = '' }: Form): string {
  return token
    .slice(token.lastIndexOf('#') + 1)
    .trim()
    .slice(0, 128);
}
