import assert from 'node:assert/strict';
import { commandLine } from '../../src/cli/command-line.ts';
import { dropChainKey } from '../../src/keys/drop-key.ts';
import { reloadKeyring, rotateKeys } from '../../src/keys/rotate-keys.ts';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import { parseRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import { addClient, familyOf, grantClient, refreshByBody, sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { HOUR, MINUTE, PASSWORD } from '../world.ts';

/** Several processes on one database, with their own clocks and their own copies of the keys. */

onTwoNodes('two processes that share one store rotate a token once between them, and give the same answer', async (first, second) => {
  const browser = await first.signedUp('ada@example.com');
  for (let round = 1; round <= 3; round += 1) {
    const attempt = browser.newAttempt();
    const elsewhere = browser.copy();
    elsewhere.app = second.app;
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? browser : elsewhere).refresh({ attempt })));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
    assert.equal(answers.filter((answer) => answer.body['kind'] === 'rotated').length, 1);
    assert.equal(elsewhere.refreshToken, browser.refreshToken);
    assert.equal((await familyOf(first, browser)).gen, round);
  }
});

for (const skew of [-4_000, 4_000]) {
  onTwoNodes(
    `a client that walks between two nodes is not signed out when the clock of one is ${skew / 1000} s off`,
    async (first, second) => {
      const browser = await first.signedUp('ada@example.com');
      const attempts: Attempts = new Map();
      for (let step = 0; step < 8; step += 1) {
        browser.app = step % 2 === 0 ? second.app : first.app;
        const lost = await refreshHonestly(browser, attempts, { lose: step % 3 === 0 });
        assert.equal(lost.status, 200, lost.text);
        browser.app = step % 2 === 0 ? first.app : second.app;
        assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
        assert.equal((await browser.call('me')).status, 200);
        const again = await refreshHonestly(browser, attempts);
        assert.equal(again.status, 200, again.text);
        assert.equal((await browser.act('extendHard')).status, 200);
      }
      browser.app = second.app;
      assert.equal((await browser.act('signOut')).status, 204);
      browser.app = first.app;
      assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
    },
    { skew },
  );

  onTwoNodes(
    `the family that was just made is never the one that makes room, even on a clock that is ${skew / 1000} s off`,
    async (first, second) => {
      const browser = await first.signedUp('ada@example.com');
      const { id } = await sessionOf(first, browser);
      await addClient(first, 'space-snake');
      for (let n = 0; n < 4; n += 1) await grantClient(first, id, 'space-snake');
      const newest = await grantClient(second, id, 'space-snake');
      assert.equal((await refreshByBody(second, newest ?? '', 'space-snake')).status, 200);
    },
    { skew },
  );
}

onTwoNodes('a sign-out at one node is known at the other with its next reading of the revocations', async (first, second) => {
  const browser = await first.signedUp('ada@example.com');
  const copy = browser.copy();
  copy.app = second.app;
  assert.equal((await copy.call('mySessions')).status, 200);
  await browser.act('signOut');
  await readRevocations(second.deps, NOTHING_READ);
  assert.equal((await copy.call('mySessions')).body.error, 'signed_out');
  assert.equal((await copy.refresh()).body.error, 'session_ended');
});

onTwoNodes(
  'a revocation from a node whose clock is far behind is found with the next reading of the whole set, half a minute later at most',
  async (ahead, behind) => {
    const own = await ahead.signedUp('bob@example.com');
    await own.act('signOut');
    let mark = await readRevocations(ahead.deps, NOTHING_READ);
    const browser = await behind.signedUp('ada@example.com');
    const copy = browser.copy();
    copy.app = ahead.app;
    await browser.act('signOut');
    mark = await readRevocations(ahead.deps, mark);
    assert.equal((await copy.call('mySessions')).status, 200, 'written below the mark');
    ahead.clock.advance(29_999);
    mark = await readRevocations(ahead.deps, mark);
    assert.equal((await copy.call('mySessions')).status, 200);
    ahead.clock.advance(1);
    await readRevocations(ahead.deps, mark);
    assert.equal((await copy.call('mySessions')).body.error, 'signed_out');
  },
  { skew: -15_000 },
);

onTwoNodes(
  'a key roll in the middle of a retry changes nothing: a family keeps its key, a new one takes the new key',
  async (first, second) => {
    const browser = await first.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    const keyOf = (token: string) => parseRefreshToken(first.deps.keys, token)?.keyId;
    const lost = await refreshHonestly(browser, attempts, { lose: true });
    const rolled = await rotateKeys(first.deps, commandLine(first.deps));
    await reloadKeyring(first.deps);
    assert.equal(rolled.chainKeyId, 1);

    // Published to one node only, and not current yet.
    browser.app = second.app;
    const retried = await refreshHonestly(browser, attempts, { lose: true });
    assert.equal(retried.body['kind'], 'replayed');
    assert.equal(retried.setCookies[0]?.split(';')[0], lost.setCookies[0]?.split(';')[0]);
    assert.equal(keyOf((await first.signedUp('bob@example.com')).refreshToken), 0);

    first.clock.advance(MINUTE);
    await reloadKeyring(second.deps);
    browser.app = first.app;
    assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'replayed');
    const fresh = await first.signedUp('eve@example.com');
    assert.equal(keyOf(fresh.refreshToken), 1);
    fresh.app = second.app;
    assert.equal((await fresh.refresh()).body['kind'], 'rotated');
    assert.equal(keyOf(fresh.refreshToken), 1);
    first.clock.advance(HOUR);
    assert.equal((await refreshHonestly(browser, attempts)).body['kind'], 'rotated');
    assert.equal(keyOf(browser.refreshToken), 0);
  },
);

onTwoNodes('a dropped key ends its families without holding anybody, and whoever has another key stays', async (first, second) => {
  const victim = await first.signedUp('ada@example.com');
  await rotateKeys(first.deps, commandLine(first.deps));
  first.clock.advance(MINUTE);
  for (const node of [first, second]) await reloadKeyring(node.deps);
  const bystander = await first.signedUp('bob@example.com');

  const from = { requestId: 'r', address: '', userAgent: 'portico' };
  assert.deepEqual(await dropChainKey(first.deps, from, 0), { kind: 'dropped', families: 1 });
  victim.app = second.app;
  const known = await victim.refresh();
  assert.equal(known.body.error, 'session_ended');
  assert.deepEqual(known.setCookies, []);
  for (const node of [first, second]) await reloadKeyring(node.deps);
  // A node that has forgotten the key cannot even tell a genuine token from garbage.
  assert.equal((await victim.refresh()).body.error, 'refresh_invalid');
  assert.deepEqual((await victim.call('session')).body, { status: 'SIGNED_OUT' });
  assert.equal((await bystander.refresh()).body['kind'], 'rotated');
  assert.equal((await first.mails()).filter((mail) => mail.to === 'ada@example.com').length, 1);
  assert.equal((await victim.signIn('ada@example.com', PASSWORD)).body['status'], 'VERIFIED');
});
