import { PAGES } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { signOut } from '../../auth/sign-out.ts';
import type { Deps } from '../../deps.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { standingOf } from '../../sessions/standing.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { writeCookies } from '../send.ts';
import { accountPage } from './account-page.ts';
import { activityPage } from './activity-page.ts';
import { readForm } from './form.ts';
import { overviewPage } from './overview-page.ts';
import { proofPage } from './proof-page.ts';
import { formsWork, type PageRenderer } from './render.ts';
import { registerRoom, withFormCsrf } from './room.ts';
import { securityPage } from './security-page.ts';
import { sitesPage } from './sites-page.ts';

/** The pages of people who are signed in. */
export function registerDashboardPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  for (const room of [overviewPage, sitesPage, securityPage, activityPage, accountPage, proofPage])
    registerRoom(app, deps, renderer, room(deps));
  registerSignOutPage(app, deps, renderer);
}

function registerSignOutPage(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  app.get(PAGES.signOut, async (request, reply) => {
    const caller = readCaller(config, request);
    if (!formsWork(config)) return renderer.send(request, reply, { page: 'sign-out' });
    const granted = (await standingOf(deps, caller))?.granted ?? null;
    if (granted === null) return reply.code(303).header('location', PAGES.signIn).send();
    return renderer.send(request, reply, { page: 'sign-out' }, { csrfToken: keptCsrfToken(deps, caller, granted) });
  });
  if (!formsWork(config)) return;
  app.post(PAGES.signOut, async (request, reply) => {
    const form = readForm(request);
    const caller = withFormCsrf(readCaller(config, request), form);
    requireOwnOrigin(config, caller);
    const answer = await signOut(deps, caller, { everywhere: form['everywhere'] !== undefined });
    writeCookies(config, reply, answer);
    return reply.code(303).header('location', `${PAGES.signIn}?notice=signed_out`).send();
  });
}
