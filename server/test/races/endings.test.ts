import assert from 'node:assert/strict';
import { findUser } from '../../src/accounts/user.ts';
import type { Answered, Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { PASSWORD } from '../world.ts';
import { assertConsistent, assertNoDeadlock } from './consistency.ts';
import { type House, inHouse, signInOf, tally } from './house.ts';
import { type NodeProcess, withNodes } from './nodes.ts';

const PROCESSES = 2;
const BROWSERS = 8;

/** Everything that ends sessions, and a refresh in between. Each browser does all of them at once. */
const ACTS: readonly ((browser: Browser) => Promise<Answered>)[] = [
  (browser) => browser.act('signOut', {}),
  (browser) => browser.act('signOut', { everywhere: true }),
  (browser) => browser.act('mySessions', undefined, { method: 'DELETE' }),
  (browser) => browser.act('myPassword', { currentPassword: PASSWORD, newPassword: PASSWORD }),
];

/** What a browser may hear whose session ends while it asks. Never 500. */
const ALLOWED = new Set([200, 204, 400, 401, 409, 429, 503]);

forEachFreshDatabase(
  'thirty-two parallel sign-outs and password changes over two processes end in one consistent state',
  async (fresh, t) => {
    const database = await fresh();
    const seen: string[] = [];
    const began = performance.now();
    const times = rounds(3, 50);
    await inHouse(database, async (house) => {
      await withNodes(PROCESSES, { where: database.where, masterKey: house.masterKey }, async (nodes) => {
        for (let round = 0; round < times; round += 1) seen.push(...(await endEverything(house, nodes, round)));
      });
      await assertNoDeadlock(database.db);
    });
    t.diagnostic(`${times} rounds of ${BROWSERS * ACTS.length} endings: ${tally(seen)}, ${Math.round(performance.now() - began)} ms`);
  },
);

async function endEverything(house: House, nodes: readonly NodeProcess[], round: number): Promise<readonly string[]> {
  const { world } = house;
  const email = `ada${round}@example.com`;
  // Each round in a household of its own: the limits of a network are not what is tried here, and a new network would be unusual.
  const at = (host: number) => ({ address: `10.0.${round}.${host}` });
  const browsers = [await world.signedUp(email, at(1))];
  while (browsers.length < BROWSERS) {
    const browser = world.browser(at(browsers.length + 1));
    assert.equal((await browser.signIn(email, PASSWORD)).body['status'], 'VERIFIED');
    browsers.push(browser);
  }
  const [first] = browsers;
  assert.ok(first !== undefined);
  const { userId } = (await signInOf(house, first)).family;
  const answers = await Promise.all(
    browsers.flatMap((browser, index) =>
      ACTS.map(async (act, which) => {
        const twin = browser.copy();
        twin.app = nodes[(index + which) % nodes.length]?.browser().app ?? twin.app;
        return { which, answer: await act(twin), twin };
      }),
    ),
  );
  for (const { answer } of answers) assert.ok(ALLOWED.has(answer.status), `${answer.status} ${answer.text}`);

  const words = answers.map(({ answer }) => answer.body.error ?? String(answer.status));
  const { db } = world.deps;
  await assertConsistent(db);
  // Every change that was acknowledged counted once. One that was refused as unavailable may have happened.
  const changed = answers.filter(({ which, answer }) => which === 3 && answer.status === 200).length;
  const unclear = answers.filter(({ which, answer }) => which === 3 && answer.status === 503).length;
  const uv = (await findUser(db, userId))?.uv ?? 0;
  assert.ok(uv >= 1 + changed && uv <= 1 + changed + unclear, `${changed} changes, user version ${uv}`);
  // A change ends everything that was before, and leaves one session; whatever came later may have ended that too.
  const alive = await db.all("select id from sessions where user_id = $1 and state = 'active'", [userId]);
  assert.ok(alive.length <= 1, `${alive.length} sessions are alive`);
  // What a busy machine refused to do was not done.
  if (words.includes('unavailable')) return words;
  for (const browser of browsers) assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT', 'an old sign-in lives');
  return words;
}
