import { setTimeout as sleep } from 'node:timers/promises';
import { HTTP_CODES } from '@portico/protocol/errors';
import { findClient } from '../clients/client.ts';
import { type DueLogout, markLogoutFailed, markLogoutSent, queueExpiredLogouts, takeDueLogouts } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import { signLogoutToken } from '../oauth/logout-token.ts';
import { NetworkTrouble } from '../platform/network.ts';

/** Sites that are called at the same time. */
const AT_ONCE = 20;
/** Whoever took a logout has it for this long, in milliseconds; a call takes a third of it. After a kill it is due again this soon. */
export const CLAIM_LIFE = 15_000;
/** While calls are under way it is looked this often for others that are due, in milliseconds: a silent site delays nobody else. */
const LOOK_EVERY = 200;
/** No more tries after this long, in milliseconds. By then every token that the session ever gave has expired. */
const GIVE_UP_AFTER = 24 * 3_600_000;
/** A site that answers, and says no, is asked this often. */
const REFUSALS_MAX = 5;
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 3_600_000;
const EXPIRED_AT_ONCE = 500;

/**
 * Tells the backends of client sites that sessions are over: those whose time is due, and those whose session has just reached its end.
 * Each is told at least once.
 */
export async function deliverLogouts(deps: Deps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((await deps.db.transaction((tx) => queueExpiredLogouts(tx, deps, EXPIRED_AT_ONCE))) < EXPIRED_AT_ONCE) break;
  }
  const underWay = new Set<Promise<void>>();
  // Sites that did not answer in this run: what else is for them waits for its next time, and keeps no place.
  const away = new Set<string>();
  const failures: unknown[] = [];
  while (!signal.aborted && failures.length === 0) {
    const now = deps.now();
    const due = await takeDueLogouts(deps.db, now, now + CLAIM_LIFE, AT_ONCE - underWay.size);
    for (const logout of due) {
      const done: Promise<void> = deliver(deps, logout, away)
        .catch((cause: unknown) => void failures.push(cause))
        .finally(() => underWay.delete(done));
      underWay.add(done);
    }
    if (underWay.size === 0) break;
    await Promise.race([...underWay, ...(underWay.size < AT_ONCE ? [sleep(LOOK_EVERY)] : [])]);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw new AggregateError(failures, 'some logouts could not be read or written');
}

async function deliver(deps: Deps, logout: DueLogout, away: Set<string>): Promise<void> {
  const client = await findClient(deps.db, logout.clientId);
  // Where it is told now, not where it was told when the session ended: an operator mends a wrong address. A site that was removed since
  // is told at its last one; its removal is what ended the session.
  const uri = client === null ? logout.uri : client.backchannelLogoutUri;
  if (uri === null) return markLogoutFailed(deps.db, logout, 'the site is not to be told any more', null, deps.now());
  const site = { id: logout.clientId, idAlg: client?.idAlg ?? logout.alg };
  if (away.has(site.id)) return fail(deps, logout, 'no answer to another call', { isRefusal: false });
  try {
    const status = await deps.network.post(uri, new URLSearchParams({ logout_token: signLogoutToken(deps, site, logout) }));
    if (status === HTTP_CODES.success || status === HTTP_CODES.noContent) {
      await markLogoutSent(deps.db, logout.id, deps.now());
      deps.tally.count('logouts', { result: 'sent' });
      return;
    }
    await fail(deps, logout, `status ${status}`, { isRefusal: isRefusal(status) });
  } catch (cause) {
    if (!(cause instanceof NetworkTrouble)) throw cause;
    away.add(site.id);
    await fail(deps, logout, cause.message, { isRefusal: false });
  }
}

/** Whether asking again soon makes no difference: the site understood, or answered something else. Trouble and haste pass. */
function isRefusal(status: number): boolean {
  return status < HTTP_CODES.internal && status !== HTTP_CODES.requestTimeout && status !== HTTP_CODES.tooManyRequests;
}

async function fail(deps: Deps, logout: DueLogout, problem: string, { isRefusal: refused }: { isRefusal: boolean }): Promise<void> {
  const now = deps.now();
  const again = now + pauseAfter(deps, logout.tries);
  const over = again > logout.createdAt + GIVE_UP_AFTER || (refused && logout.tries >= REFUSALS_MAX);
  await markLogoutFailed(deps.db, logout, problem, over ? null : again, now);
  deps.tally.count('logouts', { result: over ? 'given_up' : 'put_off' });
  const facts = { clientId: logout.clientId, logout: logout.id, tries: logout.tries, problem };
  if (over) deps.log.error(facts, 'a site could not be told of a sign-out, and is not asked any more');
  else deps.log.warn({ ...facts, nextTryAt: again }, 'a site could not be told of a sign-out; it is tried again');
}

/** 5 s, 10 s, 20 s … 1 h, each up to a half longer. */
function pauseAfter({ random }: Pick<Deps, 'random'>, tries: number): number {
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(20, tries - 1));
  return pause + Math.floor((pause / 2) * (random(2).readUInt16BE() / 65_536));
}
