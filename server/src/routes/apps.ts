import { AUTH_PATHS } from '@portico/protocol/routes';
import { extendHard, extendSoft } from '../auth/extend-auth.ts';
import { refresh } from '../auth/refresh.ts';
import { sessionStatus } from '../auth/session-status.ts';
import { signOut } from '../auth/sign-out.ts';
import { signOutOfApp } from '../auth/sign-out-of-app.ts';
import { findAppAt } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';
import type { BrowserClient } from '../sessions/browser-client.ts';

/** Pages of an app may call with their own cookie, and read what they are answered. */
const forApps = {
  // Our own pages, which call most of all, cost no question: on one host they need no header, on three hosts `server.ts` names them.
  readableAt: async ({ config, db }: Deps, origin: string) => origin !== config.appOrigin && (await findAppAt(db, origin)) !== null,
  preflight: true,
};

/** What keeps a sign-in, and ends it, for our own pages and for apps in the browser: rows of the table in `app.ts`. */
export const APP_ROUTES: readonly Route[] = [
  route<BrowserClient, body.RefreshBody>('POST', AUTH_PATHS.refresh, {
    guard: guard.browserClientOrBody,
    limit: 'none',
    summary: 'Spend the refresh token',
    body: body.RefreshBody,
    ...forApps,
    run: (deps, caller, by, input) => refresh(deps, caller, by, input.body),
  }),
  route<BrowserClient>('GET', AUTH_PATHS.session, {
    guard: guard.browserClientReads,
    limit: 'none',
    summary: 'How this browser stands',
    ...forApps,
    run: (deps, caller, by) => sessionStatus(deps, caller, by),
  }),
  route<BrowserClient, body.SignOutBody>('POST', AUTH_PATHS.signOut, {
    guard: guard.namedByCookie,
    limit: 'none',
    summary: 'Sign out this browser, every device, or the app that asks',
    body: body.SignOutBody,
    ...forApps,
    run: (deps, caller, { app }, input) => (app === null ? signOut(deps, caller, input.body) : signOutOfApp(deps, caller, app, input.body)),
  }),
  route<BrowserClient>('POST', AUTH_PATHS.extendSoft, {
    guard: guard.browserClient,
    limit: 'none',
    summary: 'Set the cookies again, with the same CSRF token',
    body: body.EmptyBody,
    ...forApps,
    run: (deps, caller, by) => extendSoft(deps, caller, by),
  }),
  route<BrowserClient>('POST', AUTH_PATHS.extendHard, {
    guard: guard.namedByCookie,
    limit: 'none',
    summary: 'Rotate, with a new CSRF token',
    body: body.EmptyBody,
    ...forApps,
    run: (deps, caller, by) => extendHard(deps, caller, by),
  }),
];
