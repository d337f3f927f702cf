import { AUTH_PATHS } from '@portico/protocol/routes';
import { becomeOwner } from '../auth/me/setup.ts';
import { lookAtSetupLink, setUpOwner } from '../auth/setup.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';

/** What the one-use link of the command line does: rows of the table in `app.ts`. */
export const SETUP_ROUTES: readonly Route[] = [
  route<null, body.TokenBody>('POST', AUTH_PATHS.setupLink, {
    guard: guard.ownPages,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Look at a link that makes an owner',
    body: body.TokenBody,
    run: (deps, caller, _, input) => lookAtSetupLink(deps, caller, input.body),
  }),
  route<null, body.SetupBody>('POST', AUTH_PATHS.setup, {
    guard: guard.ownPages,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Create an owner’s account by a link of the command line',
    body: body.SetupBody,
    run: (deps, caller, _, { body: { displayName = '', ...input } }) =>
      setUpOwner(deps, caller, { ...input, displayName: displayName.trim() }),
  }),
  route<guard.Current, body.TokenBody>('POST', AUTH_PATHS.mySetup, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Become an owner by a link of the command line; needs a fresh proof',
    body: body.TokenBody,
    run: (deps, caller, session, input) => becomeOwner(deps, caller, session, input.body),
  }),
];
