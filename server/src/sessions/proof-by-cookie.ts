import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type BrowserClient, OUR_PAGES, refreshTokenOf } from './browser-client.ts';
import { type PeekOutcome, peekRefreshToken } from './peek-refresh-token.ts';
import { browserCaller } from './refresh-caller.ts';
import { parseRefreshToken } from './refresh-chain.ts';
import { type Family, findFamily } from './refresh-token.ts';
import { heldRefusal } from './spent-or-refused.ts';

/** A cookie that was not rotated for this long is rotated before it opens another site. In milliseconds. */
export const STALE_ROTATION = 15 * 60_000;

export type Granted = Extract<PeekOutcome, { kind: 'granted' }>;

/** What the browser's refresh cookie says, looked at and not spent. */
export async function peekCookie(deps: Deps, caller: Caller, by: BrowserClient = OUR_PAGES): Promise<PeekOutcome> {
  const token = refreshTokenOf(caller, by);
  return token === null ? { kind: 'invalid' } : peekRefreshToken(deps, browserCaller(caller, by), token);
}

/** The family that a genuine cookie of this client names, however old it is and whatever became of it. */
export async function findNamedFamily(deps: Deps, caller: Caller, by: BrowserClient): Promise<Family | null> {
  const token = parseRefreshToken(deps.keys, refreshTokenOf(caller, by) ?? '');
  const family = token === null ? null : await findFamily(deps.db, token.familyId);
  // A token of another client under this one's name: somebody put it there.
  return family?.clientId === by.id ? family : null;
}

/** As `peekCookie`, for calls that need a living sign-in. */
export async function requirePeekedCookie(deps: Deps, caller: Caller, by: BrowserClient = OUR_PAGES): Promise<Granted> {
  const peeked = await peekCookie(deps, caller, by);
  switch (peeked.kind) {
    case 'granted':
      return peeked;
    case 'held':
      throw heldRefusal(deps);
    case 'retry':
      throw new Refusal('retry', { retryAfter: 1 });
    case 'ended':
      throw new Refusal('session_ended');
    case 'invalid':
      throw new Refusal('refresh_invalid');
  }
}

/** A new family costs a rotation: whoever opens sites with a copied jar forks the chain, and is caught when the owner returns. */
export function isRotationStale({ now }: Pick<Deps, 'now'>, { family }: Granted): boolean {
  return family.rotatedAt + STALE_ROTATION < now();
}
