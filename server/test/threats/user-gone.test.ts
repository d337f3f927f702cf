import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { refreshByBody, withNative } from '../families.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** When the user is suspended or gone, everything that spoke for the user is dead. */

const EMAIL = 'ada@example.com';

/** Everything that Ada holds, in each state that it can be in. */
async function everythingOf(world: World) {
  const browser = await world.signedUp(EMAIL);
  const native = await withNative(world, browser);
  const bearer = String((await browser.refresh()).body['accessToken']);
  const held = world.browser();
  await held.signIn(EMAIL, PASSWORD);
  await held.copy().refresh();
  await held.refresh();
  await held.call('resendCode');
  return { browser, native, bearer, held, code: await world.codeFor(EMAIL) };
}

async function requireDead(world: World, { browser, native, bearer, held, code }: Awaited<ReturnType<typeof everythingOf>>): Promise<void> {
  // `retry`: a copy of a token that another one has spent a moment ago. It is given nothing.
  const dead = ['session_ended', 'refresh_invalid', 'signed_out', 'code_expired', 'retry'];
  const answers = [
    await browser.copy().refresh(),
    await browser.copy().act('extendHard'),
    await browser.copy().call('extendSoft'),
    await refreshByBody(world, native, 'space-snake'),
    await browser.call('me'),
    await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${bearer}` } }),
    await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }),
    await held.call('verifySignIn', { securityCode: code }),
  ];
  for (const [n, answered] of answers.entries())
    assert.ok(dead.includes(answered.body.error ?? '') && answered.setCookies.length === 0, `${n}: ${answered.text}`);
  for (const one of [browser, held]) {
    const page = await one.copy().send('GET', PAGES.dashboard, undefined, { headers: { accept: 'text/html' } });
    assert.ok(page.status === 303 && !page.text.includes(EMAIL), page.text.slice(0, 200));
    assert.equal((await one.copy().call('session')).body['user'], undefined);
  }
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials');
  const [living] = await world.deps.db.all(
    "select count(*) as n from sessions where state = 'active' and user_id in (select id from users where suspended_at is null)",
  );
  assert.equal(living?.['n'], 0);
}

inWorld('a user who is suspended can neither refresh nor read nor return from a hold, in any browser or game', async (world) => {
  const all = await everythingOf(world);
  await world.deps.db.all('update users set suspended_at = $1', [world.clock.now()]);
  await requireDead(world, all);
});

inWorld('with a user every row about the user goes, and every token that was handed out is dead', async (world) => {
  const all = await everythingOf(world);
  await world.deps.db.all('delete from users');
  await requireDead(world, all);
  for (const table of ['passwords', 'devices', 'refresh_tokens'])
    assert.deepEqual(await world.deps.db.all(`select * from ${table}`), [], table);
  assert.deepEqual(await world.deps.db.all('select id from sessions where user_id is not null'), []);
  assert.equal(
    (await all.browser.call('mySessions')).body['items'] instanceof Array,
    true,
    'a bare signature still opens a list, until it expires',
  );
  assert.deepEqual((await all.browser.call('mySessions')).body['items'], [], 'and the list is empty');
  world.clock.advance(world.deps.config.accessTokenLife + 6000);
  assert.equal(
    (await all.browser.call('mySessions', undefined, { headers: { authorization: `Bearer ${all.bearer}` } })).body.error,
    'signed_out',
  );
});
