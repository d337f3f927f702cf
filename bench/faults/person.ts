import { setTimeout as sleep } from 'node:timers/promises';
import { type Attempts, attemptFor } from '../../server/test/attempts.ts';
import type { Answered, Browser } from '../../server/test/browser.ts';
import type { Account, Ledger, SurpriseKind } from './ledger.ts';
import { isTrouble, type Line } from './line.ts';
import type { Stage } from './stage.ts';

/** What all acts of one person work on. */
export interface Person {
  readonly name: string;
  readonly stage: Stage;
  readonly ledger: Ledger;
  /** To the proxy. */
  readonly line: Line;
  /** To the protected site. */
  readonly toSite: Line;
  readonly random: () => number;
  /** An empty browser at an address of its own. */
  newBrowser(): Browser;
  readonly account: Account;
  readonly laptop: Device;
  /** The same account's second browser. */
  readonly phone: Device;
  readonly signUps: WaitingSignUp[];
}

/** A browser, as far as its owner knows how it stands. `unsure`: a sign-out or a change of password whose answer never came. */
export interface Device {
  readonly browser: Browser;
  readonly attempts: Attempts;
  state: 'in' | 'out' | 'unsure';
  /** The sites that it is signed in at. */
  notes: SiteHolding | null;
  reader: SiteHolding | null;
}

/** What a site keeps for somebody. */
export interface SiteHolding {
  refreshToken: string;
  accessToken: string;
  /** Epoch milliseconds: when the access token came. */
  since: number;
  /** One attempt for each generation, kept before it is sent. */
  readonly attempts: Attempts;
}

/** Somebody who was told that a letter comes. */
export interface WaitingSignUp {
  readonly browser: Browser;
  readonly email: string;
  readonly password: string;
}

const TRIES = 3;
/** Milliseconds between two tries, and as much again by chance. */
const PAUSE = 150;

export function newDevice(browser: Browser): Device {
  return { browser, attempts: new Map(), state: 'out', notes: null, reader: null };
}

/** Null: no answer came. An honest client treats that as bad weather, never as a no. */
export function heard(asked: Promise<Answered>): Promise<Answered | null> {
  return asked.catch(() => null);
}

/** Asks up to four times while nobody answers for the server, as SDKs do; then it is left for later. */
export async function patiently(person: Person, ask: () => Promise<Answered | null>): Promise<Answered | null> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (!isTrouble(answer) || tries === TRIES) return answer;
    await sleep(PAUSE * (1 + person.random()));
  }
}

/** Notes what no honest client may be answered. */
export function surprised(person: Pick<Person, 'ledger' | 'name'>, kind: SurpriseKind, act: string, answer: Answered | string): void {
  const said = typeof answer === 'string' ? answer : `${answer.status} ${answer.text.slice(0, 200)}`;
  const kept = typeof answer !== 'string' && answer.status === 429 ? 'throttled' : kind;
  person.ledger.surprises.push({ kind: kept, who: person.name, act, said, at: Math.round(performance.now()) });
}

/** The attempt that belongs to this token's generation: picked once, kept, repeated. */
export function attemptOf(holding: SiteHolding, browser: Browser): string {
  const gen = Buffer.from(holding.refreshToken.slice('ptr_'.length), 'base64url').readUInt32BE(17);
  return attemptFor(holding.attempts, browser, gen);
}

/** The sign-in of this device has ended, and its owner was told so: from now on nothing of it may work. */
export function noteEnding(person: Person, device: Device, why: string, jar: Browser): void {
  const { notes } = device;
  const end = {
    who: person.name,
    why,
    toldAt: Date.now(),
    jar,
    accessToken: notes?.accessToken ?? null,
    siteRefreshToken: notes?.refreshToken ?? null,
  };
  person.ledger.endings.push(end);
  forget(device, 'out');
}

export function forget(device: Device, state: 'out' | 'unsure'): void {
  device.state = state;
  device.notes = null;
  device.reader = null;
}
