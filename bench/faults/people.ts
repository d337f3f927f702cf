import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answered, Browser } from '../../server/test/browser.ts';
import { codeFor, signUp, typeCode } from './acts/accounts.ts';
import { allowRange, becomeOwner } from './acts/operator.ts';
import { changePassword, makeSure, readMe, refresh, signIn, signOut } from './acts/session.ts';
import { openSite, readUserinfo, refreshAtSite, trySomeEnded, visitSite } from './acts/sites.ts';
import { acknowledged, type Calls, type Ledger, openLedger } from './ledger.ts';
import { connectLine, isTrouble } from './line.ts';
import { type Device, newDevice, type Person, surprised } from './person.ts';
import type { Stage } from './stage.ts';

/** Honest people who use an installation all the time, each doing one thing after the other. */
export interface People {
  readonly ledger: Ledger;
  /** What the protected site answered them: the verifier's calls to Portico lie behind it. */
  readonly siteCalls: Calls;
  readonly everybody: readonly Person[];
  readonly owner: Person;
  /** Waits until `more` further answers were given whose loss would be a broken word. Throws after a minute without. */
  getOn(more: number): Promise<void>;
  /** How long the machine kept people waiting for their own turn, at worst so far, in milliseconds. */
  stalled(): number;
  /** Lets everybody finish what they are at. The lines stay open. */
  stop(): Promise<void>;
  close(): void;
}

export interface PeopleOptions {
  /** 6 unless given. */
  readonly people?: number;
  readonly seed?: number;
  /** Milliseconds that each pauses between two things, and as much again by chance; 10 unless given. */
  readonly pause?: number;
}

interface Act {
  readonly weight: number;
  readonly does: (person: Person, device: Device) => Promise<unknown>;
}

/** What somebody does who is signed in. */
const ACTS: readonly Act[] = [
  { weight: 40, does: refresh },
  { weight: 12, does: readMe },
  { weight: 15, does: visitSite },
  { weight: 8, does: (person, device) => refreshAtSite(person, device, 'notes') },
  { weight: 8, does: (person, device) => refreshAtSite(person, device, 'reader') },
  { weight: 4, does: readUserinfo },
  { weight: 4, does: (person, device) => openSite(person, device, 'notes') },
  { weight: 4, does: (person, device) => openSite(person, device, 'reader') },
  { weight: 3, does: (person, device) => signOut(person, device) },
  { weight: 1, does: (person, device) => signOut(person, device, { everywhere: true }) },
  { weight: 1, does: changePassword },
  { weight: 1, does: signUp },
  { weight: 3, does: typeCode },
  { weight: 3, does: trySomeEnded },
];
const FIRST_PASSWORD = 'correct horse battery staple';
const PATIENCE = 60_000;
/** Nobody signs up twice before the letter to the first one has come, and few letters a network are allowed. */
const SIGN_UPS = 4;

/** Signs everybody up through the front door, and lets them begin. */
export async function letPeopleIn(stage: Stage, { people = 6, seed = 1, pause = 10 }: PeopleOptions = {}): Promise<People> {
  const ledger = openLedger();
  const line = connectLine(stage.port, ledger.calls);
  // Asked apart: what the site answers is no answer of Portico's.
  const siteCalls = openLedger().calls;
  const toSite = connectLine(stage.site.port, siteCalls);
  let addresses = 0;
  const newBrowser = (): Browser => {
    addresses += 1;
    const address = `198.${18 + Math.floor(addresses / 62_500)}.${Math.floor(addresses / 250) % 250}.${(addresses % 250) + 1}`;
    return new Browser(line.app, { now: Date.now }, { address, origin: stage.origin });
  };
  const everybody = Array.from({ length: people + 1 }, (_, index): Person => {
    const name = index === 0 ? 'owner' : `person${index}`;
    const laptop = newDevice(newBrowser());
    const account = { email: `${name}@example.com`, password: FIRST_PASSWORD, maybe: null, retired: [], browser: laptop.browser };
    const random = seededRandom(seed * 1000 + index);
    return { name, stage, ledger, line, toSite, random, newBrowser, account, laptop, phone: newDevice(newBrowser()), signUps: [] };
  });
  const [owner, ...others] = everybody;
  if (owner === undefined) throw new Error('there is no owner');
  await becomeOwner(owner);
  await Promise.all(others.map(enter));
  ledger.accounts.push(...everybody.map(({ account }) => account));

  const state = { over: false };
  const delays = monitorEventLoopDelay();
  delays.enable();
  const living = everybody.map(async (person) => {
    while (!state.over) {
      // A defect of the driver must not look like silence.
      await live(person).catch((error: unknown) => surprised(person, 'wrong', 'live', error instanceof Error ? (error.stack ?? '') : ''));
      await sleep(pause * (1 + person.random()));
    }
  });
  return {
    ledger,
    siteCalls,
    everybody,
    owner,
    async getOn(more) {
      const until = acknowledged(ledger) + more;
      const deadline = performance.now() + PATIENCE;
      while (acknowledged(ledger) < until) {
        if (performance.now() > deadline) throw new Error(`nobody gets on: ${JSON.stringify(ledger.surprises.slice(-3))}`);
        await sleep(10);
      }
    },
    stalled: () => Math.round(delays.max / 1e6),
    async stop() {
      state.over = true;
      await Promise.all(living);
      delays.disable();
    },
    close() {
      line.close();
      toSite.close();
    },
  };
}

/** Signs up, types the code, and is signed in at both sites and on the second device. */
async function enter(person: Person): Promise<void> {
  const { account, laptop, phone } = person;
  const { email, password } = account;
  const begun = await atLast(() => laptop.browser.call('signUp', { email, password, keep: true }));
  if (begun.status !== 200) throw new Error(`${email} cannot sign up: ${begun.status} ${begun.text}`);
  person.ledger.letters.push({ to: email, withCode: true });
  const deadline = performance.now() + PATIENCE;
  while (codeFor(person, email) === null) {
    if (performance.now() > deadline) throw new Error(`no letter came to ${email}`);
    await sleep(20);
  }
  const opened = await atLast(() => laptop.browser.call('verifySignIn', { securityCode: codeFor(person, email) }));
  if (opened.status !== 200) throw new Error(`${email} is not let in: ${opened.status} ${opened.text}`);
  laptop.state = 'in';
  await openSite(person, laptop, 'notes');
  await openSite(person, laptop, 'reader');
  // The second device is the same browser, carried to another place: the account knows it.
  for (const [name, cookie] of laptop.browser.jar) if (name.includes('device')) phone.browser.jar.set(name, cookie);
  await signIn(person, phone);
}

/** While the nodes warm up on a busy machine they may ask people to come again. */
async function atLast(ask: () => Promise<Answered>): Promise<Answered> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (!isTrouble(answer) || performance.now() > deadline) return answer;
    await sleep(500);
  }
}

/** One thing. */
async function live(person: Person): Promise<void> {
  const device = person.random() < 0.7 ? person.laptop : person.phone;
  if (device.state === 'unsure') return makeSure(person, device);
  if (device.state === 'out') return signIn(person, device);
  if (person.name === 'owner' && device === person.laptop && person.random() < 0.2) return allowRange(person);
  const { does } = choose(person);
  if (does === signUp && person.signUps.length >= SIGN_UPS) return refresh(person, device);
  await does(person, device);
}

function choose({ random }: Person): Act {
  let left = random() * ACTS.reduce((sum, { weight }) => sum + weight, 0);
  return ACTS.find(({ weight }) => (left -= weight) < 0) ?? { weight: 0, does: refresh };
}

/** Mulberry32: small, seeded, good enough to mix. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
