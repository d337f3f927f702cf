import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { endSignIn } from '../sessions/end-session.ts';
import { signOutOfSite } from '../sessions/leave-site.ts';
import { parseRefreshToken } from '../sessions/refresh-chain.ts';
import { type Family, findFamily } from '../sessions/refresh-token.ts';
import { findSession } from '../sessions/session.ts';

export interface BackendSignOutInput {
  readonly refreshToken: string;
  /** Every session of the user. */
  readonly everywhere?: boolean;
  /** This site alone; the session and its other sites go on. */
  readonly local?: boolean;
}

const DONE: Answer = { status: 204 };

/**
 * POST external/signout. Signed out of one site is signed out of all: it ends the session. Any genuine refresh token of this client names
 * it, however old: who holds a copy can end the sign-in, never use it. Idempotent, and the same answer for a token that names nothing.
 */
export async function signOutByBackend(
  deps: Deps,
  caller: Caller,
  { client }: AuthenticatedClient,
  { refreshToken, everywhere = false, local = false }: BackendSignOutInput,
): Promise<Answer> {
  if (everywhere && local) throw new Refusal('invalid_fields', { fields: { local: 'malformed' } });
  const family = await namedFamily(deps, caller, client, refreshToken);
  // What was ended before the session names it no more: a site that somebody has left has no say in the rest.
  if (family === null || family.state === 'revoked') return DONE;
  if (local) await signOutOfSite(deps, caller, family);
  else {
    const session = await findSession(deps.db, family.sessionId);
    if (session !== null && session.state !== 'revoked') await endSignIn(deps, caller, session, { everywhere, clientId: client.id });
  }
  return DONE;
}

async function namedFamily(deps: Deps, caller: Caller, client: Client, text: string): Promise<Family | null> {
  const token = parseRefreshToken(deps.keys, text);
  const family = token === null ? null : await findFamily(deps.db, token.familyId);
  if (family === null || family.clientId === client.id) return family;
  // A genuine token of another client: nothing changes, or one site could end another's sign-ins.
  const { userId, sessionId } = family;
  await recordEvent(deps.db, deps, caller, 'refresh.wrong_client', { userId, sessionId, clientId: client.id });
  return null;
}
