import { Refusal } from '@portico/protocol/errors';
import type { Deps } from '../deps.ts';
import type { CurrentSession } from './verified-session.ts';

/** A sensitive act needs a proof that is at most this old, in milliseconds. */
export const FRESH_FOR = 10 * 60_000;

/** A session whose user proved a moment ago who they are. Only `requireFreshProof` makes one, so a sensitive act cannot forget to ask. */
export interface FreshSession extends CurrentSession {
  readonly [fresh]: true;
}
declare const fresh: unique symbol;

/**
 * Refreshing and extending do not renew the proof, so a stolen session does not become a stolen account. Throws
 * `fresh_signin_required`. The session was read from the database a moment ago.
 */
export function requireFreshProof(deps: Pick<Deps, 'now'>, session: CurrentSession, within: number = FRESH_FOR): FreshSession {
  if (deps.now() - provedAt(session) > within) throw new Refusal('fresh_signin_required');
  return session as FreshSession;
}

/** Until when, in epoch milliseconds, this session may do sensitive acts without another proof. */
export function freshUntil(session: CurrentSession): number {
  return provedAt(session) + FRESH_FOR;
}

/** When the user of this session last proved who they are, in epoch milliseconds. */
export function provedAt({ grant }: CurrentSession): number {
  return grant.session.provedAt ?? grant.session.authTime;
}
