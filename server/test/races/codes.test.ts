import assert from 'node:assert/strict';
import { TRIES } from '../../src/guessing/security-code.ts';
import type { Answered, Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { PASSWORD } from '../world.ts';
import { type House, inHouse, tally } from './house.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 2;
const RIGHT_CODES = 32;
const WRONG_CODES = 64;
const EXPECTED = new Set(['VERIFIED', 'code_expired', 'wrong_code', 'account_throttled', 'unavailable']);

forEachFreshDatabase('thirty-two parallel right codes over two processes open exactly one session', async (fresh, t) => {
  await withBothNodes(await fresh(), async (house, browsersOf) => {
    const seen: string[] = [];
    const began = performance.now();
    const times = rounds(3, 50);
    for (let round = 0; round < times; round += 1) {
      const email = `ada${round}@example.com`;
      const browsers = browsersOf(await signUp(house, email, round));
      const securityCode = await house.world.codeFor(email);
      const answers = await Promise.all(shared(browsers, RIGHT_CODES).map((browser) => browser.call('verifySignIn', { securityCode })));
      seen.push(...answers.map(wordOf));
      const words = answers.map(wordOf);
      for (const word of words) assert.ok(EXPECTED.has(word), word);
      // On a machine that is too busy it may be none.
      const opened = words.filter((word) => word === 'VERIFIED').length;
      assert.ok(opened === 1 || (opened === 0 && words.includes('unavailable')), tally(words));
      if (opened === 0) continue;
      const { db } = house.world.deps;
      const users = await db.all('select id from users where email = $1', [email]);
      assert.equal(users.length, 1);
      const sessions = await db.all("select id from sessions where user_id = $1 and state = 'active'", [users[0]?.['id'] ?? '']);
      assert.equal(sessions.length, 1);
      const families = await db.all("select id from refresh_tokens where user_id = $1 and state = 'active'", [users[0]?.['id'] ?? '']);
      assert.equal(families.length, 1);
    }
    t.diagnostic(`${times} rounds of ${RIGHT_CODES} right codes: ${tally(seen)}, ${Math.round(performance.now() - began)} ms`);
  });
});

forEachFreshDatabase(
  'of sixty-four parallel wrong codes over two processes at most five are looked at, and then the right one is dead',
  async (fresh, t) => {
    await withBothNodes(await fresh(), async (house, browsersOf) => {
      const seen: string[] = [];
      const began = performance.now();
      const times = rounds(3, 50);
      for (let round = 0; round < times; round += 1) {
        const email = `eve${round}@example.com`;
        const browsers = browsersOf(await signUp(house, email, round));
        const right = await house.world.codeFor(email);
        const answers = await Promise.all(
          shared(browsers, WRONG_CODES).map((browser, index) => browser.call('verifySignIn', { securityCode: wrongCode(right, index) })),
        );
        seen.push(...answers.map(wordOf));
        const evaluated = answers.filter((answer) => wordOf(answer) === 'wrong_code');
        assert.ok(evaluated.length <= TRIES && evaluated.length > 0, tally(answers.map(wordOf)));
        const left = evaluated.map(({ body }) => body['triesLeft']);
        assert.equal(new Set(left).size, left.length, 'each try is counted once');
        const late = await Promise.all(browsers.map((browser) => browser.call('verifySignIn', { securityCode: right })));
        for (const answer of late) assert.notEqual(answer.status, 200, 'the right code worked after five wrong ones');
        assert.deepEqual(await house.world.deps.db.all('select id from users where email = $1', [email]), []);
      }
      t.diagnostic(`${times} rounds of ${WRONG_CODES} wrong codes: ${tally(seen)}, ${Math.round(performance.now() - began)} ms`);
    });
  },
);

/** Two processes; `browsersOf` gives a browser once for each, so that its requests reach both. */
async function withBothNodes(
  fresh: Parameters<typeof inHouse>[0],
  body: (house: House, browsersOf: (browser: Browser) => readonly Browser[]) => Promise<void>,
): Promise<void> {
  await inHouse(fresh, async (house) => {
    await withNodes(PROCESSES, { where: fresh.where, masterKey: house.masterKey }, async (nodes) => {
      await body(house, (browser) =>
        nodes.map((node) => {
          const twin = browser.copy();
          twin.app = node.browser().app;
          return twin;
        }),
      );
    });
  });
}

/** From a wider network of its own each time, or the limits of one network would answer. */
async function signUp({ world }: House, email: string, round: number): Promise<Browser> {
  const browser = world.browser({ address: `10.0.${round}.1` });
  assert.equal((await browser.call('signUp', { email, password: PASSWORD })).status, 200);
  return browser;
}

function shared(browsers: readonly Browser[], count: number): readonly Browser[] {
  return Array.from({ length: count }, (_, index) => browsers[index % browsers.length] as Browser);
}

function wrongCode(right: string, index: number): string {
  return String((Number(right) + 1 + index) % 100_000_000).padStart(8, '0');
}

function wordOf({ status, body }: Answered): string {
  return status === 200 ? String(body['status']) : (body.error ?? String(status));
}
