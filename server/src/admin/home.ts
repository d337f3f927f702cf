import type { HomeContent, HourOfSignIns, TopReason } from '@portico/ui/admin-views';
import { countEventsSince, countPeopleSince, countReasonsSince, findOldestUnsealed } from '../audit/event-figures.ts';
import { countUnsealedEvents } from '../audit/event-trail.ts';
import { countSignInHours, type HourCount } from '../audit/sign-in-hours.ts';
import { countWaitingLogouts } from '../clients/logout-list.ts';
import type { Deps } from '../deps.ts';
import { countSuspensions } from '../guessing/suspension.ts';
import { countWaitingLetters } from '../mail/outbox-list.ts';
import { countSessions } from '../sessions/session-figures.ts';
import { listSetUp } from './set-up.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const HOURS_SHOWN = 24;
/** Nothing is counted further than this: a screen that is opened in an attack must not read all of it. */
export const COUNTED_MOST = 10_000;
const SESSIONS_MOST = 10_000;
/** Reasons are read from so many of the newest events of each kind. */
const REASONS_FROM = 1000;
const REASONS_SHOWN = 8;

export async function readHome(deps: Deps): Promise<HomeContent> {
  const { db } = deps;
  const now = deps.now();
  const [day, week] = [now - DAY, now - 7 * DAY];
  const firstHour = Math.floor(now / HOUR) - HOURS_SHOWN + 1;
  const [
    counts,
    people,
    newDaily,
    newWeekly,
    active,
    held,
    waiting,
    networks,
    unsealed,
    oldestUnsealedAt,
    letters,
    logouts,
    reasons,
    setUp,
  ] = await Promise.all([
    countSignInHours(db, firstHour, COUNTED_MOST),
    countPeople(deps, day, week),
    countEventsSince(db, 'signup.completed', day, COUNTED_MOST),
    countEventsSince(db, 'signup.completed', week, COUNTED_MOST),
    countSessions(db, 'active', now, SESSIONS_MOST),
    countSessions(db, 'held', now, COUNTED_MOST),
    countSessions(db, 'unverified', now, COUNTED_MOST),
    countSuspensions(db, now, COUNTED_MOST),
    countUnsealedEvents(db, COUNTED_MOST),
    findOldestUnsealed(db),
    countWaitingLetters(db, COUNTED_MOST),
    countWaitingLogouts(db, COUNTED_MOST),
    topReasons(deps, day),
    listSetUp(deps),
  ]);
  return {
    now,
    hours: hoursOf(counts, firstHour),
    people,
    accounts: { day: figure(newDaily), week: figure(newWeekly) },
    sessions: { active: figure(active, SESSIONS_MOST), held: figure(held), waiting: figure(waiting) },
    networks: figure(networks),
    unsealed: { ...figure(unsealed), oldestAt: oldestUnsealedAt },
    letters,
    logouts,
    reasons,
    setUp,
  };
}

const figure = (count: number, most: number = COUNTED_MOST) => ({ count, more: count === most });

/** Where the newest sign-ins that are counted are all of one day, they are the same ones that are counted of the week. */
async function countPeople({ db }: Deps, day: number, week: number): Promise<HomeContent['people']> {
  const count = async (since: number) => {
    const { people, events } = await countPeopleSince(db, 'signin.succeeded', since, COUNTED_MOST);
    return { count: people, more: events === COUNTED_MOST };
  };
  const daily = await count(day);
  return { day: daily, week: daily.more ? daily : await count(week) };
}

/** Every hour stands there, also those in which nothing happened. */
function hoursOf(counts: readonly HourCount[], firstHour: number): readonly HourOfSignIns[] {
  return Array.from({ length: HOURS_SHOWN }, (_, n) => {
    const hour = firstHour + n;
    const of = (...actions: readonly string[]) =>
      counts.reduce((sum, one) => (one.hour === hour && actions.includes(one.action) ? sum + one.count : sum), 0);
    return {
      at: hour * HOUR,
      succeeded: of('signin.succeeded'),
      failed: of('signin.failed', 'signin.throttled'),
      held: of('signin.held'),
    };
  });
}

/** Events say more than a reason: a limit says whom it is about, and a held sign-in how unusual it was. Only the words are counted. */
async function topReasons({ db }: Deps, since: number): Promise<readonly TopReason[]> {
  const [failed, throttled, held] = await Promise.all([
    countReasonsSince(db, 'signin.failed', since, REASONS_FROM),
    countReasonsSince(db, 'signin.throttled', since, REASONS_FROM),
    countReasonsSince(db, 'signin.held', since, REASONS_FROM),
  ]);
  const sums = new Map<string, TopReason>();
  const add = (kind: TopReason['kind'], reason: string, count: number) => {
    const key = `${kind} ${reason}`;
    sums.set(key, { kind, reason, count: (sums.get(key)?.count ?? 0) + count });
  };
  for (const { reason, count } of failed) add('failed', reason, count);
  for (const { reason, count } of throttled) add('throttled', reason.split(' ', 1)[0] ?? '', count);
  for (const { reason, count } of held) for (const word of reason.split(' ').slice(1)) add('held', word, count);
  return [...sums.values()].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)).slice(0, REASONS_SHOWN);
}
