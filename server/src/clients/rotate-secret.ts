import { LONGEST_ACCESS_LIFE } from '@portico/protocol/tokens';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { lockClient, saveClientKeys } from './client.ts';
import { readClientKeys } from './client-keys.ts';
import { expireSigningSecret, listSigningSecrets, retireAuthenticationSecrets } from './client-secret.ts';
import { keepAuthenticationSecret, type MadeSecret, makeSigningSecret, newAuthenticationSecret } from './make-secret.ts';

/** New secrets for old ones, with a time in which both are good, so that a site changes its settings when it likes. */

/** In milliseconds. */
export const OVERLAP = 24 * 3_600_000;

export type Rotated =
  | { readonly kind: 'rotated'; readonly made: MadeSecret; readonly overlapsUntil: number }
  | { readonly kind: 'refused'; readonly problem: string };

/** The client shows the new secret or the old one until the overlap is over; with an overlap of 0 the old one is good for nothing now. */
export async function rotateSecret(deps: Deps, from: Origin, clientId: string, overlap: number): Promise<Rotated> {
  return deps.db.transaction(async (tx) => {
    // Two rotations at once come one after the other: both would find the old secret, and neither the other's.
    const client = await lockClient(tx, clientId);
    if (client === null) return unknown(clientId);
    if (client.authentication !== 'secret')
      return { kind: 'refused', problem: `${clientId} has no secret: it proves itself by ${client.authentication}` };
    const made = await keepAuthenticationSecret(tx, deps, clientId, newAuthenticationSecret(deps));
    const now = deps.now();
    await retireAuthenticationSecrets(tx, { clientId, except: made.id, now, expiresAt: now + overlap });
    await recordEvent(tx, deps, from, 'client.secret_rotated', {
      reason: 'authentication',
      target: { kind: 'client', id: clientId },
      after: { kid: made.id, overlap },
    });
    return { kind: 'rotated', made, overlapsUntil: now + overlap };
  });
}

/**
 * The secret that signs a client's tokens (HS256). The site is told now and takes it in; it signs when the overlap is over, and the old one
 * verifies until its last token has expired. With an overlap of 0 it signs now, and every token of the old one is refused.
 */
export async function rotateSigningSecret(deps: Deps, from: Origin, clientId: string, overlap: number): Promise<Rotated> {
  const { rotated, entries } = await deps.db.transaction(async (tx): Promise<{ rotated: Rotated; entries: readonly Revocation[] }> => {
    const client = await lockClient(tx, clientId);
    if (client === null) return { rotated: unknown(clientId), entries: [] };
    if (client.accessAlg !== 'HS256')
      return {
        rotated: { kind: 'refused', problem: `${clientId} has no JWT secret: its tokens are signed with ${client.accessAlg}` },
        entries: [],
      };
    const now = deps.now();
    const entries: Revocation[] = [];
    const living = await listSigningSecrets(tx, clientId, now);
    const current = living.findLast(({ currentFrom }) => currentFrom <= now);
    for (const old of living) {
      // One that has not signed yet never will; of those that have, the last goes on as long as its tokens do.
      const mayGoOn = overlap > 0 && old.currentFrom <= now;
      if (!mayGoOn) await expireSigningSecret(tx, old.id, now);
      else if (old === current) await expireSigningSecret(tx, old.id, now + overlap + LONGEST_ACCESS_LIFE);
      if (overlap === 0) entries.push(await insertRevocation(tx, deps, { kind: 'kid', subject: old.id, minimumUv: null }));
    }
    const made = await makeSigningSecret(tx, deps, clientId, now + overlap);
    await recordEvent(tx, deps, from, 'client.secret_rotated', {
      reason: 'signing',
      target: { kind: 'client', id: clientId },
      before: { kids: living.map(({ id }) => id) },
      after: { kid: made.id, overlap },
    });
    return { rotated: { kind: 'rotated', made, overlapsUntil: now + overlap }, entries };
  });
  for (const entry of entries) deps.revoked.add(entry);
  return rotated;
}

/** The keys of a client that signs its proofs: as it keeps two in its set while it changes over, no overlap is needed here. Null: done. */
export async function replaceKeys(deps: Deps, from: Origin, clientId: string, jwks: string): Promise<string | null> {
  const keys = readClientKeys(jwks);
  if (keys.kind === 'bad') return keys.problem;
  return deps.db.transaction(async (tx) => {
    const client = await lockClient(tx, clientId);
    if (client === null) return unknown(clientId).problem;
    if (client.authentication !== 'private_key_jwt') return `${clientId} has no keys: it proves itself by ${client.authentication}`;
    await saveClientKeys(tx, clientId, keys.text);
    await recordEvent(tx, deps, from, 'client.secret_rotated', {
      reason: 'keys',
      target: { kind: 'client', id: clientId },
      before: { kids: namesOfKeys(client.jwks) },
      after: { kids: namesOfKeys(keys.text) },
    });
    return null;
  });
}

function namesOfKeys(jwks: string | null): (string | null)[] {
  return jwks === null ? [] : (JSON.parse(jwks) as { keys: { kid?: string }[] }).keys.map(({ kid }) => kid ?? null);
}

function unknown(clientId: string): { readonly kind: 'refused'; readonly problem: string } {
  return { kind: 'refused', problem: `there is no client ${JSON.stringify(clientId)}` };
}
