import { keepFirst } from './kept.ts';

/** 128 bits, as Portico wants an attempt, and as nobody guesses a `state`. */
const RANDOM_BYTES = 16;
/** More than Portico remembers transitions. */
const KEPT = 16;

/**
 * The `Portico-Attempt` of this generation: the same for every tab, and for this page after a crash, because it is stored before it is sent.
 * The same attempt is a retry; another one for a spent generation is a copied token. Generations of an earlier sign-in may be met again:
 * their attempts are only random numbers. Null: this browser stores nothing, and Portico goes by narrower rules; an attempt that only this tab
 * knew would make two holders out of two tabs with one cookie.
 */
export async function claimAttempt(scope: string, generation: number): Promise<string | null> {
  const old = [scope, 'attempt', 0];
  try {
    return await keepFirst(
      [scope, 'attempt', generation],
      `${generation}.${random()}`,
      generation < KEPT ? undefined : IDBKeyRange.bound(old, [scope, 'attempt', generation - KEPT]),
    );
  } catch {
    return null;
  }
}

export function random(bytes: number = RANDOM_BYTES): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll(/[+/=]/g, (sign) => (sign === '+' ? '-' : sign === '/' ? '_' : ''));
}
