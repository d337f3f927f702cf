import { createHash, randomBytes } from 'node:crypto';
import type { OwnCookies } from './own-cookies.ts';

/** A sign-in that this browser has begun. Only the browser that began it can finish it (login CSRF). */
export interface Transaction {
  /** Names it on the way (RFC 6749 10.12). */
  readonly state: string;
  /** PKCE (RFC 7636): never leaves this server and this browser's cookie. */
  readonly verifier: string;
  /** Where it leads. */
  readonly returnTo: string;
}

export interface Transactions {
  /** Its lines set the cookie, and remove the oldest where many were begun and none was finished. */
  begin(
    headers: Headers,
    returnTo: string,
  ): { readonly begun: Transaction; readonly challenge: string; readonly cookies: readonly string[] };
  /** The one of this state; null: not begun in this browser, or too long ago. */
  find(headers: Headers, state: string): Transaction | null;
  end(state: string): string;
}

/** Milliseconds. */
const LIFE = 600_000;
/** Tabs of one browser that may be on their way at once. A header has its limits. */
const AT_ONCE = 5;
const COOKIE = 'tx_';
const random = (bytes: number) => randomBytes(bytes).toString('base64url');

/** One cookie for each sign-in, so that two tabs do not take each other's. */
export function createTransactions(cookies: OwnCookies, now: () => number): Transactions {
  return {
    begin: (headers, returnTo) => {
      const begun = { state: random(16), verifier: random(32), returnTo };
      const old = [...cookies.readAll(headers, COOKIE)].sort(([, a], [, b]) => beganAt(b) - beganAt(a)).slice(AT_ONCE - 1);
      const value = [begun.verifier, now(), Buffer.from(returnTo).toString('base64url')].join('.');
      return {
        begun,
        challenge: createHash('sha256').update(begun.verifier).digest('base64url'),
        cookies: [cookies.set(COOKIE + begun.state, value, LIFE / 1000), ...old.map(([state]) => cookies.remove(COOKIE + state))],
      };
    },
    find: (headers, state) => {
      const kept = cookies.readAll(headers, COOKIE).get(state) ?? '';
      const [, verifier, to] = /^([\w-]{43})\.\d{1,15}\.([\w-]*)$/.exec(kept) ?? [];
      if (state === '' || verifier === undefined || to === undefined || Math.abs(now() - beganAt(kept)) > LIFE) return null;
      return { state, verifier, returnTo: Buffer.from(to, 'base64url').toString() };
    },
    end: (state) => cookies.remove(COOKIE + state),
  };
}

function beganAt(value: string): number {
  return Number(value.split('.')[1]) || 0;
}
