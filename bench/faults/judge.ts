import { setTimeout as sleep } from 'node:timers/promises';
import { makeSure, refreshTab, signIn } from './acts/session.ts';
import { refreshAtSite, STRICT_WITHIN, tryEnded } from './acts/sites.ts';
import {
  checkAccounts,
  countDoubledLetters,
  findCodesTaken,
  findCountedFailures,
  findEvents,
  findLostLetters,
  findLostRanges,
  findUndoneEndings,
} from './checks.ts';
import { acknowledged, type Ledger, type SurpriseKind } from './ledger.ts';
import type { People } from './people.ts';
import type { Person } from './person.ts';

/** What the ledger is worth when the fault is over. */
export interface Verdict {
  readonly requests: number;
  /** Answered 502, 503 or 504, or broken off: honest clients asked again. */
  readonly unavailable: number;
  readonly broken: number;
  readonly acknowledged: number;
  /** Times that a strict route was asked with what had ended. */
  readonly strictTries: number;
  readonly letters: number;
  /** Letters that came more than once: each goes at least once. */
  readonly lettersTwice: number;
  /** The longest answer, in milliseconds. */
  readonly slowest: number;
  /** How long the machine kept the clients themselves waiting, at worst, in milliseconds: other programs, or too few cores. */
  readonly stalled: number;
  readonly faults: Readonly<Record<FaultKind, readonly string[]>>;
}

/** What must not be, and how the table calls it. */
export const FAULT_KINDS = {
  lost: 'acknowledged writes lost',
  signedOut: 'honest clients signed out',
  turnedAway: '401 for who is signed in',
  revokedAccepted: 'what had ended accepted',
  countedFailures: 'trouble counted as a failure',
  late: 'answers too late, or never',
  wrong: 'other wrong answers',
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

export interface JudgeOptions {
  /** Milliseconds that an answer may take, as the client sees it; 3000 unless given, and what the machine let the client wait besides. */
  readonly answerWithin?: number;
  /** Milliseconds until the last letter must have come. */
  readonly lettersWithin?: number;
}

const ANSWER_WITHIN = 3000;
/** The first pause after a letter that could not be sent is ten seconds, and a claim lives for a minute. */
const LETTERS_WITHIN = 100_000;
const SETTLED_WITHIN = 60_000;

/** Checks each entry of the ledger against the running installation, through its own routes. Call it after `people.stop()`. */
export async function judge(
  people: People,
  { answerWithin = ANSWER_WITHIN, lettersWithin = LETTERS_WITHIN }: JudgeOptions = {},
): Promise<Verdict> {
  const { ledger, everybody, owner } = people;
  const allowed = answerWithin + people.stalled();
  const { calls } = ledger;
  // Before anything is asked that is not part of the traffic.
  const figures = {
    requests: calls.total,
    unavailable: calls.unavailable,
    broken: calls.broken,
    acknowledged: acknowledged(ledger),
    stalled: people.stalled(),
    slowest: Math.round(calls.times.reduce((longest, one) => Math.max(longest, one), 0)),
  };
  const late = [
    ...calls.times.filter((time) => time > allowed).map((time) => `${Math.round(time)} ms`),
    ...Array.from({ length: calls.hung }, () => 'no answer at all'),
  ];
  const bare = Array.from({ length: calls.bare }, () => '503 without Retry-After');
  await Promise.all(everybody.map(settle));
  await insist(
    () => comeIn(owner),
    () => owner.laptop.state === 'in',
  );
  const ahead = await findEvents(owner, 'refresh.ahead');
  const ranges = await findLostRanges(owner, ledger);
  const letters = await findLostLetters(owner, ledger, lettersWithin);
  const counted = await findCountedFailures(owner, ledger);
  const alarms = [
    await findEvents(owner, 'refresh.reuse'),
    await findEvents(owner, 'session.held'),
    await findEvents(owner, 'code.replayed'),
  ];
  // The newest sign-out was told of a moment ago.
  await sleep(Math.max(0, STRICT_WITHIN + 100 - (Date.now() - (ledger.endings.at(-1)?.toldAt ?? 0))));
  for (const ending of ledger.endings) await tryEnded(owner, ending);
  const { lost, undone } = await checkAccounts(owner, ledger.accounts);
  const endings = await findUndoneEndings(owner, ledger);
  const codes = await findCodesTaken(owner, ledger);
  const told = (kind: SurpriseKind) => saidOf(ledger, kind);
  return {
    ...figures,
    strictTries: ledger.strictTries,
    letters: ledger.letters.length,
    lettersTwice: countDoubledLetters(owner),
    faults: {
      lost: [...lost, ...undone, ...ranges, ...letters, ...codes, ...ahead],
      signedOut: [...told('ended'), ...alarms.flat()],
      turnedAway: told('turned_away'),
      revokedAccepted: [...told('let_in'), ...endings],
      countedFailures: [...told('throttled'), ...counted],
      late,
      wrong: [...told('wrong'), ...bare],
    },
  };
}

/** Whether nothing was lost, nobody was harmed and nobody waited too long. */
export function isClean({ faults }: Verdict): boolean {
  return Object.values(faults).every(({ length }) => length === 0);
}

function saidOf({ surprises }: Ledger, kind: SurpriseKind): string[] {
  return surprises.filter((one) => one.kind === kind).map(({ who, act, said }) => `${who}, ${act}: ${said}`);
}

/** Everybody who is in still is, on every device and at every site, with the token that was told last. */
async function settle(person: Person): Promise<void> {
  for (const device of [person.laptop, person.phone]) {
    if (device.state !== 'in') continue;
    await insist(
      () => refreshTab(person, device),
      () => device.state !== 'in',
    );
    for (const which of ['notes', 'reader'] as const)
      await insist(
        () => refreshAtSite(person, device, which),
        () => device[which] === null,
      );
  }
}

async function comeIn(person: Person): Promise<boolean> {
  await (person.laptop.state === 'unsure' ? makeSure : signIn)(person, person.laptop);
  return false;
}

/** Until it is done, or was refused and noted. */
async function insist(ask: () => Promise<boolean>, isOver: () => boolean): Promise<void> {
  const deadline = performance.now() + SETTLED_WITHIN;
  while (!isOver() && !(await ask())) {
    if (performance.now() > deadline) throw new Error('a minute after the fault the installation still does not answer');
    await sleep(100);
  }
}
