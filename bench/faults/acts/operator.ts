import { type Staff, staffAt } from '../../../server/test/admin/staff.ts';
import { isTrouble } from '../line.ts';
import { heard, type Person, patiently, surprised } from '../person.ts';
import { haveAccess } from './session.ts';

/** The owner of the installation, at the admin page's API. */

let allowed = 0;

export async function becomeOwner(person: Person): Promise<void> {
  const { account, laptop, stage } = person;
  const token = new URL(stage.setupLink).hash.slice(1);
  const body = { token, email: account.email, password: account.password, displayName: 'Owner' };
  const answer = await patiently(person, () => heard(laptop.browser.call('setup', body)));
  if (answer?.status !== 200) throw new Error(`nobody became the owner: ${answer?.status} ${answer?.text}`);
  laptop.state = 'in';
}

export function operatorOf({ laptop, account }: Person): Staff {
  return staffAt(laptop.browser, '', account.email);
}

/** A range of addresses that is never suspended: said twice it is the same. */
export async function allowRange(person: Person): Promise<void> {
  if (!(await haveAccess(person, person.laptop))) return;
  allowed += 1;
  const network = `203.0.${Math.floor(allowed / 250)}.${allowed % 250}/32`;
  const answer = await patiently(person, () => heard(operatorOf(person).act('allowNetwork', { network, note: 'an office' })));
  if (answer?.status === 204) person.ledger.ranges.push(network);
  else if (!isTrouble(answer)) surprised(person, answer.status === 401 ? 'turned_away' : 'wrong', 'allow a range', answer);
}
