import { PAGES } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { signOut } from '../../auth/sign-out.ts';
import type { Deps } from '../../deps.ts';
import { askedLogoutAt } from '../../oauth/logout.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { standingOf } from '../../sessions/standing.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect } from '../send.ts';
import { accountPage } from './account-page.ts';
import { activityPage } from './activity-page.ts';
import { readForm } from './form.ts';
import { goAway } from './onward.ts';
import { overviewPage } from './overview-page.ts';
import { proofPage } from './proof-page.ts';
import { formsWork, type PageRenderer, safeReturnTo } from './render.ts';
import { registerRoom, withFormCsrf } from './room.ts';
import { securityPage } from './security-page.ts';
import { sitesPage } from './sites-page.ts';

/** The pages of people who are signed in. */
export function registerDashboardPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  for (const room of [overviewPage, sitesPage, securityPage, activityPage, accountPage, proofPage])
    registerRoom(app, deps, renderer, room(deps, renderer));
  registerSignOutPage(app, deps, renderer);
}

function registerSignOutPage(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  /** A site may have led here: then it is named, and the browser goes back to it. */
  const viewOf = async (source: unknown) => {
    const returnTo = safeReturnTo(config, (source as Record<string, unknown> | undefined)?.['returnTo'], '');
    const asked = await askedLogoutAt(deps, returnTo);
    const next = asked?.back == null ? '' : config.apiOrigin + returnTo;
    return {
      page: 'sign-out',
      site: asked?.client == null ? null : { name: asked.client.name },
      next,
      returnTo: next && returnTo,
    } as const;
  };

  app.get(PAGES.signOut, async (request, reply) => {
    const caller = readCaller(config, request);
    const view = await viewOf(request.query);
    if (!formsWork(config)) return renderer.send(request, reply, view);
    const standing = await standingOf(deps, caller);
    // Another tab has just replaced the cookie: the page's script looks again.
    if (standing === null) return renderer.send(request, reply, view);
    if (standing.granted === null) return reply.code(303).header('location', PAGES.signIn).send();
    return renderer.send(request, reply, view, { csrfToken: keptCsrfToken(deps, caller, standing.granted) });
  });
  if (!formsWork(config)) return;
  const goOn = goAway(config, renderer);
  app.post(PAGES.signOut, async (request, reply) => {
    const form = readForm(request);
    const caller = withFormCsrf(readCaller(config, request), form);
    requireOwnOrigin(config, caller);
    const answer = await signOut(deps, caller, { everywhere: form['everywhere'] !== undefined });
    const { next } = await viewOf(form);
    return next === '' ? sendRedirect(config, reply, answer, `${PAGES.signIn}?notice=signed_out`) : goOn(request, reply, answer, next);
  });
}
