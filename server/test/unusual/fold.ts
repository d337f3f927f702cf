import { browserFamily } from '../../src/accounts/device-label.ts';
import { SIGHTING_LIFE } from '../../src/accounts/sighting.ts';
import { SIGN_IN_NOTICES, WRONG_ACCOUNT } from '../../src/guessing/limits.ts';
import { widerNetworkOf } from '../../src/guessing/network-address.ts';
import { HOLD, NOTICE, type SignInFacts } from '../../src/guessing/unusual.ts';
import { AIMS } from './population.ts';
import type { SignIn, User } from './traffic.ts';

/** The rules of devices, sightings and counters, in memory: what the nouns do with rows. `traffic.test.ts` compares the two. */

export type Outcome = 'in' | 'told' | 'asked';
export type Score = (facts: SignInFacts) => number;

export interface Judged {
  readonly signIn: SignIn;
  readonly outcome: Outcome;
  /** Whether a letter told of it: one a week for each place and family. */
  readonly letter: boolean;
}

const families = new Map<string, string>();
function familyOf(userAgent: string): string {
  const known = families.get(userAgent) ?? browserFamily(userAgent);
  families.set(userAgent, known);
  return known;
}

/** What becomes of one user's sign-ins, one after another. Who is asked and honest types the code; who is an attacker cannot. */
export function judgeUser({ signIns }: Pick<User, 'signIns'>, score: Score): Judged[] {
  const devices = new Set<string>();
  const sightings = new Map<string, number>();
  /** Until when no further letter is written. */
  const letters = new Map<string, number>();
  let lastSignInAt: number | null = null;
  let wrong = { count: 0, endsAt: 0 };
  const judged: Judged[] = [];
  for (const signIn of signIns) {
    const { at, address, userAgent, cookie, cookieAfter, keep, kind } = signIn;
    const names = [`network ${widerNetworkOf(address)}`, `browser ${familyOf(userAgent)}`] as const;
    const seen = (name: string) => (sightings.get(name) ?? Number.NEGATIVE_INFINITY) > at - SIGHTING_LIFE;
    const knownDevice = cookie !== null && devices.has(cookie);
    // What the owner mistypes on a known device is no stranger's guess.
    if (signIn.wrong > 0 && !knownDevice) {
      if (wrong.endsAt <= at) wrong = { count: 0, endsAt: at + WRONG_ACCOUNT.window };
      wrong.count += signIn.wrong;
    }
    if (kind !== 'sign-up') {
      const total = score({
        firstEver: lastSignInAt === null,
        knownDevice,
        knownNetwork: seen(names[0]),
        knownBrowser: seen(names[1]),
        wrongTries: wrong.endsAt > at ? wrong.count : 0,
        absence: at - (lastSignInAt ?? at),
        heldBefore: false,
        recoveredBefore: false,
      });
      const outcome = total >= HOLD ? 'asked' : total >= NOTICE ? 'told' : 'in';
      const letter = outcome === 'told' && (letters.get(names.join()) ?? 0) <= at;
      if (letter) letters.set(names.join(), at + SIGN_IN_NOTICES.window);
      judged.push({ signIn, outcome, letter });
    }
    // An attack is judged by what the victim left behind, not by what attacks before it did.
    if (kind !== 'sign-up' && kind !== 'honest') continue;
    if (keep && cookieAfter !== null) devices.add(cookieAfter);
    for (const name of names) sightings.set(name, at);
    lastSignInAt = at;
  }
  return judged;
}

export interface Line {
  readonly name: string;
  readonly signIns: number;
  readonly asked: number;
  readonly told: number;
  readonly letters: number;
}

const CLASSES: readonly (readonly [string, (user: User, signIn: SignIn) => boolean])[] = [
  ['honest, cookie clearers left out', ({ person }, { kind }) => kind === 'honest' && !person.clearsCookies],
  ['  living alone', ({ person }, { kind }) => kind === 'honest' && !person.clearsCookies && !person.household],
  ['  in shared households', ({ person }, { kind }) => kind === 'honest' && !person.clearsCookies && person.household],
  ['  travelling monthly', ({ person }, { kind }) => kind === 'honest' && !person.clearsCookies && person.traveller],
  [
    '  without "keep me signed in"',
    ({ person }, { kind }) => kind === 'honest' && !person.clearsCookies && person.laptop === 'without keep',
  ],
  ['cookie clearers (not counted)', ({ person }, { kind }) => kind === 'honest' && person.clearsCookies],
  ['attack: foreign', (_, { kind }) => kind === 'foreign'],
  ['attack: same country and browser', (_, { kind }) => kind === 'same country and browser'],
  ['attack: same /24 (not counted)', (_, { kind }) => kind === 'same /24'],
];

/** Shares for each class, the whole of the honest first. */
export function foldTraffic(users: readonly User[], score: Score): readonly Line[] {
  const lines = CLASSES.map(([name]) => ({ name, signIns: 0, asked: 0, told: 0, letters: 0 }));
  for (const user of users) {
    for (const { signIn, outcome, letter } of judgeUser(user, score)) {
      for (const [at, [, belongs]] of CLASSES.entries()) {
        const line = lines[at];
        if (line === undefined || !belongs(user, signIn)) continue;
        line.signIns += 1;
        if (outcome === 'asked') line.asked += 1;
        if (outcome === 'told') line.told += 1;
        if (letter) line.letters += 1;
      }
    }
  }
  return lines;
}

/** Fewer than 1 % of the honest are asked, more than 95 % of each counted kind of attack is held. */
export function meetsAims(lines: readonly Line[]): boolean {
  const share = (name: string) => {
    const line = lines.find((one) => one.name === name);
    return line === undefined ? Number.NaN : line.asked / line.signIns;
  };
  const held = ['attack: foreign', 'attack: same country and browser'].every((name) => share(name) > AIMS.held);
  return held && share('honest, cookie clearers left out') < AIMS.asked;
}

export function tableOf(lines: readonly Line[]): string {
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`.padStart(9);
  const head = `${'class'.padEnd(36)} ${'sign-ins'.padStart(9)} ${'asked'.padStart(9)} ${'noticed'.padStart(9)} ${'letters'.padStart(9)}`;
  const rows = lines.map(
    ({ name, signIns, asked, told, letters }) =>
      `${name.padEnd(36)} ${String(signIns).padStart(9)} ${percent(asked, signIns)} ${percent(told, signIns)} ${percent(letters, signIns)}`,
  );
  return [head, ...rows].join('\n');
}
