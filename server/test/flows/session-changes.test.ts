import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import type { Browser } from '../browser.ts';
import { forEachDatabase } from '../databases.ts';
import { actions, claimsOf, refreshByBody, sessionOf, sidOf, withNative } from '../families.ts';
import { heldClock, inWorld, MINUTE, openWorld, PASSWORD, type World } from '../world.ts';

/** What ends sessions on purpose: sign-out, another sign-in, a new password; and what each of them leaves alone. */

const EMAIL = 'ada@example.com';
const NEW_PASSWORD = 'another horse battery staple';

async function signedIn(world: World, password = PASSWORD): Promise<Browser> {
  const browser = world.browser();
  assert.equal((await browser.signIn(EMAIL, password)).status, 200);
  return browser;
}

async function assertOut(browser: Browser, bearer: string): Promise<void> {
  assert.equal((await browser.refresh()).body.error, 'session_ended');
  assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
  for (const call of ['me', 'mySessions'] as const) {
    assert.equal((await browser.call(call, undefined, { headers: { authorization: `Bearer ${bearer}` } })).body.error, 'signed_out');
  }
}

inWorld('a password change ends every session, this one too, and gives this browser a new one', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const native = await withNative(world, browser);
  const other = world.browser();
  const otherBearer = String((await other.signIn(EMAIL, PASSWORD)).body['accessToken']);
  const copy = browser.copy();
  const bearer = String((await browser.refresh()).body['accessToken']);
  const before = await sessionOf(world, browser);
  const oldCsrf = browser.csrf;
  world.clock.advance(MINUTE);
  const changed = await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD });
  assert.equal(changed.status, 200, changed.text);

  const after = await sessionOf(world, browser);
  assert.notEqual(after.id, before.id);
  assert.equal(sidOf(changed), after.id);
  assert.equal(claimsOf(changed.body['accessToken']).uv, claimsOf(bearer).uv + 1);
  assert.equal((await browser.call('me')).status, 200);
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
  await assertOut(copy, bearer);
  await assertOut(other, otherBearer);
  assert.equal((await refreshByBody(world, native, 'space-snake')).body.error, 'session_ended');
  const [living] = await world.deps.db.all("select count(*) as n from sessions where state = 'active'");
  assert.equal(living?.['n'], 1);
  assert.equal((await browser.call('mySessions')).body['items'] instanceof Array, true);
  const refused = await browser.call('signOut', {}, { headers: { [HEADERS.csrf]: oldCsrf } });
  assert.equal(refused.body.error, 'csrf_failed', 'the CSRF token of the old session is worth nothing');
  assert.equal((await world.browser().signIn(EMAIL, PASSWORD)).body.error, 'wrong_credentials');
  assert.equal((await world.browser().signIn(EMAIL, NEW_PASSWORD)).status, 200);
});

inWorld('of ten password changes at once one wins, and one session is left', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const tabs = Array.from({ length: 10 }, () => browser.copy());
  const answers = await Promise.all(
    tabs.map((tab, n) => tab.act('myPassword', { currentPassword: PASSWORD, newPassword: `${NEW_PASSWORD} ${n}` })),
  );
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
  assert.equal((await actions(world)).filter((action) => action === 'password.changed').length, 1);
  const [living] = await world.deps.db.all("select count(*) as n from sessions where state = 'active'");
  assert.equal(living?.['n'], 1);
});

forEachDatabase('a password that was changed while it was being checked opens nothing', async (open) => {
  const db = await open();
  const clock = heldClock();
  const world = await openWorld(db, { clock });
  const owner = await world.signedUp(EMAIL);
  let meanwhile: (() => Promise<void>) | null = async () => {
    const changed = await owner.act('myPassword', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD });
    assert.equal(changed.status, 200, changed.text);
  };
  const { hasher } = world.deps;
  const slow = await openWorld(db, {
    clock,
    deps: {
      hasher: {
        ...hasher,
        verify: async (stored, typed) => {
          const right = await hasher.verify(stored, typed);
          const act = meanwhile;
          meanwhile = null;
          await act?.();
          return right;
        },
      },
    },
  });
  try {
    const late = await slow.browser().signIn(EMAIL, PASSWORD);
    assert.equal(meanwhile, null);
    assert.equal(late.body.error, 'wrong_credentials', late.text);
    const [living] = await db.all("select count(*) as n from sessions where state = 'active'");
    assert.equal(living?.['n'], 1);
    assert.equal((await owner.refresh()).body['kind'], 'rotated');
  } finally {
    await slow.close();
    await world.close();
  }
});

inWorld("signing in ends the session that the browser's cookies named, and no other", async (world) => {
  const browser = await world.signedUp(EMAIL);
  const other = await signedIn(world);
  const copy = browser.copy();
  const bearer = String((await browser.refresh()).body['accessToken']);
  const { id } = await sessionOf(world, browser);
  const again = await browser.signIn(EMAIL, PASSWORD);
  assert.notEqual(sidOf(again), id);
  await assertOut(copy, bearer);
  const [row] = await world.deps.db.all('select state, ended_reason from sessions where id = $1', [id]);
  assert.deepEqual({ ...row }, { state: 'revoked', ended_reason: 'signed_in_again' });
  assert.equal((await other.refresh()).body['kind'], 'rotated');

  // Also when somebody else signs in here, and when a code completes a sign-up here.
  const mine = await sessionOf(world, browser);
  await browser.call('signUp', { email: 'bob@example.com', password: PASSWORD });
  assert.equal((await sessionOf(world, browser)).state, 'active', 'a sign-up that waits ends nothing');
  assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor('bob@example.com') })).status, 200);
  const [former] = await world.deps.db.all('select state from sessions where id = $1', [mine.id]);
  assert.equal(former?.['state'], 'revoked');
  assert.equal((await browser.call('me')).body['email'], 'bob@example.com');
});

inWorld('a sign-in that fails ends nothing', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const failed = await browser.signIn(EMAIL, 'a wrong password entirely');
  assert.equal(failed.status, 401);
  assert.deepEqual(failed.setCookies, []);
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
});

inWorld('a sign-out ends this browser on all sites; everywhere ends all browsers; both may be repeated', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const native = await withNative(world, browser);
  const bearer = String((await browser.refresh()).body['accessToken']);
  const [second, third] = [await signedIn(world), await signedIn(world)];
  const bystander = await world.signedUp('bob@example.com');
  const copy = browser.copy();
  for (let time = 0; time < 2; time += 1) assert.equal((await browser.act('signOut')).status, 204);
  await assertOut(copy, bearer);
  assert.equal((await refreshByBody(world, native, 'space-snake')).body.error, 'session_ended');
  for (const still of [second, third]) assert.equal((await still.refresh()).body['kind'], 'rotated');

  const remains = third.copy();
  assert.equal((await second.act('signOut', { everywhere: true })).status, 204);
  assert.equal((await remains.refresh()).body.error, 'session_ended');
  assert.equal((await third.call('me')).body.error, 'signed_out');
  assert.equal((await bystander.refresh()).body['kind'], 'rotated');
});

inWorld('an old cookie of a living session still signs it out, with a CSRF token that fits', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const old = browser.copy();
  for (let n = 0; n < 6; n += 1) await browser.refresh();
  assert.equal((await old.call('signOut')).body.error, 'csrf_failed');
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  assert.equal((await old.act('signOut')).status, 204);
  assert.equal((await browser.refresh()).body.error, 'session_ended');
});

inWorld('a CSRF token of another session, even of the same user, opens nothing', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const other = await signedIn(world);
  const stranger = await world.signedUp('bob@example.com');
  const calls = ['signOut', 'extendHard', 'myPassword', 'mySession'] as const;
  const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
  const { id } = await sessionOf(world, browser);
  for (const token of [other.csrf, stranger.csrf, '', undefined, browser.csrf.slice(0, -1), `${browser.csrf}A`]) {
    for (const call of calls) {
      const options = { headers: { [HEADERS.csrf]: token }, params: { id } };
      const answer = await browser.call(call, call === 'myPassword' ? body : {}, options);
      assert.equal(answer.status, 403, `${call} with ${token}`);
      assert.equal(answer.body.error, 'csrf_failed');
      assert.deepEqual(answer.setCookies, []);
    }
  }
  assert.equal((await browser.act('extendHard')).status, 200);
});

inWorld('a bearer header that proves nothing does not stand in for the CSRF token of a cookie', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const stranger = await world.signedUp('bob@example.com');
  const foreign = String((await stranger.refresh()).body['accessToken']);
  for (const bearer of ['A'.repeat(40), foreign]) {
    const headers = { authorization: `Bearer ${bearer}`, [HEADERS.csrf]: undefined };
    const hard = await browser.call('extendHard', {}, { headers });
    assert.equal(hard.body.error, 'csrf_failed', hard.text);
  }
  const headers = { authorization: `Bearer ${'A'.repeat(40)}`, [HEADERS.csrf]: undefined };
  assert.equal((await browser.call('signOut', {}, { headers })).body.error, 'csrf_failed');
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  // One that proves something needs none: no stranger's page can send it.
  const own = String((await browser.refresh()).body['accessToken']);
  const program = world.browser();
  const bare = { origin: undefined, 'sec-fetch-site': undefined, authorization: `Bearer ${own}` };
  assert.equal((await program.call('signOut', {}, { headers: bare })).status, 204);
  assert.equal((await browser.refresh()).body.error, 'session_ended');
});
