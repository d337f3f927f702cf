import { Refusal } from '@portico/protocol/errors';
import type { SessionStatus } from '@portico/protocol/tokens';
import { publicUser } from '../accounts/user.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { keptCsrfToken } from '../sessions/kept-csrf-token.ts';
import { type Granted, peekCookie } from '../sessions/proof-by-cookie.ts';
import { parseRefreshToken } from '../sessions/refresh-chain.ts';
import { findWaiting, seenSignIn, type Waiting } from '../sessions/waiting-session.ts';

/** How this browser stands, and for a signed-in one the look that proved it. */
export interface Standing {
  readonly status: SessionStatus;
  readonly granted: Granted | null;
  readonly waiting: Waiting | null;
}

/** Null where the cookie is older than its family and only a refresh can say more. */
export async function standingOf(deps: Deps, caller: Caller): Promise<Standing | null> {
  const peeked = await peekCookie(deps, caller);
  if (peeked.kind === 'granted') return { status: 'VERIFIED', granted: peeked, waiting: null };
  if (peeked.kind === 'held') return { status: 'HELD', granted: null, waiting: null };
  if (peeked.kind === 'retry') return null;
  const waiting = await findWaiting(deps, caller);
  return { status: waiting === null ? 'SIGNED_OUT' : 'UNVERIFIED', granted: null, waiting };
}

/**
 * GET session. An UNVERIFIED or HELD browser learns its status and nothing else; one whose sign-in was unusual also learns why, which is
 * what it did itself.
 */
export async function sessionStatus(deps: Deps, caller: Caller): Promise<Answer> {
  const standing = await standingOf(deps, caller);
  if (standing === null) {
    // On three hosts no script can read the generation cookie; without the generation a lost answer could not be asked for again.
    const token = parseRefreshToken(deps.keys, caller.cookies.refresh ?? '');
    throw new Refusal('retry', { retryAfter: 1, extra: token === null ? {} : { gen: token.gen } });
  }
  if (standing.granted === null) {
    const unusual = standing.waiting === null ? null : seenSignIn(standing.waiting);
    return { body: { status: standing.status, ...(unusual === null ? {} : { unusual }) } };
  }
  const { grant, family } = standing.granted;
  return {
    body: {
      status: standing.status,
      user: publicUser(grant.user),
      expiresAt: grant.session.expiresAt,
      gen: family.gen,
      csrfToken: keptCsrfToken(deps, caller, standing.granted),
    },
  };
}
