import { ADMIN_ACTS, ADMIN_FORMS, ADMIN_PREFIX, ADMIN_READS, type AdminAct, type AdminScreenName } from '@portico/protocol/admin';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { fillPath } from '@portico/protocol/routes';
import type { Role } from '@portico/protocol/tokens';
import type { AdminContents } from '@portico/ui/admin-views';
import type { Row } from '../../src/platform/db.ts';
import type { Answered, Browser } from '../browser.ts';
import type { World } from '../world.ts';

/** Somebody who works here, at the admin page and at its API. */

export interface Staff {
  readonly browser: Browser;
  readonly id: string;
  readonly email: string;
  read(name: AdminScreenName, asked?: Asked): Promise<Answered>;
  /** The content of a screen; throws unless it is answered. */
  see<Name extends AdminScreenName>(name: Name, asked?: Asked): Promise<AdminContents[Name]>;
  act(name: AdminAct, body?: object, params?: Readonly<Record<string, string>>): Promise<Answered>;
  /** A screen as a document. */
  page(address: string): Promise<Answered>;
  /** The plain form of an act. */
  submit(name: AdminAct, fields: Readonly<Record<string, string>>, params?: Readonly<Record<string, string>>): Promise<Answered>;
}

export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** Signed in a moment ago, with a fresh proof therefore. */
export async function staff(world: World, role: Role = 'owner', email = `${role}@staff.example`): Promise<Staff> {
  const browser = await world.signedUp(email);
  const [row] = await world.deps.db.all('update users set role = $2 where email_key = $1 returning id', [email, role]);
  return staffAt(browser, (row as Row)['id'] as string, email);
}

export function staffAt(browser: Browser, id: string, email: string): Staff {
  const read: Staff['read'] = (name, { params = {}, query = {} } = {}) => {
    const search = new URLSearchParams(query).toString();
    return browser.send('GET', ADMIN_PREFIX + fillPath(ADMIN_READS[name], params) + (search === '' ? '' : `?${search}`));
  };
  return {
    browser,
    id,
    email,
    read,
    see: async (name, asked) => {
      const answer = await read(name, asked);
      if (answer.status !== 200) throw new Error(`${name} answered ${answer.status} ${answer.text}`);
      return answer.body as never;
    },
    act: (name, body = {}, params = {}) =>
      browser.send('POST', ADMIN_PREFIX + fillPath(ADMIN_ACTS[name], params), body, { headers: { [HEADERS.csrf]: browser.csrf } }),
    page: (address) => browser.send('GET', address, undefined, { headers: { accept: 'text/html' } }),
    submit: (name, fields, params = {}) =>
      browser.submit(ADMIN_FORMS + fillPath(ADMIN_ACTS[name], params), { [FORM_FIELDS.csrf]: browser.csrf, ...fields }),
  };
}

/** The newest event of an action, as it was written. */
export async function eventOf(world: World, action: string): Promise<Row | null> {
  const [row] = await world.deps.db.all('select * from events where action = $1 order by at desc, id desc limit 1', [action]);
  return row ?? null;
}

/** The proof that somebody gave when they signed in is this old, in milliseconds. */
export function growOlder(world: World, milliseconds: number): void {
  (world.clock as { advance(milliseconds: number): void }).advance(milliseconds);
}
