import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import { type Client, findClient } from './client.ts';
import { isAuthenticationSecret } from './client-secret.ts';

/** What a caller says to show which client it is. */
export interface ClientProof {
  /** Null where only an assertion says it. */
  readonly clientId: string | null;
  /** From the Authorization header or the body; never from both. */
  readonly secret: string | null;
  /** private_key_jwt (RFC 7523). */
  readonly assertion: string | null;
}

/** A client that showed who it is. It cannot be written down by hand: only `authenticateClient` makes one. */
export interface AuthenticatedClient {
  readonly [authenticated]: true;
  readonly client: Client;
  /** False for a public client: it named itself, and nothing proves it. */
  readonly isProven: boolean;
}
declare const authenticated: unique symbol;

/** Client ids as they are made; anything else reaches no database. */
export const CLIENT_ID_FORM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** A secret is `pts_` and 256 random bits. */
export const SECRET_FORM = /^pts_[A-Za-z0-9_-]{43}$/;

/**
 * Which client asks. Null whatever is wrong: unknown, disabled, a wrong or ended secret, a secret where there should be an assertion, a
 * secret from a client that has none, none from a client that has one (GHSA-pw9m-5jxm-xr6h).
 */
export async function authenticateClient(deps: Deps, from: Origin, proof: ClientProof): Promise<AuthenticatedClient | null> {
  const { clientId, secret, assertion } = proof;
  if (assertion !== null) return null;
  if (clientId === null || !CLIENT_ID_FORM.test(clientId)) return null;
  const client = await findClient(deps.db, clientId);
  if (client === null || client.disabledAt !== null) return null;
  if (client.authentication === 'none') return secret === null ? proven(client, false) : null;
  if (client.authentication === 'secret' && secret !== null && SECRET_FORM.test(secret)) {
    if (await isAuthenticationSecret(deps.db, client.id, tokenHash(secret), deps.now())) return proven(client, true);
  }
  await recordEvent(deps.db, deps, from, 'client.refused', { clientId: client.id });
  return null;
}

function proven(client: Client, isProven: boolean): AuthenticatedClient {
  return { client, isProven } as AuthenticatedClient;
}
