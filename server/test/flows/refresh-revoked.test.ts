import assert from 'node:assert/strict';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import { actions, claimsOf, refreshByBody, sessionOf, withNative } from '../families.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { inWorld, PASSWORD } from '../world.ts';

/** Refreshes that meet a sign-out, a hold or a suspension on their way: no token is given for what is over. */

const ROTATION = 'update refresh_tokens set gen';

inWorld('a refresh that returns after the sign-out puts its cookies back and resurrects nothing', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const late = await browser.refresh({ lose: true });
  assert.equal((await browser.act('signOut')).status, 204);
  assert.equal(browser.refreshToken, '');
  browser.receive(late);
  assert.notEqual(browser.refreshToken, '');
  assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
  for (const call of ['me', 'mySessions'] as const) assert.equal((await browser.call(call)).body.error, 'signed_out');
  assert.equal((await browser.refresh()).body.error, 'session_ended');
  assert.equal((await browser.act('extendHard')).body.error, 'session_ended');
  assert.equal((await browser.call('extendSoft')).body.error, 'session_ended');
  assert.equal((await refreshByBody(world, native, 'space-snake')).body.error, 'session_ended');
  // Signing in again is not disturbed by what lies around.
  assert.equal((await browser.signIn('ada@example.com', PASSWORD)).status, 200);
  assert.equal((await browser.call('me')).status, 200);
});

inTappedWorld('a sign-out between the rotation and its answer wins: no token leaves', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const other = browser.copy();
  tap.after(ROTATION, async () => {
    assert.equal((await other.act('signOut')).status, 204);
  });
  const answer = await browser.refresh();
  assert.equal(answer.body.error, 'session_ended', answer.text);
  assert.deepEqual(answer.setCookies, []);
  assert.equal((await refreshByBody(world, native, 'space-snake')).body.error, 'session_ended');
});

inWorld('a refresh that is faster than the sign-out beside it gives a token that is revoked with the rest', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const rotated = await refreshHonestly(browser, attempts);
  const racing = browser.copy();
  const [answer, out] = await Promise.all([refreshHonestly(browser, attempts), racing.act('signOut')]);
  assert.equal(out.status, 204);
  assert.ok(answer.body['kind'] === 'rotated' || answer.body.error === 'session_ended', answer.text);
  for (const { body } of [rotated, answer]) {
    if (body['kind'] === 'rotated') assert.ok(world.deps.revoked.isRevoked(claimsOf(body['accessToken'])));
  }
  assert.equal((await refreshHonestly(browser, attempts)).body.error, 'session_ended');
});

inTappedWorld('a hold between the rotation and its answer is answered as held', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const { id } = await sessionOf(world, browser);
  const thief = browser.copy();
  await browser.refresh();
  const owner = browser.copy();
  tap.after(ROTATION, async () => {
    assert.equal((await thief.refresh()).body.error, 'session_held');
  });
  const answer = await owner.refresh();
  assert.equal(answer.body.error, 'session_held', answer.text);
  assert.equal((await sessionOf(world, browser)).id, id);
  assert.equal((await sessionOf(world, browser)).state, 'held');
});

inTappedWorld('a hold that meets a sign-out leaves the session revoked, whichever comes first', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const [thief, owner] = [browser.copy(), browser.copy()];
  await browser.refresh();
  // The theft is seen, and the owner signs out before it is acted upon.
  tap.after('from refresh_tokens where id', async () => {
    assert.equal((await owner.act('signOut')).status, 204);
  });
  assert.equal((await thief.refresh()).body.error, 'session_ended');
  assert.equal((await sessionOf(world, browser)).state, 'revoked');
  assert.equal((await world.mails()).length, 1, 'nobody is told of a theft that no longer matters');

  const held = await world.signedUp('bob@example.com');
  const copy = held.copy();
  await held.refresh();
  await copy.refresh();
  assert.equal((await held.act('signOut')).status, 204);
  assert.equal((await copy.refresh()).body.error, 'session_ended');
});

inWorld('a role is read again at every refresh', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const roleAfterRefresh = async () => {
    const answer = await browser.refresh();
    const { role } = claimsOf(answer.body['accessToken']);
    assert.equal((answer.body['user'] as { role: string }).role, role);
    return role;
  };
  assert.equal(await roleAfterRefresh(), 'user');
  await world.deps.db.all("update users set role = 'admin'");
  assert.equal(await roleAfterRefresh(), 'admin');
  await world.deps.db.all("update users set role = 'support'");
  const attempt = browser.newAttempt();
  await browser.refresh({ attempt, lose: true });
  await world.deps.db.all("update users set role = 'user'");
  const replayed = await browser.refresh({ attempt });
  assert.equal(replayed.body['kind'], 'replayed');
  assert.equal(claimsOf(replayed.body['accessToken']).role, 'user');
});

inTappedWorld('a role that falls between the rotation and its answer is in the token already', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  await world.deps.db.all("update users set role = 'admin'");
  tap.after(ROTATION, async () => {
    await world.deps.db.all("update users set role = 'user'");
  });
  assert.equal(claimsOf((await browser.refresh()).body['accessToken']).role, 'user');
});

inWorld(
  'a suspended user gets session_ended from rotation, replay and peek, and comes back when the suspension is lifted',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const attempt = browser.newAttempt();
    await browser.refresh({ attempt, lose: true });
    await world.deps.db.all('update users set suspended_at = $1', [world.deps.now()]);
    assert.equal((await browser.refresh({ attempt })).body.error, 'session_ended');
    assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });
    assert.equal((await browser.call('me')).body.error, 'signed_out');
    assert.equal((await browser.signIn('ada@example.com', PASSWORD)).body.error, 'wrong_credentials');
    await world.deps.db.all('update users set suspended_at = null');
    assert.equal((await browser.refresh({ attempt })).body['kind'], 'replayed');
  },
);

inWorld('ten sign-outs of one session at once write one revocation and one event', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { id } = await sessionOf(world, browser);
  const copies = Array.from({ length: 10 }, () => browser.copy());
  await Promise.all(copies.map((copy) => copy.act('signOut')));
  const revocations = await world.deps.db.all('select subject from revocations');
  assert.deepEqual(
    revocations.map((row) => row['subject']),
    [id],
  );
  assert.equal((await actions(world)).filter((action) => action === 'session.ended').length, 1);
});
