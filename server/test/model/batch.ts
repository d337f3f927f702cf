import assert from 'node:assert/strict';
import type { Answer as ServerAnswer } from '../../src/sessions/answer.ts';
import { revokeSession } from '../../src/sessions/session.ts';
import { ask, isTooBusy, readOutcome } from './ask.ts';
import { type History, type Outcome, type Request, readRows } from './history.ts';
import { interleave, type Ran, type Task } from './interleaving.ts';
import type { System } from './system.ts';

/** How a batch of requests is served: all at once, statement by statement. */
export interface Schedule {
  readonly order: readonly number[];
  /** Which node takes each request. */
  readonly nodes: readonly number[];
  /** Milliseconds that pass before each statement. */
  readonly pause: number;
  /** The first request's process is killed after so many statements; 0 = it lives. */
  readonly diesAfter: number;
}

export interface Served {
  readonly request: Request;
  readonly outcome: Outcome;
  readonly ran: Ran<ServerAnswer>;
  /** The clock of its node when it was over. */
  readonly endedAt: number;
}

export interface Batch {
  readonly before: History['rows'];
  readonly after: History['rows'];
  readonly served: readonly Served[];
  /** The place of the commit that ended the session on purpose, if that ran along. */
  readonly revokedAt: number | null;
}

/** Serves requests, and a revocation with them if `revoke` says so. Changes the rows of the model to what they are now. */
export async function serveBatch(
  m: History,
  system: System,
  requests: readonly Request[],
  schedule: Schedule,
  revoke = false,
): Promise<Batch> {
  const nodeOf = (index: number) => system.nodes[(schedule.nodes[index] ?? 0) % 2 === 0 ? 0 : 1];
  const tasks: Task<ServerAnswer>[] = requests.map((request, index) => ({
    now: nodeOf(index).now,
    run: (db) => ask(system, { ...nodeOf(index), db }, request),
    ...(index === 0 && schedule.diesAfter > 0 ? { diesAfter: schedule.diesAfter } : {}),
  }));
  if (revoke) tasks.push(revocation(system));
  const before = m.rows;
  const all = await interleave(system.ground.db, tasks, schedule.order, () => system.clock.advance(schedule.pause));
  m.rows = await readRows(system, before.family.id);
  m.spoiled = all.some(({ outcome }) => outcome !== null && 'thrown' in outcome && isTooBusy(outcome.thrown));
  const last = revoke ? all.at(-1) : undefined;
  if (last !== undefined && !m.spoiled) {
    assert.ok(last.outcome !== null && 'result' in last.outcome, 'a session can always be ended');
  }
  return {
    before,
    after: m.rows,
    revokedAt: last?.statements[0]?.place ?? null,
    served: requests.map((request, index) => {
      const ran = all[index] as Ran<ServerAnswer>;
      return { request, ran, outcome: readOutcome(ran), endedAt: nodeOf(index).now() };
    }),
  };
}

/** Ending a session, as a sign-out in another browser does. */
function revocation(system: System): Task<ServerAnswer> {
  const [deps] = system.nodes;
  return {
    now: deps.now,
    run: async (db) => {
      const entry = await db.transaction((tx) => revokeSession(tx, deps, system.sessionId, 'ended_by_user'));
      if (entry !== null) deps.revoked.add(entry);
      return {};
    },
  };
}
