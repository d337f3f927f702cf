import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { findGrant } from '../sessions/session.ts';
import { siteUser } from '../sessions/site-user.ts';
import { spendTicket, verifyTicket } from '../sessions/ticket.ts';

/**
 * POST external/join: a game server lets in whoever its game brought a ticket of, once. It opens nothing: no grant, no token. `sid` is what
 * revocations are told by, for a server that throws out players whose sign-in has ended.
 */
export async function joinByTicket(
  deps: Deps,
  caller: Caller,
  { client }: AuthenticatedClient,
  { ticket }: { readonly ticket: string },
): Promise<Answer> {
  const claims = await verifyTicket(deps, 'join', client.id, ticket);
  const grant = claims === null ? null : await findGrant(deps.db, claims.sid, client.id, deps.now());
  // From before a sign-out, a suspension or a password change it lets nobody in.
  if (claims === null || grant === null || !grant.alive || grant.user.id !== claims.sub || grant.user.uv !== claims.uv)
    throw new Refusal('ticket_refused');
  if (!(await spendTicket(deps.db, 'join', claims))) {
    await recordEvent(deps.db, deps, caller, 'ticket.replayed', { userId: claims.sub, sessionId: claims.sid, clientId: client.id });
    throw new Refusal('ticket_refused');
  }
  return { body: { user: siteUser(grant, claims.scope), sid: claims.sid } };
}
