import { REVOCATIONS } from '@portico/protocol/routes';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';
import { followRevocations } from '../revocations/follow.ts';
import { POLL_MAX, pollRevocations } from '../revocations/poll.ts';

/** What client sites and their verifiers call, each under its full path: the sign-in ticket, and the news of revocations. */
export const SITE_ROUTES: readonly Route[] = [
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
