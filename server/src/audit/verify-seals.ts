import { sameText } from '../platform/crypto.ts';
import { KEY_TOLERANCE, type KeptEvent } from './event-digest.ts';
import { countUnsealedEvents, findEventBefore, findEventBeyond, listEventsOfSeals, listUnsealedEvents } from './event-trail.ts';
import { createJudge, type Judgement } from './judge-event.ts';
import { batchHashOf, findNewestSeal, findSeal, listSeals, SEAL_BATCH, type Seal, type SealDeps, sealHashOf } from './seal.ts';

/**
 * `seal_changed`: Portico did not make this seal so. `seal_missing`: the chain has a gap before it. `seal_forked`: genuine, but the one before it
 * is another one. `dropped_early`: its events are gone before their time. `events_missing`, `events_added`: fewer, or more, than it covers.
 * `events_differ`: as many, but others. `no_such_seal`: an event claims a seal that there is not. The rest: one event's judgement.
 */
export type SealTrouble =
  | 'seal_changed'
  | 'seal_missing'
  | 'seal_forked'
  | 'dropped_early'
  | 'events_missing'
  | 'events_added'
  | 'events_differ'
  | 'no_such_seal'
  | Exclude<Judgement, 'genuine'>;

export interface SealProblem {
  readonly kind: SealTrouble;
  /** Null: the event waits for its seal. */
  readonly seal: number | null;
  readonly eventId: string | null;
}

export interface SealReport {
  /** Looked at now. */
  readonly seals: number;
  readonly events: number;
  /** Of these, written before events had a digest of their own. */
  readonly unsigned: number;
  /** The end of the chain. Whoever cuts it off leaves no trace in the database: keep it elsewhere. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** The first ones; `problemCount` says how many there are. */
  readonly problems: readonly SealProblem[];
  readonly problemCount: number;
  /** Events that no seal covers yet, counted up to `WAITING_MAX`, and the moment of the oldest. */
  readonly waiting: number;
  readonly oldestWaitingAt: number | null;
}

export const WAITING_MAX = 100_000;
/** Events that are in memory at a time, or a single batch. */
const EVENTS_AT_A_TIME = 2000;
const SEALS_AT_A_TIME = 200;
const PROBLEMS_KEPT = 50;

interface Walk {
  seals: number;
  events: number;
  unsigned: number;
  /** Events with a digest have been seen: from there on, one without is not from before. */
  signedSeen: boolean;
  /** The number that is looked at next. */
  next: number;
  previous: Seal | null;
  head: SealReport['head'];
  problemCount: number;
  readonly problems: SealProblem[];
}

/** Proves the whole chain in bounded memory, or its `newest` seals only. Finds what was changed by whoever has the database and not the master key. */
export async function verifySeals(deps: SealDeps, { newest }: { newest?: number } = {}): Promise<SealReport> {
  const walk = await begin(deps, newest);
  const first = walk.next - 1;
  for (;;) {
    const seals = within(await listSeals(deps.db, walk.next, SEALS_AT_A_TIME));
    if (seals.length === 0) break;
    await walkOver(deps, walk, seals);
  }
  const oldest = newest === undefined ? (await listSeals(deps.db, 0, 1))[0]?.seq : first;
  await lookBeyond(deps, walk, oldest ?? 0);
  const tail = await lookAtTail(deps, walk);
  const { seals, events, unsigned, head, problems, problemCount } = walk;
  return { seals, events, unsigned, head, problems, problemCount, ...tail };
}

async function begin({ db }: SealDeps, newest: number | undefined): Promise<Walk> {
  const counts = { seals: 0, events: 0, unsigned: 0, problemCount: 0, problems: [] };
  const walk: Walk = { ...counts, signedSeen: false, next: 0, previous: null, head: null };
  const end = newest === undefined ? null : await findNewestSeal(db);
  if (end === null || newest === undefined || end.seq <= newest) return walk;
  walk.next = end.seq - newest + 1;
  walk.previous = await findSeal(db, walk.next - 1);
  walk.signedSeen = ((await findEventBefore(db, walk.next))?.digest ?? null) !== null;
  return walk;
}

/** Of how many events there are at most. What the row says may have been written by anybody. */
function claimOf({ events }: Seal): number {
  return Number.isSafeInteger(events) ? Math.min(Math.max(events, 0), SEAL_BATCH) : SEAL_BATCH;
}

/** So many that their events are read at once. */
function within(seals: readonly Seal[]): Seal[] {
  let events = 0;
  return seals.filter((seal, place) => {
    events += claimOf(seal);
    return place === 0 || events <= EVENTS_AT_A_TIME;
  });
}

async function walkOver(deps: SealDeps, walk: Walk, seals: readonly Seal[]): Promise<void> {
  const [first, last] = [seals[0], seals.at(-1)];
  if (first === undefined || last === undefined) return;
  const expected = seals.reduce((sum, seal) => sum + claimOf(seal), 0);
  const batches = Map.groupBy(await listEventsOfSeals(deps.db, first.seq, last.seq, expected + 1), ({ seal }) => seal);
  for (const seal of seals) {
    const events = batches.get(seal.seq) ?? [];
    let problems = await problemsOf(deps, walk, seal, events);
    if (problems.length > 0) {
      // A batch is suspected only once it was read by itself: retention may have come between the reading of the seal and that of its events,
      // and a neighbour that somebody has filled up takes the place of others.
      const again = await findSeal(deps.db, seal.seq);
      problems = again === null ? await whyGone(deps, seal) : await problemsOf(deps, walk, again, await readBatch(deps, again));
    }
    note(walk, problems);
    walk.seals += 1;
    walk.events += events.length;
    walk.unsigned += events.filter(({ digest }) => digest === null).length;
    walk.signedSeen ||= events.some(({ digest }) => digest !== null);
    walk.previous = seal;
    walk.next = seal.seq + 1;
    walk.head = { seq: seal.seq, hash: seal.hash };
  }
}

function readBatch({ db }: SealDeps, seal: Seal): Promise<KeptEvent[]> {
  return listEventsOfSeals(db, seal.seq, seal.seq, claimOf(seal) + 1);
}

async function whyGone({ db }: SealDeps, seal: Seal): Promise<SealProblem[]> {
  const [oldest] = await listSeals(db, 0, 1);
  const isDropped = oldest !== undefined && oldest.seq > seal.seq && oldest.droppedAt !== null;
  return isDropped ? [] : [{ kind: 'seal_missing', seal: seal.seq, eventId: null }];
}

async function problemsOf(deps: SealDeps, walk: Walk, seal: Seal, events: readonly KeptEvent[]): Promise<SealProblem[]> {
  const of = (kind: SealTrouble, eventId: string | null = null): SealProblem => ({ kind, seal: seal.seq, eventId });
  const problems: SealProblem[] = [];
  const { previous } = walk;
  // The chain begins with the first seal of all, or with the newest whose events have reached their end: what was before it is older still.
  const follows = seal.seq === (previous?.seq ?? 0) + 1 || seal.droppedAt !== null;
  // The key of its time, and none from before that of the seal before it or of its events: one that got out and was replaced proves nothing that comes later.
  const oldest = Math.max(previous?.keyId ?? 0, ...events.map(({ digestKey }) => digestKey));
  const isTimely = deps.vault.wasCurrent(seal.keyId, seal.sealedAt, KEY_TOLERANCE) && seal.keyId >= oldest;
  const isGenuine = isTimely && sameText(sealHashOf(deps, seal) ?? '', seal.hash);
  if (!isGenuine) problems.push(of('seal_changed'));
  if (!follows) problems.push(of('seal_missing'));
  else if (isGenuine && previous?.seq === seal.seq - 1 && seal.previousHash !== previous.hash) problems.push(of('seal_forked'));
  if (seal.droppedAt !== null) {
    if (seal.untilAt + deps.config.eventLife > deps.now()) problems.push(of('dropped_early'));
    return events.length > 0 ? [...problems, of('events_added')] : problems;
  }
  const judge = createJudge(deps.db, deps.vault);
  for (const event of events) {
    const judgement = await judge(event);
    const isOld = judgement === 'unsigned' && !walk.signedSeen;
    if (judgement !== 'genuine' && !isOld) problems.push(of(judgement, event.id));
  }
  if (events.length !== seal.events) problems.push(of(events.length < seal.events ? 'events_missing' : 'events_added'));
  else if (problems.length === 0 && batchHashOf(events) !== seal.batchHash) problems.push(of('events_differ'));
  return problems;
}

/** Events with the number of a seal that does not exist are shown on no page of the chain, so they are looked for. */
async function lookBeyond(deps: SealDeps, walk: Walk, first: number): Promise<void> {
  const stray = await findEventBeyond(deps.db, first, walk.previous?.seq ?? 0);
  if (stray === null || stray.seal === null || (await findSeal(deps.db, stray.seal)) !== null) return;
  note(walk, [{ kind: 'no_such_seal', seal: stray.seal, eventId: stray.id }]);
}

async function lookAtTail(deps: SealDeps, walk: Walk): Promise<Pick<SealReport, 'waiting' | 'oldestWaitingAt'>> {
  const oldest = await listUnsealedEvents(deps.db, EVENTS_AT_A_TIME);
  const judge = createJudge(deps.db, deps.vault);
  for (const event of oldest) {
    const judgement = await judge(event);
    const isOld = judgement === 'unsigned' && !walk.signedSeen;
    if (judgement !== 'genuine' && !isOld) note(walk, [{ kind: judgement, seal: null, eventId: event.id }]);
  }
  return { waiting: await countUnsealedEvents(deps.db, WAITING_MAX), oldestWaitingAt: oldest[0]?.at ?? null };
}

function note(walk: Walk, problems: readonly SealProblem[]): void {
  walk.problemCount += problems.length;
  walk.problems.push(...problems.slice(0, Math.max(0, PROBLEMS_KEPT - walk.problems.length)));
}
