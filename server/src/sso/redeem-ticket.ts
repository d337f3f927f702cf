import { Refusal } from '@portico/protocol/errors';
import type { TicketClaims } from '@portico/protocol/tokens';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { sameText, sha256 } from '../platform/crypto.ts';
import type { Answer } from '../sessions/answer.ts';
import { type OpenedFamily, openFamily } from '../sessions/open-family.ts';
import { newFamilyId } from '../sessions/refresh-token.ts';
import { firstLink, siteTokens } from '../sessions/site-tokens.ts';
import { allowedUnasked, isSpentTicket, spendTicket, verifyTicket } from '../sessions/ticket.ts';

export interface TicketInput {
  readonly ticket: string;
  readonly codeVerifier: string;
}

/**
 * POST sso/ticket/redeem: a secondary auth server shows the ticket that its page brought, proves itself, and brings the verifier out of that
 * browser's cookie. It gets a grant of its own, so that it hears of the end. A ticket that comes again is refused and noted, and ends
 * nothing: unlike a code it was in no address, and whoever brings it has proved twice to be the one that it is for.
 */
export async function redeemTicket(deps: Deps, caller: Caller, { client }: AuthenticatedClient, input: TicketInput): Promise<Answer> {
  const claims = client.kind === 'secondary' ? await verifyTicket(deps, 'signIn', client.id, input.ticket) : null;
  if (claims === null || !fits(input.codeVerifier, claims)) throw new Refusal('ticket_refused');
  const opened = await openByTicket(deps, caller, client, claims);
  if (opened === null) {
    await noteReplay(deps, caller, client, claims);
    throw new Refusal('ticket_refused');
  }
  return { body: { authTime: claims.auth_time * 1000, ...siteTokens(deps, firstLink(opened)) } };
}

function fits(codeVerifier: string, { code_challenge: challenge = '' }: TicketClaims): boolean {
  return sameText(sha256(codeVerifier).toString('base64url'), challenge);
}

async function openByTicket(deps: Deps, caller: Caller, client: Client, claims: TicketClaims): Promise<OpenedFamily | null> {
  const { sid, sub, uv, scope } = claims;
  return deps.db.transaction(async (tx) => {
    const opened = await openFamily(tx, deps, {
      id: newFamilyId(deps.random),
      sessionId: sid,
      clientId: client.id,
      scope,
      dpopKey: null,
      idleLife: client.idleLife,
      // What the user has taken back within this minute is taken back.
      admit: async (inTx) => (await allowedUnasked(inTx, client, sub)) === scope && (await spendTicket(inTx, 'signIn', claims)),
    });
    if (opened === null) return null;
    // Rolled back, ticket and all: it is from before a password change, or the user's rights were lowered.
    if (opened.grant.user.id !== sub || opened.grant.user.uv !== uv) throw new Refusal('ticket_refused');
    await recordEvent(tx, deps, caller, 'site.opened', {
      actorId: sub,
      userId: sub,
      sessionId: sid,
      clientId: client.id,
      reason: 'ticket',
    });
    return opened;
  });
}

async function noteReplay(deps: Deps, caller: Caller, client: Client, claims: TicketClaims): Promise<void> {
  if (!(await isSpentTicket(deps.db, 'signIn', claims))) return;
  await recordEvent(deps.db, deps, caller, 'ticket.replayed', { userId: claims.sub, sessionId: claims.sid, clientId: client.id });
}
