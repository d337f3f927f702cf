import assert from 'node:assert/strict';
import type fc from 'fast-check';
import { LIVE_FAMILIES } from '../../src/sessions/refresh-token.ts';
import { type Schedule, serveBatch } from './batch.ts';
import {
  arrivesInTime,
  attemptOf,
  type Call,
  count,
  type History,
  isAlive,
  type Outcome,
  type Request,
  readRows,
  spends,
  TABS,
} from './history.ts';
import { checkBatch } from './invariants.ts';
import { restoreFamily } from './lost-commits.ts';
import { patiently } from './patient.ts';
import { countLive, grantAgain, type System } from './system.ts';

/** What can happen to an honest client, its network and its server. */

export type Command = fc.AsyncCommand<History, System>;

interface Action {
  readonly name: string;
  readonly when?: (m: Readonly<History>) => boolean;
  readonly run: (m: History, system: System) => Promise<void> | void;
}

export function command({ name, when = () => true, run }: Action): Command {
  return { check: (m) => !m.spoiled && when(m), run: async (m, system) => run(m, system), toString: () => name };
}

/** A tab reads the generation, and takes the attempt for it from the store; another tab's answer may come before it sends. */
export function read(tab: number): Command {
  return command({ name: `read(${tab})`, run: (m) => readTab(m, tab) });
}

function readTab(m: History, tab: number): void {
  const { gen } = m.owner.jar;
  m.owner.tabs[tab] = { gen, attempt: attemptOf(m.owner, gen) };
}

/** The request takes the cookies that the jar holds now, and the attempt that its tab read before. */
export function send(tab: number, call: Call): Command {
  return command({
    name: `send(${tab}, ${call})`,
    when: (m) => (m.owner.tabs[tab] ?? null) !== null,
    run: (m) => {
      m.requests.push(requestOf(m, tab, m.kind === 'native' ? 'refresh' : call));
    },
  });
}

function requestOf(m: History, tab: number, call: Call): Request {
  return { party: 'owner', call, holding: m.owner.jar, attempt: m.owner.tabs[tab]?.attempt ?? null, withDevice: true };
}

/** Up to three requests that are on their way, served at once. */
export function serve(picks: readonly number[], schedule: Schedule): Command {
  return command({
    name: `serve(${JSON.stringify(picks)}, ${JSON.stringify(schedule)})`,
    when: (m) => servable(m, picks, schedule).length > 0,
    run: (m, system) => serveNow(m, system, servable(m, picks, schedule), schedule),
  });
}

/** As serve, and in the middle of it somebody ends the session. */
export function revoke(picks: readonly number[], schedule: Schedule): Command {
  return command({
    name: `revoke(${JSON.stringify(picks)}, ${JSON.stringify(schedule)})`,
    when: (m) => isAlive(m),
    run: (m, system) => serveNow(m, system, servable(m, picks, schedule), schedule, true),
  });
}

function servable(m: Readonly<History>, picks: readonly number[], schedule: Schedule): readonly Request[] {
  const chosen = [...new Set(picks.map((pick) => m.requests[pick % Math.max(1, m.requests.length)]))].filter((one) => one !== undefined);
  // Once a thief has spent a token the owner cannot know how old its messages are.
  if (m.theft?.spent === true || chosen.some((request) => request.party === 'thief' && spends(request))) return chosen;
  return chosen.filter((request) => arrivesInTime(m, request, chosen.length - 1, schedule.pause));
}

export async function serveNow(
  m: History,
  system: System,
  requests: readonly Request[],
  schedule: Schedule,
  ending = false,
): Promise<void> {
  for (const request of requests) m.requests.splice(m.requests.indexOf(request), 1);
  const batch = await serveBatch(m, system, requests, schedule, ending);
  if (m.spoiled) return count(m, 'spoiled by a busy machine');
  checkBatch(m, system, batch);
  for (const { request, outcome } of batch.served) {
    count(m, outcome.kind === 'refused' ? outcome.code : outcome.kind);
    if (outcome.kind !== 'nothing') m.answers.push({ request, outcome });
  }
}

/** Answers arrive in any order. The last `Set-Cookie` to arrive is what the jar holds, however old it is. */
export function receive(pick: number): Command {
  return command({
    name: `receive(${pick})`,
    when: (m) => m.answers.length > 0,
    run: (m) => receiveAnswer(m, pick % m.answers.length),
  });
}

function receiveAnswer(m: History, index: number): void {
  const [answer] = m.answers.splice(index, 1);
  if (answer === undefined || (answer.outcome.kind !== 'rotated' && answer.outcome.kind !== 'replayed')) return;
  const holder = answer.request.party === 'thief' ? m.thief : m.owner;
  const { holding } = answer.outcome;
  if (holder === null || (holder === m.owner && m.theft?.spent !== true && !arrivesInTime(m, { holding }))) return;
  holder.past.push(holder.jar);
  holder.jar = holding;
}

export function lose(pick: number, what: 'request' | 'answer'): Command {
  const of = (m: Readonly<History>) => (what === 'request' ? m.requests : m.answers);
  return command({
    name: `lose(${pick}, ${what})`,
    when: (m) => of(m).length > 0,
    run: (m) => void of(m).splice(pick % of(m).length, 1),
  });
}

/** The whole way of one refresh, without trouble. */
export function refresh(tab: number, node: number): Command {
  return command({
    name: `refresh(${tab}, ${node})`,
    when: (m) => arrivesInTime(m, { holding: m.owner.jar }) || m.theft?.spent === true,
    run: async (m, system) => void (await refreshOwner(m, system, tab, node)),
  });
}

/** What it came to, as far as the owner heard. */
export async function refreshOwner(m: History, system: System, tab: number, node: number): Promise<Outcome | null> {
  readTab(m, tab);
  const request = requestOf(m, tab, 'refresh');
  m.requests.push(request);
  await serveNow(m, system, [request], { order: [0], nodes: [node], pause: 0, diesAfter: 0 });
  return receiveAnswerTo(m, request);
}

export function receiveAnswerTo(m: History, request: Request): Outcome | null {
  const index = m.answers.findIndex((answer) => answer.request === request);
  const outcome = m.answers[index]?.outcome ?? null;
  if (index >= 0) receiveAnswer(m, index);
  return outcome;
}

export function wait(milliseconds: number): Command {
  return command({ name: `wait(${milliseconds})`, run: (m) => m.clock.advance(milliseconds) });
}

/** A minute before the sign-in idles out or reaches its absolute end, whichever comes first. */
export const waitForTheEnd: Command = command({
  name: 'waitForTheEnd()',
  when: (m) => isAlive(m) && lastMinute(m) > m.clock.now(),
  run: (m) => m.clock.advance(lastMinute(m) - m.clock.now()),
});

function lastMinute({ rows: { family } }: Readonly<History>): number {
  return Math.min(family.expiresAt, family.idleAt) - 60_000;
}

/** Tabs and answers are gone, and the newest cookies with them, which were not on the disk yet. The attempt store was. */
export function crashClient(lost: number): Command {
  const survivor = (m: Readonly<History>) => (lost === 0 ? m.owner.jar : m.owner.past.at(-lost));
  return command({
    name: `crashClient(${lost})`,
    when: (m) => {
      const jar = survivor(m);
      return jar !== undefined && (arrivesInTime(m, { holding: jar }) || m.theft?.spent === true);
    },
    run: (m) => {
      const jar = survivor(m) ?? m.owner.jar;
      for (let tab = 0; tab < TABS; tab += 1) m.owner.tabs[tab] = null;
      const kept = m.answers.filter(({ request }) => request.party === 'thief');
      m.answers.splice(0, m.answers.length, ...kept);
      if (lost > 0) m.owner.past.splice(-lost);
      m.owner.jar = jar;
    },
  });
}

/** The database comes back as it was some commits ago: a fail-over, a restored backup. */
export function rollBack(commits: number): Command {
  return command({
    name: `rollBack(${commits})`,
    when: (m) => m.versions.length > commits && isAlive(m),
    run: async (m, system) => {
      m.versions.splice(-commits);
      const version = m.versions.at(-1);
      assert.ok(version !== undefined);
      await patiently(() => restoreFamily(system.ground.db, version));
      m.rows = await readRows(system, version.id);
      // What is issued again has the same secret, but another moment of issue.
      for (const gen of m.issued.keys()) if (gen > version.gen) m.issued.delete(gen);
      if (m.theft !== null) m.theft.rolledBack = true;
      count(m, 'rolled back');
    },
  });
}

/** The same client signs in once more in this session. The newest four sign-ins live. */
export const grant: Command = command({
  name: 'grant()',
  when: (m) => isAlive(m) && m.rows.session.expiresAt > m.clock.now(),
  run: async (m, system) => {
    assert.ok((await grantAgain(system)) !== null);
    m.rows = await readRows(system, m.rows.family.id);
    const live = await countLive(system);
    assert.ok(live <= LIVE_FAMILIES, `I5: ${live} live families`);
  },
});
