import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { openVault } from '../../src/keys/open-vault.ts';
import { loadKeyring } from '../../src/keys/rotate-keys.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { linkHash, parseAttempt, parseRefreshToken, ringSlot } from '../../src/sessions/refresh-chain.ts';
import { findFamily } from '../../src/sessions/refresh-token.ts';
import { findSession } from '../../src/sessions/session.ts';
import type { Answered, Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../databases.ts';
import { attemptOf } from '../model/history.ts';
import { PASSWORD } from '../world.ts';
import { inHouse, refreshCookieOf, tally } from './house.ts';
import { connectOverHttp, type Wire } from './over-http.ts';
import { freePort, type ServerPlace, startServer } from './server-process.ts';

const CLIENTS = 12;
/** Requests of one client that are under way at the same time, as from its tabs. */
const TABS = 2;
const STORM_WITHIN = 30_000;

/** A browser whose tabs share cookies and a store of attempts. */
interface Client {
  readonly browser: Browser;
  readonly attempts: Map<number, string>;
  /** Every token that arrived, by generation. */
  readonly acknowledged: Map<number, string>;
}

forEachFreshDatabase('kill -9 in the middle of a refresh storm loses no acknowledged token and signs nobody out', async (fresh, t) => {
  const database = await fresh();
  const port = await freePort();
  const wire = connectOverHttp(port);
  const { clients, masterKey } = await signInClients(database, `http://localhost:${port}`, wire);
  const place = { port, where: database.where, masterKey };
  // From here on the server has the database to itself, as in real life: SQLite recovers when the first process opens it again.
  await database.db.close();
  const times = rounds(3, 20);
  const seen: string[] = [];
  const began = performance.now();
  try {
    for (let round = 1; round <= times; round += 1) {
      await killInTheStorm(place, clients, seen);
      // Not every time, or it would be we who recover the database and never the server.
      if (round % 2 === 0) await nothingIsLost(place, clients);
    }
    await everybodyGetsOn(place, clients);
    await nothingIsLost(place, clients);
  } finally {
    wire.close();
  }
  t.diagnostic(
    `${times} kills, ${acknowledgedBy(clients)} acknowledged tokens: ${tally(seen)}, ${Math.round(performance.now() - began)} ms`,
  );
});

async function killInTheStorm(place: ServerPlace, clients: readonly Client[], seen: string[]): Promise<void> {
  const server = await startServer(place);
  try {
    const storm = { over: false };
    const raging = clients.map((client) => rage(client, storm, seen));
    await untilAcknowledged(clients, acknowledgedBy(clients) + 3 * CLIENTS);
    await sleep(Math.random() * 100);
    await server.kill();
    storm.over = true;
    await Promise.all(raging);
  } finally {
    await server.kill();
  }
}

/** Each with the attempt that it has stored. */
async function everybodyGetsOn(place: ServerPlace, clients: readonly Client[]): Promise<void> {
  const server = await startServer(place);
  try {
    for (const client of clients) {
      const answer = await refreshPatiently(client);
      assert.equal(answer.status, 200, `an honest client was signed out: ${answer.text}`);
      assert.equal((await client.browser.call('session')).body['status'], 'VERIFIED');
    }
  } finally {
    await server.kill();
  }
}

async function refreshPatiently(client: Client): Promise<Answered> {
  for (let tries = 1; ; tries += 1) {
    const answer = await refreshOnce(client);
    if ((answer.status !== 409 && answer.status !== 503) || tries === 5) return answer;
  }
}

async function signInClients(fresh: FreshDatabase, origin: string, wire: Wire): Promise<{ clients: readonly Client[]; masterKey: Buffer }> {
  return inHouse(
    fresh,
    async ({ world, masterKey }) => {
      const browsers = [await world.signedUp('ada@example.com')];
      for (let more = 1; more < CLIENTS; more += 1) {
        const browser = world.browser();
        assert.equal((await browser.signIn('ada@example.com', PASSWORD)).status, 200);
        browsers.push(browser);
      }
      const clients = browsers.map((browser) => {
        browser.app = wire.app;
        return { browser, attempts: new Map<number, string>(), acknowledged: new Map([[browser.gen, browser.refreshToken]]) };
      });
      return { clients, masterKey };
    },
    { origin },
  );
}

async function refreshOnce(client: Client): Promise<Answered> {
  const { browser } = client;
  const answer = await browser.refresh({ attempt: attemptOf(client, browser.gen) });
  if (answer.status === 200) client.acknowledged.set(Number(answer.body['gen']), refreshCookieOf(answer));
  return answer;
}

function acknowledgedBy(clients: readonly Client[]): number {
  return clients.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
}

/** So that every kill comes into the middle of a storm, on a slow machine too. */
async function untilAcknowledged(clients: readonly Client[], many: number): Promise<void> {
  const deadline = Date.now() + STORM_WITHIN;
  while (acknowledgedBy(clients) < many) {
    assert.ok(Date.now() < deadline, 'no storm comes up');
    await sleep(5);
  }
}

/** Refreshes without a pause in every tab, until the server is gone. */
async function rage(client: Client, storm: { over: boolean }, seen: string[]): Promise<void> {
  const tab = async (): Promise<void> => {
    while (!storm.over) {
      const answer = await refreshOnce(client).catch(() => null);
      seen.push(answer === null ? 'broken connections' : (answer.body.error ?? String(answer.body['kind'])));
      if (answer === null) return;
      // Too busy for this one, or another tab was faster: an honest client comes back.
      assert.ok([200, 409, 503].includes(answer.status), `an honest client was answered ${answer.status} ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: TABS }, tab));
}

/** Every acknowledged token is the current one, or one step behind it by an attempt that its client has stored. */
async function nothingIsLost(
  { where, masterKey }: ServerPlace & { readonly masterKey: Buffer },
  clients: readonly Client[],
): Promise<void> {
  const db = openDatabase(where);
  const vault = await openVault({ db, now: Date.now, config: { masterKey } });
  const keys = await loadKeyring({ db, now: Date.now, vault });
  for (const { acknowledged, attempts } of clients) {
    const newest = Math.max(...acknowledged.keys());
    const token = parseRefreshToken(keys, acknowledged.get(newest) ?? '');
    assert.ok(token !== null);
    const family = await findFamily(db, token.familyId);
    assert.ok(family !== null && family.state === 'active');
    assert.equal((await findSession(db, family.sessionId))?.state, 'active');
    if (family.gen === newest) assert.equal(family.curHash, linkHash(token.secret));
    else {
      assert.equal(family.gen, newest + 1, `generation ${newest} was acknowledged, the row is at ${family.gen}`);
      assert.equal(ringSlot(family.ring, 1), parseAttempt(attempts.get(newest) ?? '')?.slot, 'a rotation by nobody');
    }
  }
  // Nor was there any loss that the server made up for, nor any false alarm.
  const alarms = ['refresh.ahead', 'refresh.reuse', 'session.held'];
  const events = await db.all('select action from events where action in ($1, $2, $3)', alarms);
  assert.deepEqual(events, []);
  await db.close();
}
