import { AUTH_PATHS } from '@portico/protocol/routes';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';
import { decideConsent } from '../oauth/consent.ts';

/** What somebody who is signed in says to a site that asks: a row of the table in `app.ts`. */
export const CONSENT_ROUTES: readonly Route[] = [
  route<guard.Current, body.ConsentBody>('POST', AUTH_PATHS.consent, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Say yes or no to a site that asks to be signed in to',
    body: body.ConsentBody,
    run: (deps, caller, session, input) => decideConsent(deps, caller, session, input.body),
  }),
];
