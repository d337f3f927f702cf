import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { reinstateUser, suspendUser } from '../../src/accounts/suspend-user.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { ask, redeemed, redeeming, refreshing, refusalOf } from '../oauth/ask.ts';
import { askAuthorize, askOf, locationOf } from '../oauth/asking.ts';
import { addSite, codeFor } from '../sites.ts';
import { inWorld, PASSWORD } from '../world.ts';

/** An operator shuts an account out, and lets it in again. */

const EMAIL = 'ada@example.com';
const OPERATOR = { requestId: 'operator', address: '', userAgent: 'portico' };

inWorld('a suspension is one at every site and in every browser at once, and nothing from before comes back', async (world) => {
  const [ada, phone] = [await world.signedUp(EMAIL), world.browser()];
  await phone.signIn(EMAIL, PASSWORD);
  const [notes, shop] = [await addSite(world, 'notes'), await addSite(world, 'shop')];
  const opened = [];
  for (const site of [notes, shop]) {
    const tokens = await redeemed(world, site, await codeFor(world, ada, site));
    assert.equal((await ask(world, 'introspect', site, { token: tokens.accessToken })).body['active'], true);
    opened.push({ site, ...tokens });
  }
  const given = await codeFor(world, ada, shop);
  const { userId } = await sessionOf(world, ada);
  assert.ok(userId !== null);

  const { uv } = claimsOf((await ada.refresh()).body['accessToken']);
  const done = await suspendUser(world.deps, OPERATOR, { userId, reason: 'chargebacks' });
  assert.ok(done !== null && done.ended >= 1);
  for (const { site, accessToken, refreshToken } of opened) {
    assert.deepEqual((await ask(world, 'introspect', site, { token: accessToken })).body, { active: false });
    assert.equal(refusalOf(await ask(world, 'token', site, refreshing(refreshToken))), '400 invalid_grant');
  }
  assert.equal(refusalOf(await ask(world, 'token', shop, redeeming(shop, given))), '400 invalid_grant', 'a code from just before');
  for (const browser of [ada, phone]) {
    assert.equal((await browser.call('me')).status, 401);
    assert.equal((await browser.refresh()).body.error, 'session_ended');
    assert.equal(locationOf(await askAuthorize(browser, askOf(notes))).pathname, PAGES.signIn);
  }
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials');
  assert.equal(await suspendUser(world.deps, OPERATOR, { userId }), null, 'suspended already');

  // Verifiers that hear nothing of single sessions refuse the account's older tokens by its version.
  const told = await world.deps.db.all("select minimum_uv from revocations where kind = 'sub' and subject = $1", [userId]);
  assert.deepEqual(
    told.map((row) => row['minimum_uv']),
    [uv + 1],
  );

  assert.ok(await reinstateUser(world.deps, OPERATOR, { userId }));
  assert.equal(await reinstateUser(world.deps, OPERATOR, { userId }), false, 'not suspended');
  assert.equal((await ada.refresh()).body.error, 'session_ended', 'what ended stays ended');
  assert.equal((await ada.signIn(EMAIL, PASSWORD)).body['status'], 'VERIFIED');
  const events = await world.deps.db.all(
    "select action, reason from events where action in ('user.suspended', 'user.reinstated') order by at, action desc",
  );
  assert.deepEqual(
    events.map(({ action, reason }) => [action, reason]),
    [
      ['user.suspended', 'chargebacks'],
      ['user.reinstated', null],
    ],
  );
});

inWorld('of ten sign-ins that meet a suspension none is alive afterwards', async (world) => {
  const ada = await world.signedUp(EMAIL);
  const { userId } = await sessionOf(world, ada);
  assert.ok(userId !== null);
  const suspended = suspendUser(world.deps, OPERATOR, { userId });
  await Promise.all([suspended, ...Array.from({ length: 10 }, () => ada.copy().signIn(EMAIL, PASSWORD))]);
  const alive = await world.deps.db.all("select id from sessions where user_id = $1 and state in ('active', 'unverified', 'held')", [
    userId,
  ]);
  assert.deepEqual(alive, []);
});
