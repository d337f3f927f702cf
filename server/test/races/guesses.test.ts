import assert from 'node:assert/strict';
import { GUESS_NETWORK, SIGN_IN_STRANGERS, WRONG_NETWORK } from '../../src/guessing/limits.ts';
import type { BrowserOptions } from '../browser.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { PASSWORD } from '../world.ts';
import { inHouse, tally } from './house.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 2;
const GUESSES = 1_000;

/** Guesses all at once, and how many passwords that cost. */
function guessing(
  name: string,
  most: number,
  guess: (index: number) => { readonly email: string; readonly options: BrowserOptions },
): void {
  forEachFreshDatabase(name, async (fresh, t) => {
    await inHouse(await fresh(), async ({ world, fresh: { where }, masterKey }) => {
      const owner = await world.signedUp('ada@example.com');
      await withNodes(PROCESSES, { where, masterKey }, async (nodes) => {
        const began = performance.now();
        const guesses = Promise.all(
          Array.from({ length: GUESSES }, async (_, index) => {
            const { email, options } = guess(index);
            const node = nodes[index % PROCESSES];
            return node?.browser(options).signIn(email, `wrong password number ${index}`);
          }),
        );
        const during = owner.copy().signIn('ada@example.com', PASSWORD);
        const answers = await guesses;
        const hashed = (await Promise.all(nodes.map((node) => node.ask({ kind: 'hashes' })))).reduce((sum, count) => sum + count, 0);
        const words = answers.map((answer) => String(answer?.body.error));
        assert.ok(hashed <= most, `${hashed} passwords were compared, ${most} are allowed`);
        const told = words.filter((word) => word === 'wrong_credentials').length;
        assert.ok(told <= hashed && told > 0, `${told} guesses were answered as wrong, ${hashed} were compared`);
        for (const word of words)
          assert.ok(['wrong_credentials', 'account_throttled', 'address_suspended', 'unavailable'].includes(word), word);
        // The owner, on a device that the account knows, is not locked out by it.
        // On a machine that is too busy it may be told to come again.
        const early = await during;
        assert.ok(early.body['status'] === 'VERIFIED' || early.status === 503, `while it ran: ${early.text}`);
        assert.equal((await owner.signIn('ada@example.com', PASSWORD)).body['status'], 'VERIFIED');
        // However many were under way, a network is suspended once at most.
        const suspended = await world.deps.db.all("select id from events where action = 'network.suspended'");
        const enough = told >= WRONG_NETWORK.max;
        assert.equal(suspended.length, enough ? 1 : 0);
        assert.ok(enough || most < GUESS_NETWORK.max || words.includes('unavailable'), tally(words));
        t.diagnostic(`${GUESSES} guesses, ${hashed} hashed: ${tally(words)}, ${Math.round(performance.now() - began)} ms`);
      });
    });
  });
}

guessing(
  'a thousand parallel guesses at one account from a thousand places cost at most as many hashes as are allowed',
  SIGN_IN_STRANGERS.max,
  (index) => ({ email: 'ada@example.com', options: { address: `10.${index >> 8}.${index & 255}.7` } }),
);

guessing(
  'a thousand parallel guesses from one place at a thousand accounts cost at most as many hashes as are allowed',
  GUESS_NETWORK.max,
  (index) => ({ email: `nobody${index}@example.com`, options: { address: '10.9.8.7' } }),
);

guessing(
  'a thousand parallel guesses from a thousand addresses of one IPv6 network cost what those of one place cost',
  GUESS_NETWORK.max,
  (index) => ({
    email: `nobody${index}@example.com`,
    options: { address: `2001:db8:1:2:${index.toString(16)}::${(index * 7 + 1).toString(16)}` },
  }),
);
