import { hmac, sameText, sha256 } from '../platform/crypto.ts';
import type { Vault } from '../platform/vault.ts';

/** An event as it is written. */
export interface WrittenEvent {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly action: string;
  readonly actorId: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly clientId: string | null;
  readonly targetKind: string | null;
  readonly target: string | null;
  readonly requestId: string;
  readonly reason: string | null;
  readonly address: string;
  readonly userAgent: string;
  readonly beforeJson: string | null;
  readonly afterJson: string | null;
}

/** And as it is kept. */
export interface KeptEvent extends WrittenEvent {
  /** Null: what it says of a person was forgotten. */
  readonly salt: string | null;
  /** Null: written before events had one. */
  readonly digest: string | null;
  /** The number of the data key that the digest was made with. */
  readonly digestKey: number;
  /** The number of the seal that covers it; null until then. */
  readonly seal: number | null;
}

/** Clocks of nodes, and the moments at which they read the keys, differ by less. In milliseconds. */
export const KEY_TOLERANCE = 10 * 60_000;

/**
 * Says that Portico wrote exactly this, whole: whoever can write to the database alone makes none, so that an event is proven genuine from
 * its first moment, before there is a seal. With the salt gone it gives nothing away, not even to who has the key and tries every address.
 */
export function digestOf(key: Buffer, salt: string, event: WrittenEvent): string {
  const { reason, address, userAgent, beforeJson, afterJson, userId } = event;
  return hmac(key, JSON.stringify([salt, ...lasting(event), userId, reason, address, userAgent, beforeJson, afterJson])).toString(
    'base64url',
  );
}

/** And that it did so with the key of that time: a master key that got out and was replaced proves nothing that comes later. */
export function isDigestOf(vault: Vault, event: KeptEvent): boolean {
  const key = vault.deriveOf(event.digestKey, 'audit event');
  if (event.salt === null || event.digest === null || key === null) return false;
  return vault.wasCurrent(event.digestKey, event.at, KEY_TOLERANCE) && sameText(digestOf(key, event.salt, event), event.digest);
}

/**
 * What a seal covers of an event: all that never changes, and the digest, which covers the rest. Not the user, whom a sign-up is given
 * only once it is proven, nor what is forgotten with an account.
 */
export function leafOf(event: KeptEvent): Buffer {
  return sha256(JSON.stringify([...lasting(event), event.digest]));
}

function lasting({ id, at, action, actorId, sessionId, clientId, targetKind, target, requestId }: WrittenEvent): readonly unknown[] {
  return [id, at, action, actorId, sessionId, clientId, targetKind, target, requestId];
}
