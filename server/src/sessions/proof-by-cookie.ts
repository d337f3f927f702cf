import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type PeekOutcome, peekRefreshToken } from './peek-refresh-token.ts';
import { browserCaller } from './refresh-caller.ts';
import { heldRefusal } from './spent-or-refused.ts';

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
