import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { LOGOUT_TESTS } from '../guessing/limits.ts';
import { signLogoutToken } from '../oauth/logout-token.ts';
import { NetworkTrouble } from '../platform/network.ts';
import { findClient } from './client.ts';

export interface TestedLogout {
  readonly uri: string;
  /** `refused`: the address is not one that Portico calls. `silent`: nobody answered. */
  readonly outcome: 'taken' | 'answered' | 'refused' | 'silent';
  /** The HTTP status; null = no answer. */
  readonly status: number | null;
  /** Why there is no answer, in the network's own words; null = there is one. */
  readonly reason: string | null;
  readonly milliseconds: number;
}

/**
 * A genuine back-channel logout of a session that nobody has, marked as a test, on the way that real ones take: through the guard that
 * reaches nothing internal, and no longer than a real one waits. Throws `not_found` when there is no such client or it wants to be told
 * nothing, and `too_many_requests`.
 */
export async function testLogout(deps: Deps, from: Origin, clientId: string): Promise<TestedLogout> {
  const client = await findClient(deps.db, clientId);
  const uri = client?.backchannelLogoutUri ?? null;
  if (client === null || uri === null) throw new Refusal('not_found');
  const { allowed, retryAfter } = await countTry(deps.db, LOGOUT_TESTS, new URL(uri).host, deps.now());
  if (!allowed) throw new Refusal('too_many_requests', { retryAfter });
  const token = signLogoutToken(deps, client, { userId: null, sessionId: deps.random(16).toString('base64url') });
  const startedAt = deps.now();
  const outcome = await outcomeOf(deps, uri, token);
  const tested: TestedLogout = { uri, ...outcome, milliseconds: deps.now() - startedAt };
  await recordEvent(deps.db, deps, from, 'client.logout_tested', { target: { kind: 'client', id: clientId }, after: { ...tested } });
  return tested;
}

async function outcomeOf({ network }: Deps, uri: string, token: string): Promise<Pick<TestedLogout, 'outcome' | 'status' | 'reason'>> {
  try {
    const status = await network.post(uri, new URLSearchParams({ logout_token: token }));
    return { outcome: status === 200 || status === 204 ? 'taken' : 'answered', status, reason: null };
  } catch (cause) {
    if (!(cause instanceof NetworkTrouble)) throw cause;
    return { outcome: cause.refused ? 'refused' : 'silent', status: null, reason: cause.reason };
  }
}
