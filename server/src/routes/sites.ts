import { REVOCATIONS, SSO } from '@portico/protocol/routes';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import { findSecondaryAt } from '../clients/client.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';
import { ChallengeQuery, TicketBody } from '../http/site-schemas.ts';
import { followRevocations } from '../revocations/follow.ts';
import { POLL_MAX, pollRevocations } from '../revocations/poll.ts';
import { giveTicket } from '../sso/give-ticket.ts';
import { redeemTicket } from '../sso/redeem-ticket.ts';

/** What client sites and their verifiers call, each under its full path: the sign-in ticket, and the news of revocations. */
export const SITE_ROUTES: readonly Route[] = [
  route<guard.SecondaryPage, unknown, ChallengeQuery>('GET', SSO.ticket, {
    guard: guard.secondaryPage,
    limit: 'none',
    summary: 'A sign-in ticket for the secondary auth server whose page asks',
    query: ChallengeQuery,
    readableAt: async ({ db }, origin) => (await findSecondaryAt(db, origin)) !== null,
    run: (deps, caller, page, { query }) => giveTicket(deps, caller, page, query.code_challenge),
  }),
  route<AuthenticatedClient, TicketBody>('POST', SSO.redeemTicket, {
    guard: guard.client,
    limit: 'none',
    summary: 'Redeem a sign-in ticket',
    body: TicketBody,
    run: (deps, caller, client, input) => redeemTicket(deps, caller, client, input.body),
  }),
  route<AuthenticatedClient>('GET', REVOCATIONS.stream, {
    guard: guard.client,
    limit: 'none',
    summary: 'What was revoked, and what is revoked from now on',
    run: async (deps, _, asked) => ({ stream: followRevocations(deps, asked) }),
  }),
  route<AuthenticatedClient, unknown, body.PollQuery>('GET', REVOCATIONS.poll, {
    guard: guard.client,
    limit: 'none',
    summary: 'The same for a verifier that no stream reaches: everything, or nothing new for a while',
    query: body.PollQuery,
    run: async (deps, _, asked, { query: { digest = null, wait } }) => ({
      stream: pollRevocations(deps, asked, { digest, wait: wait === undefined ? POLL_MAX : Number(wait) * 1000 }),
    }),
  }),
];
