import { setTimeout as sleep } from 'node:timers/promises';
import { COOKIES } from '@portico/protocol/cookies';
import type { Action } from '@portico/protocol/events';
import type { Answered, Browser } from '../../server/test/browser.ts';
import { operatorOf } from './acts/operator.ts';
import { haveAccess } from './acts/session.ts';
import { backend, redeem } from './acts/sites.ts';
import type { Account, Ledger } from './ledger.ts';
import { isTrouble } from './line.ts';
import { heard, type Person, patiently } from './person.ts';

/** Single entries of the ledger, asked for at the installation's own routes. Each answers sentences about what is not as it was told. */

/** Every account opens with the newest password that was told, or with one whose change was in doubt; to no older one. */
export async function checkAccounts(person: Person, accounts: readonly Account[]): Promise<{ lost: string[]; undone: string[] }> {
  const lost: string[] = [];
  const undone: string[] = [];
  for (const { email, password, maybe, retired, browser } of accounts) {
    const answers: string[] = [];
    for (const one of [password, ...(maybe === null ? [] : [maybe])]) answers.push(await said(signIn(person, browser, email, one)));
    if (!answers.some((one) => one.startsWith('200'))) lost.push(`the account of ${email}: ${answers.join(', ')}`);
    const old = retired.at(-1);
    if (old !== undefined && (await said(signIn(person, browser, email, old))).startsWith('200'))
      undone.push(`the old password of ${email}`);
  }
  return { lost, undone };
}

/** In a browser that the account knows and that is signed in nowhere. */
async function signIn(person: Person, known: Browser, email: string, password: string): Promise<Answered | null> {
  const browser = person.newBrowser();
  for (const [name, cookie] of known.jar) if (name.endsWith(COOKIES.device)) browser.jar.set(name, cookie);
  return patiently(person, () => heard(browser.signIn(email, password)));
}

export async function findLostRanges(owner: Person, { ranges }: Ledger): Promise<string[]> {
  await haveAccess(owner, owner.laptop);
  const { allowed } = await operatorOf(owner).see('suspensions');
  const there = new Set(allowed.map(({ network }) => network));
  return ranges.filter((range) => !there.has(range)).map((range) => `the range ${range} that is never suspended`);
}

/** At least one letter for each that was promised. */
export async function findLostLetters({ stage }: Person, { letters }: Ledger, patience: number): Promise<string[]> {
  const deadline = performance.now() + patience;
  for (;;) {
    const come = tallyOf(stage.mail.letters.map(({ recipients, message }) => `${recipients[0] ?? ''} ${hasCode(message.text)}`));
    const missing = [...tallyOf(letters.map(({ to, withCode }) => `${to} ${withCode}`))].filter(
      ([what, many]) => (come.get(what) ?? 0) < many,
    );
    if (missing.length === 0) return [];
    if (performance.now() > deadline) return missing.map(([what]) => `a letter to ${what.split(' ')[0] ?? ''}`);
    await sleep(100);
  }
}

/** The same bytes to the same address: sent again, because nobody knew that it had arrived. */
export function countDoubledLetters({ stage }: Person): number {
  const bodies = tallyOf(stage.mail.letters.map(({ recipients, message }) => JSON.stringify([recipients, message.subject, message.text])));
  return [...bodies.values()].reduce((sum, times) => sum + times - 1, 0);
}

export async function findEvents(owner: Person, action: Action): Promise<string[]> {
  await haveAccess(owner, owner.laptop);
  const { items } = await operatorOf(owner).see('audit', { query: { action, limit: '100' } });
  return items.map(({ user, reason, at }) => `${action} ${user?.email ?? ''} ${reason ?? ''} ${new Date(at).toISOString()}`);
}

/** Whatever was told to have ended opens nothing: neither in the browser nor for the backend of a site. */
export async function findUndoneEndings(person: Person, { endings }: Ledger): Promise<string[]> {
  const undone: string[] = [];
  for (const { who, why, jar, siteRefreshToken } of endings) {
    const answer = await said(patiently(person, () => heard(jar.refresh())));
    if (answer.startsWith('200')) undone.push(`${who} ${why}, and the cookie still refreshes`);
    if (siteRefreshToken === null) continue;
    const atSite = await said(patiently(person, () => heard(backend(person, 'refresh', { refreshToken: siteRefreshToken }))));
    if (atSite.startsWith('200')) undone.push(`${who} ${why}, and the site still refreshes`);
  }
  return undone;
}

/** Last of all: a code that comes again ends what was made of it. */
export async function findCodesTaken(person: Person, { codes }: Ledger): Promise<string[]> {
  const taken: string[] = [];
  for (const { site, ...code } of codes)
    if ((await said(patiently(person, () => heard(redeem(person, site, code))))).startsWith('200'))
      taken.push(`a code of ${site.id} a second time`);
  return taken;
}

/** Events of failed tries that nobody made. */
export async function findCountedFailures(owner: Person, { doubtfulTries }: Ledger): Promise<string[]> {
  const failed = await findEvents(owner, 'signin.failed');
  const others = await Promise.all(
    (['signin.throttled', 'network.suspended', 'code.wrong', 'password.refused'] as const).map((one) => findEvents(owner, one)),
  );
  return [...(failed.length > doubtfulTries ? failed : []), ...others.flat()];
}

async function said(asked: Promise<Answered | null>): Promise<string> {
  const answer = await asked;
  return isTrouble(answer) ? 'no answer' : `${answer.status} ${answer.text.slice(0, 80)}`;
}

function hasCode(text: string | undefined): boolean {
  return /\b\d{8}\b/.test(text ?? '');
}

function tallyOf(words: readonly string[]): Map<string, number> {
  const tally = new Map<string, number>();
  for (const word of words) tally.set(word, (tally.get(word) ?? 0) + 1);
  return tally;
}
