import { Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Attempt, parseAttempt } from './refresh-chain.ts';
import type { SpendOutcome, SpentToken } from './spend-refresh-token.ts';

/** A malformed attempt is refused before anything happens. */
export function readAttempt(caller: Caller): Attempt | null {
  if (caller.attemptHeader === null) return null;
  const attempt = parseAttempt(caller.attemptHeader);
  if (attempt === null) throw new Refusal('bad_attempt');
  return attempt;
}

/** Turns what the chain said into what a browser is answered. None of these clears a cookie. */
export function requireSpent(deps: Pick<Deps, 'config'>, outcome: SpendOutcome): SpentToken {
  switch (outcome.kind) {
    case 'rotated':
    case 'replayed':
      return outcome;
    case 'retry':
      throw new Refusal('retry', { retryAfter: 1 });
    case 'held':
      throw heldRefusal(deps);
    case 'ended':
      throw new Refusal('session_ended');
    case 'invalid':
      throw new Refusal('refresh_invalid');
  }
}

/**
 * The same for the backend of a client site. It has no cookie that another tab could have replaced, but perhaps other processes: what it
 * should do is wait a moment and read its own store again, which is what 503 with Retry-After says to every HTTP client.
 */
export function requireSpentByBackend(deps: Pick<Deps, 'config'>, outcome: SpendOutcome): SpentToken {
  if (outcome.kind === 'rotated' || outcome.kind === 'replayed') return outcome;
  throw refusedToBackend(deps, outcome.kind);
}

export function refusedToBackend(deps: Pick<Deps, 'config'>, kind: 'retry' | 'held' | 'ended' | 'invalid'): Refusal {
  switch (kind) {
    case 'retry':
      return new Refusal('refresh_busy', { retryAfter: 1 });
    case 'held':
      return heldRefusal(deps);
    case 'ended':
      return new Refusal('session_ended');
    case 'invalid':
      return new Refusal('refresh_invalid');
  }
}

export function heldRefusal(deps: Pick<Deps, 'config'>): Refusal {
  return new Refusal('session_held', { extra: { verifyUrl: deps.config.appOrigin + PAGES.verifySignIn } });
}
