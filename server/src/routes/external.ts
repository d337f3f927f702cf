import { EXTERNAL_PATHS } from '@portico/protocol/routes';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import { joinByTicket } from '../external/join.ts';
import { peekForBackend } from '../external/peek.ts';
import { refreshForBackend } from '../external/refresh.ts';
import { sessionForBackend } from '../external/session.ts';
import { signOutByBackend } from '../external/sign-out.ts';
import { redeemForBackend } from '../external/token.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/site-schemas.ts';
import { redeemTicket } from '../sso/redeem-ticket.ts';

/**
 * What the backend of a client site calls with its secret, below `EXTERNAL_PREFIX`. Nothing is counted: secrets, codes and tokens have 160
 * random bits and more.
 */
export const EXTERNAL_ROUTES: readonly Route[] = [
  route<AuthenticatedClient, body.CodeBody>('POST', EXTERNAL_PATHS.token, {
    guard: guard.client,
    limit: 'none',
    summary: 'Redeem the code that the browser brought back',
    body: body.CodeBody,
    run: (deps, caller, client, input) => redeemForBackend(deps, caller, client, input.body),
  }),
  route<AuthenticatedClient, body.BackendRefreshBody>('POST', EXTERNAL_PATHS.refresh, {
    guard: guard.client,
    limit: 'none',
    summary: 'Spend a refresh token of this site',
    body: body.BackendRefreshBody,
    run: (deps, caller, client, input) => refreshForBackend(deps, caller, client, input.body),
  }),
  route<AuthenticatedClient, body.PeekBody>('POST', EXTERNAL_PATHS.peek, {
    guard: guard.client,
    limit: 'none',
    summary: 'An access token for a page that is rendered on the server; spends nothing',
    body: body.PeekBody,
    run: (deps, caller, client, input) => peekForBackend(deps, caller, client, input.body),
  }),
  route<AuthenticatedClient, body.SessionQuestionBody>('POST', EXTERNAL_PATHS.session, {
    guard: guard.client,
    limit: 'none',
    summary: 'How a session of this site stands, and whether a token of it is still good',
    body: body.SessionQuestionBody,
    run: (deps, _, client, input) => sessionForBackend(deps, client, input.body),
  }),
  route<AuthenticatedClient, body.BackendSignOutBody>('POST', EXTERNAL_PATHS.signOut, {
    guard: guard.client,
    limit: 'none',
    summary: 'Sign out: this session at every site, every session, or this site alone',
    body: body.BackendSignOutBody,
    run: (deps, caller, client, input) => signOutByBackend(deps, caller, client, input.body),
  }),
  route<AuthenticatedClient, body.TicketBody>('POST', EXTERNAL_PATHS.redeemTicket, {
    guard: guard.client,
    limit: 'none',
    summary: 'Redeem a sign-in ticket, as `POST sso/ticket/redeem` does',
    body: body.TicketBody,
    run: (deps, caller, client, input) => redeemTicket(deps, caller, client, input.body),
  }),
  route<AuthenticatedClient, body.JoinBody>('POST', EXTERNAL_PATHS.join, {
    guard: guard.client,
    limit: 'none',
    summary: 'Let a player in whose game brought a join ticket',
    body: body.JoinBody,
    run: (deps, caller, client, input) => joinByTicket(deps, caller, client, input.body),
  }),
];
