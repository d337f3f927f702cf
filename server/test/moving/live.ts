import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Whereabouts } from '../../src/platform/open-database.ts';
import type { Browser } from '../browser.ts';
import type { FreshDatabase } from '../databases.ts';
import { attemptOf } from '../model/history.ts';
import { type Ended, runPortico } from '../portico-process.ts';
import { inHouse } from '../races/house.ts';
import { connectOverHttp, type Wire } from '../races/over-http.ts';
import { PASSWORD } from '../world.ts';

/** People who use a server while its database is moved away under it. */

export interface Person {
  readonly browser: Browser;
  readonly email: string;
  readonly attempts: Map<number, string>;
  /** The newest name that a server has acknowledged. */
  name: string;
  readonly seen: string[];
}

export interface Crowd {
  readonly people: readonly Person[];
  readonly masterKey: Buffer;
  readonly wire: Wire;
}

/** Signed in at a server of this port, which need not run yet. */
export async function signInCrowd(fresh: FreshDatabase, port: number, count: number): Promise<Crowd> {
  const wire = connectOverHttp(port);
  return inHouse(
    fresh,
    async ({ world, masterKey }) => {
      const people: Person[] = [];
      for (let n = 0; n < count; n += 1) {
        const email = `person${n}@example.com`;
        const browser = await world.signedUp(email, { password: PASSWORD });
        browser.app = wire.app;
        people.push({ browser, email, attempts: new Map(), name: '', seen: [] });
      }
      return { people, masterKey, wire };
    },
    { origin: originOf(port) },
  );
}

export function originOf(port: number): string {
  return `http://localhost:${port}`;
}

export interface Use {
  over: boolean;
}

/** Refreshes and changes their name until it is over. Any answer but these would be a sign-out, or a lie. */
export async function useUntilOver(person: Person, use: Use): Promise<void> {
  for (let n = 1; !use.over; n += 1) {
    const { browser } = person;
    const refreshed = await browser.refresh({ attempt: attemptOf(person, browser.gen) }).catch(() => null);
    person.seen.push(refreshed === null ? 'no connection' : `refresh ${refreshed.status}`);
    if (refreshed !== null) assert.ok([200, 409, 503].includes(refreshed.status), `an honest browser was answered ${refreshed.text}`);
    const name = `name ${n} of ${person.email}`;
    const changed = await browser.act('me', { displayName: name }, { method: 'PATCH' }).catch(() => null);
    if (changed?.status === 200) person.name = name;
    person.seen.push(changed === null ? 'no connection' : `change ${changed.status}`);
    if (changed !== null) assert.ok([200, 503].includes(changed.status), `a change was answered ${changed.status} ${changed.text}`);
    await sleep(5);
  }
}

/** Still signed in, by the next refresh, and nothing that was acknowledged is missing. */
export async function assertNothingLost({ people }: Crowd): Promise<void> {
  for (const person of people) {
    const { browser } = person;
    const refreshed = await browser.refresh({ attempt: attemptOf(person, browser.gen) });
    assert.equal(refreshed.status, 200, `${person.email} was signed out: ${refreshed.text}`);
    const me = await browser.call('me');
    assert.ok(person.name !== '', 'nothing was ever acknowledged');
    assert.equal(me.body['displayName'], person.name, 'an acknowledged change is lost');
  }
}

export async function portico(where: Whereabouts, masterKey: Buffer, args: readonly string[]): Promise<Ended> {
  return runPortico(args, environmentOf(where, masterKey));
}

export function environmentOf({ databaseUrl, dataDir }: Whereabouts, masterKey: Buffer): Record<string, string> {
  return {
    NODE_ENV: 'test',
    PORTICO_MASTER_KEY: masterKey.toString('base64url'),
    PORTICO_DATABASE_URL: databaseUrl,
    ...(dataDir === '' ? {} : { PORTICO_DATA_DIR: dataDir }),
  };
}

/** As `--to` takes it. */
export function destinationOf({ databaseUrl, dataDir }: Whereabouts): string {
  return databaseUrl === '' ? `sqlite:${dataDir}` : databaseUrl;
}

export async function until(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await isTrue()); await sleep(5))
    assert.ok(Date.now() < deadline, `it never came to this: ${what}`);
}
