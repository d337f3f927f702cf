import { isTrouble } from '../line.ts';
import { heard, type Person, patiently, surprised } from '../person.ts';

/** Sign-ups, which wait for a letter, and what an operator does. */

let made = 0;

/** Whoever does not know whether it went through takes another address: the letter of this one may come or not. */
export async function signUp(person: Person): Promise<void> {
  made += 1;
  const waiting = { browser: person.newBrowser(), email: `${person.name}-${made}@example.com`, password: `correct horse battery ${made}` };
  const { email, password } = waiting;
  const answer = await heard(waiting.browser.call('signUp', { email, password, keep: true }));
  if (isTrouble(answer)) return;
  if (answer.status !== 200) return surprised(person, 'wrong', 'sign up', answer);
  person.ledger.letters.push({ to: email, withCode: true });
  person.signUps.push(waiting);
}

/** The oldest sign-up whose letter has come. Answers whether there was one. */
export async function typeCode(person: Person): Promise<boolean> {
  const ready = person.signUps.find(({ email }) => codeFor(person, email) !== null);
  if (ready === undefined) return false;
  const { browser, email, password } = ready;
  const securityCode = codeFor(person, email);
  const answer = await patiently(person, () => heard(browser.call('verifySignIn', { securityCode })));
  if (isTrouble(answer)) return true;
  person.signUps.splice(person.signUps.indexOf(ready), 1);
  // The code was taken by a call whose answer was lost, or it was not: signing in tells.
  const opened = answer.status === 200 ? answer : await patiently(person, () => heard(browser.signIn(email, password)));
  if (opened?.status === 200) person.ledger.accounts.push({ email, password, maybe: null, retired: [], browser });
  else if (!isTrouble(opened)) surprised(person, 'wrong', 'type the code', opened);
  return true;
}

export function codeFor({ stage }: Pick<Person, 'stage'>, email: string): string | null {
  const letter = stage.mail.letters.findLast(
    ({ recipients, message }) => recipients.includes(email) && /\b\d{8}\b/.test(message.text ?? ''),
  );
  return /\b\d{8}\b/.exec(letter?.message.text ?? '')?.[0] ?? null;
}
