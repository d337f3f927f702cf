import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { insertIdentity } from '../../src/accounts/identity.ts';
import type { Browser } from '../browser.ts';
import { actions, withNative } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { tablesWithUser } from '../schema.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** An account is deleted: by its owner, on purpose, wholly, and the address is free again. */

const EMAIL = 'ada@example.com';
const remove = (browser: Browser, confirm: string = EMAIL) => browser.act('me', { confirm }, { method: 'DELETE' });

async function users(world: World): Promise<number> {
  return (await world.deps.db.all('select id from users')).length;
}

inWorld('deleting needs a fresh proof and the own address, typed in any case; anything else deletes nothing', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await world.signedUp('eve@example.com');
  for (const confirm of ['eve@example.com', 'ada', 'ada@example.com.', 'DELETE']) {
    const wrong = await remove(browser, confirm);
    assert.deepEqual(
      [wrong.status, wrong.body.error, wrong.body['fields']],
      [400, 'invalid_fields', { confirm: 'confirm_differs' }],
      confirm,
    );
  }
  assert.equal((await browser.act('me', undefined, { method: 'DELETE' })).status, 400, 'nothing typed');
  world.clock.advance(11 * MINUTE);
  await browser.refresh();
  const late = await remove(browser);
  assert.deepEqual([late.status, late.body.error], [403, 'fresh_signin_required']);
  assert.equal(await users(world), 2);
  assert.equal((await browser.act('myProof', { password: PASSWORD })).status, 204);
  assert.equal((await remove(browser, ' Ada@Example.com ')).status, 204);
  assert.equal(await users(world), 1);
  assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
});

inWorld('every row with the user’s id goes, every token dies, a letter says so, and other accounts stay as they were', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const eve = await world.signedUp('eve@example.com');
  const native = await withNative(world, browser);
  const bearer = String((await browser.refresh()).body['accessToken']);
  const userId = String((await browser.call('me')).body['id']);
  const tokens = { accessToken: 'at', refreshToken: null, expiresAt: null };
  await insertIdentity(world.deps.db, world.deps, {
    provider: 'github',
    subject: '1',
    userId,
    label: 'ada',
    tokens,
    now: world.clock.now(),
  });
  const elsewhere = world.browser();
  await elsewhere.signIn(EMAIL, PASSWORD);
  assert.equal((await remove(browser)).status, 204);

  for (const table of tablesWithUser()) {
    const left = await world.deps.db.all(`select * from ${table} where user_id = $1`, [userId]);
    if (table === 'events') continue;
    assert.deepEqual(left, [], table);
  }
  assert.deepEqual(await world.deps.db.all('select * from users where id = $1', [userId]), []);
  const headers = { authorization: `Bearer ${bearer}` };
  assert.equal((await world.browser().call('me', undefined, { headers })).body.error, 'signed_out');
  assert.equal((await world.browser().call('mySessions', undefined, { headers })).body.error, 'signed_out', 'no bare signature either');
  assert.equal((await elsewhere.refresh()).body.error, 'refresh_invalid');
  assert.equal((await elsewhere.call('mySessions')).body.error, 'signed_out');
  const game = await world.browser().call('refresh', { refreshToken: native, clientId: 'space-snake' });
  assert.equal(game.body.error, 'refresh_invalid');
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials');
  const [letter] = await world.mails();
  assert.deepEqual([letter?.to, letter?.subject], [EMAIL, 'Your account at localhost:4000 was deleted']);
  assert.equal((await eve.call('me')).body['email'], 'eve@example.com');
});

inWorld('the log keeps what happened and says of nobody any more: no address, no browser, no name', async (world) => {
  const browser = await world.signedUp(EMAIL, { address: '203.0.113.77', userAgent: 'Mozilla/5.0 (Ada’s own browser)' });
  await browser.act('me', { displayName: 'Ada Lovelace' }, { method: 'PATCH' });
  for (let n = 0; n < 12; n += 1) await world.browser().signIn(EMAIL, 'wrong horse battery staple');
  assert.ok((await actions(world)).includes('signin.throttled'));
  const before = (await actions(world)).length;
  assert.equal((await remove(browser)).status, 204);
  const rows = await world.deps.db.all('select * from events order by at, id');
  assert.equal(rows.length, before + 1);
  assert.ok(rows.some((row) => row['action'] === 'account.deleted'));
  const text = JSON.stringify(rows);
  for (const personal of ['203.0.113', 'own browser', EMAIL, 'Lovelace']) assert.ok(!text.includes(personal), personal);
});

inWorld('whoever had the address signs up again as somebody new, with nothing of the old account', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await browser.act('me', { displayName: 'Ada' }, { method: 'PATCH' });
  const old = (await browser.call('me')).body['id'];
  await remove(browser);
  const again = await world.signedUp(EMAIL, { password: 'another horse battery staple' });
  const me = (await again.call('me')).body;
  assert.notEqual(me['id'], old);
  assert.equal(me['displayName'], '');
  const activity = (await again.call('myActivity')).body['items'] as readonly { action: string }[];
  assert.deepEqual(activity.map(({ action }) => action).sort(), ['signup.completed', 'signup.started']);
});

inWorld('of twenty parallel deletions one deletes, and the others are told that the sign-in has ended', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const answers = await Promise.all(Array.from({ length: 20 }, () => remove(browser.copy())));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  for (const { status, body } of answers)
    assert.ok(status === 204 || ['session_ended', 'signed_out'].includes(body.error ?? ''), `${body.error}`);
  assert.equal((await world.mails()).filter(({ subject }) => subject.includes('was deleted')).length, 1);
});

inWorld(
  'a deletion against twenty sign-ins and refreshes in both orders: nobody is left signed in to an account that is gone',
  async (world) => {
    const browser = await world.signedUp(EMAIL);
    const others = Array.from({ length: 10 }, () => world.browser());
    // Ten tabs of one browser, so one attempt: with ten it would be ten holders of one token, and held before it is deleted.
    const attempt = browser.newAttempt();
    const [, ...answers] = await Promise.all([
      remove(browser),
      ...others.map((one) => one.signIn(EMAIL, PASSWORD)),
      ...Array.from({ length: 10 }, () => browser.copy().refresh({ attempt })),
    ]);
    assert.ok(
      answers.every(({ status }) => status < 500),
      JSON.stringify(answers.map(({ status, body }) => [status, body.error])),
    );
    assert.equal(await users(world), 0);
    assert.deepEqual(await world.deps.db.all("select id from sessions where state <> 'unverified'"), []);
    for (const one of others) assert.notEqual((await one.call('session')).body['status'], 'VERIFIED');
  },
);

onTwoNodes('on another node a bare signature of a deleted user is refused when that node has read of it', async (first, second) => {
  const browser = await first.signedUp(EMAIL);
  const bearer = String((await browser.refresh()).body['accessToken']);
  const ask = () => second.browser().call('mySessions', undefined, { headers: { authorization: `Bearer ${bearer}` } });
  assert.equal((await ask()).status, 200);
  await remove(browser);
  for (let waited = 0; waited < 30_000 && (await ask()).status === 200; waited += 100) await sleep(100);
  assert.equal((await ask()).body.error, 'signed_out');
});
