import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { CLIENT_REFUSALS } from '../guessing/limits.ts';
import { tokenHash } from '../platform/crypto.ts';
import { type Client, findClient } from './client.ts';
import { isAuthenticationSecret } from './client-secret.ts';
import { spendAssertion, subjectOfAssertion } from './verify-assertion.ts';

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
 *
 * Nobody is ever locked out here. A secret has 256 random bits and an assertion a signature, so guessing wins nothing; a counter would
 * only let strangers, who know the id from any address bar, shut out a site.
 */
export async function authenticateClient(deps: Deps, from: Origin, proof: ClientProof): Promise<AuthenticatedClient | null> {
  const { secret, assertion } = proof;
  const clientId = nameIn(proof);
  if (clientId === null || !CLIENT_ID_FORM.test(clientId)) return null;
  const client = await findClient(deps.db, clientId);
  if (client === null || client.disabledAt !== null) return null;
  if (client.authentication === 'none') return secret === null && assertion === null ? proven(client, false) : null;
  if (await isProof(deps, client, proof)) return proven(client, true);
  await noteRefusal(deps, from, client.id);
  return null;
}

/** An assertion names its client itself. Another name beside it, or two proofs at once, are two callers in one (RFC 6749 2.3). */
function nameIn({ clientId, secret, assertion }: ClientProof): string | null {
  if (assertion === null) return clientId;
  const subject = subjectOfAssertion(assertion);
  return secret === null && (clientId === null || clientId === subject) ? subject : null;
}

/** By the one way that the client registered. */
async function isProof(deps: Deps, client: Client, { secret, assertion }: ClientProof): Promise<boolean> {
  if (client.authentication === 'private_key_jwt') return assertion !== null && (await spendAssertion(deps, client, assertion));
  if (assertion !== null || secret === null || !SECRET_FORM.test(secret)) return false;
  return isAuthenticationSecret(deps.db, client.id, tokenHash(secret), deps.now());
}

/** A few an hour tell an operator what there is to tell; a stranger must not be able to fill the log. */
async function noteRefusal(deps: Deps, from: Origin, clientId: string): Promise<void> {
  const { allowed } = await countTry(deps.db, CLIENT_REFUSALS, clientId, deps.now());
  if (allowed) await recordEvent(deps.db, deps, from, 'client.refused', { clientId });
}

function proven(client: Client, isProven: boolean): AuthenticatedClient {
  return { client, isProven } as AuthenticatedClient;
}
