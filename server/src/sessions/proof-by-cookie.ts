import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type PeekOutcome, peekRefreshToken } from './peek-refresh-token.ts';
import { browserCaller } from './refresh-caller.ts';
import { heldRefusal } from './spent-or-refused.ts';

/** A cookie that was not rotated for this long is rotated before it opens another site. In milliseconds. */
export const STALE_ROTATION = 15 * 60_000;

export type Granted = Extract<PeekOutcome, { kind: 'granted' }>;

/** What the browser's refresh cookie says, looked at and not spent. */
export async function peekCookie(deps: Deps, caller: Caller): Promise<PeekOutcome> {
  if (caller.cookies.refresh === null) return { kind: 'invalid' };
  return peekRefreshToken(deps, browserCaller(caller), caller.cookies.refresh);
}

/** As `peekCookie`, for calls that need a living sign-in. */
export async function requirePeekedCookie(deps: Deps, caller: Caller): Promise<Granted> {
  const peeked = await peekCookie(deps, caller);
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
