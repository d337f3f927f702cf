import { AUTH_PATHS } from '@portico/protocol/routes';
import { confirmEmail } from '../auth/confirm-email.ts';
import { forgotPassword } from '../auth/forgot-password.ts';
import { changeEmail } from '../auth/me/email.ts';
import { resetPassword } from '../auth/reset-password.ts';
import { undoEmail } from '../auth/undo-email.ts';
import { verifyEmail } from '../auth/verify-email.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';
import { requireFreshProof } from '../sessions/fresh-proof.ts';

/** What is done by links in letters: rows of the table in `app.ts`. */
export const MAIL_ROUTES: readonly Route[] = [
  route<null, body.EmailBody>('POST', AUTH_PATHS.forgotPassword, {
    guard: guard.ownPages,
    limit: 'mail-network, mail-address',
    summary: 'Ask for a link to a new password',
    body: body.EmailBody,
    run: (deps, caller, _, input) => forgotPassword(deps, caller, input.body),
  }),
  route<null, body.ResetPasswordBody>('POST', AUTH_PATHS.resetPassword, {
    guard: guard.ownPages,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Set a password by a mailed link; every session ends',
    body: body.ResetPasswordBody,
    run: (deps, caller, _, input) => resetPassword(deps, caller, input.body),
  }),
  route<null, body.TokenBody>('POST', AUTH_PATHS.verifyEmail, {
    guard: guard.ownOrigin,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Finish a sign-up by the link of its letter, in the browser that signed up',
    body: body.TokenBody,
    run: (deps, caller, _, input) => verifyEmail(deps, caller, input.body),
  }),
  route<guard.Current, body.EmailBody>('POST', AUTH_PATHS.myEmail, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'mail-network, mail-address',
    summary: 'Ask for a change of address; needs a fresh proof',
    body: body.EmailBody,
    run: (deps, caller, session, input) => changeEmail(deps, caller, requireFreshProof(deps, session), input.body),
  }),
  route<guard.Current, body.TokenBody>('POST', AUTH_PATHS.confirmEmail, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Finish a change of address by the link mailed to the new one',
    body: body.TokenBody,
    run: (deps, caller, session, input) => confirmEmail(deps, caller, session, input.body),
  }),
  route<null, body.TokenBody>('POST', AUTH_PATHS.undoEmail, {
    guard: guard.ownPages,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'Take the account back to the old address; every session ends',
    body: body.TokenBody,
    run: (deps, caller, _, input) => undoEmail(deps, caller, input.body),
  }),
];
