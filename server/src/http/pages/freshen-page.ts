import { Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { refresh } from '../../auth/refresh.ts';
import type { Deps } from '../../deps.ts';
import { OUR_PAGES } from '../../sessions/browser-client.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM, readForm, refusedForm } from './form.ts';
import { goOnWith } from './onward.ts';
import { formsWork, type PageRenderer, safeReturnTo } from './render.ts';
import { signInAddress, verifyAddress } from './sign-in-address.ts';

/**
 * /continue: the browser's cookie is rotated before it opens another site, so that a copied jar that opens sites is seen when its owner
 * comes back. The page's script does it with an attempt; the form, for browsers without one, as every rotation without an attempt.
 */
export function registerFreshenPage(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const goOn = goOnWith(config, renderer);
  const returnToOf = (source: unknown) =>
    safeReturnTo(config, (source as Record<string, unknown> | undefined)?.['returnTo'], PAGES.dashboard);

  app.get(PAGES.freshen, async (request, reply) =>
    renderer.send(request, reply, { page: 'freshen', returnTo: returnToOf(request.query), form: EMPTY_FORM }),
  );

  if (!formsWork(config)) return;

  // As `POST refresh`: no CSRF token, because a page that opens has none yet, and nothing is given to who makes a browser do it.
  app.post(PAGES.freshen, async (request, reply) => {
    const returnTo = returnToOf(readForm(request));
    const caller = readCaller(config, request);
    requireOwnOrigin(config, caller);
    try {
      const answer = await refresh(deps, { ...caller, attemptHeader: null }, OUR_PAGES, {});
      return await goOn(request, reply, answer, returnTo);
    } catch (error) {
      const code = error instanceof Refusal ? error.code : null;
      if (code === 'session_held') return sendRedirect(config, reply, {}, verifyAddress(returnTo));
      if (code === 'session_ended' || code === 'refresh_invalid') return sendRedirect(config, reply, {}, signInAddress(returnTo));
      const { status, state, refusal } = refusedForm(error, {}, []);
      if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
      return renderer.send(request, reply.code(status), { page: 'freshen', returnTo, form: state });
    }
  });
}
