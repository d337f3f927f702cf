import { setTimeout as sleep } from 'node:timers/promises';
import { COOKIES } from '@portico/protocol/cookies';
import { attemptFor } from '../../../server/test/attempts.ts';
import { isTrouble } from '../line.ts';
import { type Device, forget, heard, noteEnding, type Person, patiently, surprised } from '../person.ts';

/** What people do with their own sign-in, by cookie. */

const ROUNDS = 6;
const MOMENT = 30;

/** One tab, or two at once with the attempt that they share. */
export async function refresh(person: Person, device: Device): Promise<void> {
  const tabs = person.random() < 0.25 ? 2 : 1;
  await Promise.all(Array.from({ length: tabs }, () => refreshTab(person, device)));
}

/** Answers whether there is a new token. */
export async function refreshTab(person: Person, device: Device): Promise<boolean> {
  const { browser, attempts } = device;
  for (let round = 0; round < ROUNDS; round += 1) {
    const answer = await patiently(person, () => heard(browser.refresh({ attempt: attemptFor(attempts, browser) })));
    if (isTrouble(answer)) return false;
    if (answer.status === 200) {
      person.ledger.rotations += 1;
      return true;
    }
    if (answer.body.error !== 'retry') {
      surprised(person, 'ended', 'refresh', answer);
      forget(device, 'out');
      return false;
    }
    await sleep(MOMENT);
  }
  return false;
}

/** An access cookie that ran out is no sign-out: a page refreshes first, and so is a 401 after this never right. */
export async function haveAccess(person: Person, device: Device): Promise<boolean> {
  return device.browser.cookie(COOKIES.access) !== undefined || refreshTab(person, device);
}

export async function readMe(person: Person, device: Device): Promise<void> {
  if (!(await haveAccess(person, device))) return;
  const answer = await patiently(person, () => heard(device.browser.call('me')));
  if (!isTrouble(answer) && answer.status !== 200) surprised(person, answer.status === 401 ? 'turned_away' : 'wrong', 'me', answer);
}

export async function signIn(person: Person, device: Device): Promise<void> {
  const { account } = person;
  for (const password of account.maybe === null ? [account.password] : [account.maybe, account.password]) {
    const answer = await patiently(person, () => heard(device.browser.signIn(account.email, password)));
    if (isTrouble(answer)) return;
    if (answer.status === 200 && answer.body['status'] === 'VERIFIED') {
      if (password === account.maybe) account.retired.push(account.password);
      account.password = password;
      account.maybe = null;
      device.attempts.clear();
      device.state = 'in';
      return;
    }
    if (answer.body.error !== 'wrong_credentials' || account.maybe === null) {
      surprised(person, 'wrong', 'sign in', answer);
      return;
    }
    person.ledger.doubtfulTries += 1;
  }
  surprised(person, 'wrong', 'sign in', 'neither the old password nor the new one is taken');
}

export async function signOut(person: Person, device: Device, { everywhere = false } = {}): Promise<void> {
  const before = device.browser.copy();
  const other = device === person.laptop ? person.phone : person.laptop;
  const othersBefore = other.browser.copy();
  const answer = await patiently(person, () => heard(device.browser.act('signOut', { everywhere })));
  if (answer?.status === 204) {
    noteEnding(person, device, everywhere ? 'signed out everywhere' : 'signed out', before);
    if (everywhere && other.state !== 'out') noteEnding(person, other, 'signed out everywhere', othersBefore);
    return;
  }
  if (!isTrouble(answer)) surprised(person, 'wrong', 'sign out', answer);
  forget(device, 'unsure');
  if (everywhere && other.state !== 'out') forget(other, 'unsure');
}

/** A change of the password ends every session; this browser gets a new one with the answer. */
export async function changePassword(person: Person, device: Device): Promise<void> {
  if (!(await haveAccess(person, device))) return;
  const { account } = person;
  const other = device === person.laptop ? person.phone : person.laptop;
  const [before, othersBefore] = [device.browser.copy(), other.browser.copy()];
  const next = `a fresh battery staple ${account.retired.length} ${Math.floor(person.random() * 1e9)}`;
  // Not tried again by itself: who does not know whether a password was changed looks first.
  const answer = await heard(device.browser.act('myPassword', { currentPassword: account.password, newPassword: next }));
  if (answer?.status === 200) {
    account.retired.push(account.password);
    account.password = next;
    person.ledger.letters.push({ to: account.email, withCode: false });
    noteEnding(person, device, 'password changed', before);
    device.attempts.clear();
    device.state = 'in';
    if (other.state !== 'out') noteEnding(person, other, 'password changed', othersBefore);
    return;
  }
  if (!isTrouble(answer)) surprised(person, answer.status === 401 ? 'turned_away' : 'wrong', 'change password', answer);
  account.maybe = next;
  forget(device, 'unsure');
  if (other.state !== 'out') forget(other, 'unsure');
}

/** Who does not know how it stands signs out, which can be said twice, and in again. */
export async function makeSure(person: Person, device: Device): Promise<void> {
  const answer = await patiently(person, () => heard(device.browser.act('signOut')));
  if (isTrouble(answer)) return;
  if (answer.status !== 204) surprised(person, 'wrong', 'sign out again', answer);
  device.state = 'out';
}
