import type { SessionStatus } from '@portico/protocol/tokens';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type BrowserClient, OUR_PAGES } from './browser-client.ts';
import { type Granted, peekCookie } from './proof-by-cookie.ts';
import { findWaiting, type Waiting } from './waiting-session.ts';

/** How this browser stands, and for a signed-in one the look that proved it. */
export interface Standing {
  readonly status: SessionStatus;
  readonly granted: Granted | null;
  readonly waiting: Waiting | null;
}

/** Null where the cookie is older than its family and only a refresh can say more. */
export async function standingOf(deps: Deps, caller: Caller, by: BrowserClient = OUR_PAGES): Promise<Standing | null> {
  const peeked = await peekCookie(deps, caller, by);
  if (peeked.kind === 'granted') return { status: 'VERIFIED', granted: peeked, waiting: null };
  if (peeked.kind === 'held') return { status: 'HELD', granted: null, waiting: null };
  if (peeked.kind === 'retry') return null;
  // That somebody is about to sign in at our own pages is no app's business: it knows of the sign-in that it was given, and of no other.
  const waiting = by.app === null ? await findWaiting(deps, caller) : null;
  return { status: waiting === null ? 'SIGNED_OUT' : 'UNVERIFIED', granted: null, waiting };
}
