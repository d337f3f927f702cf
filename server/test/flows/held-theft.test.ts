import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { type Attempts, attemptFor, refreshHonestly } from '../attempts.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions, familyOf, sessionOf } from '../families.ts';
import { DAY, inWorld, MINUTE, type World } from '../world.ts';

/** The whole cookie jar was copied to a second browser: which request is held, and when. */

/** A thief's browser: everything that the victim's has, at another address, of another make. */
function stolen(victim: Browser, attempts: Attempts = new Map()): { thief: Browser; copied: Attempts } {
  const thief = victim.copy({ address: '203.0.113.66', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0' });
  return { thief, copied: new Map(attempts) };
}

function assertHeld(answer: Answered): void {
  assert.equal(answer.status, 403, answer.text);
  assert.equal(answer.body.error, 'session_held');
  assert.equal(answer.body['verifyUrl'], 'http://localhost:4000/auth/verify-signin');
  assert.deepEqual(answer.setCookies, []);
}

async function assertAllHeld(world: World, ...browsers: Browser[]): Promise<void> {
  for (const browser of browsers) {
    assertHeld(await browser.refresh());
    assert.deepEqual((await browser.call('session')).body, { status: 'HELD' });
    assert.equal((await browser.call('me')).body.error, 'signed_out');
  }
  assert.equal((await actions(world)).filter((action) => action === 'session.held').length, 1);
}

inWorld('no pending attempt copied, the thief comes first: the next request of the owner is held', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  await refreshHonestly(owner, attempts);
  const { thief, copied } = stolen(owner);
  world.clock.advance(DAY);
  // The thief is served once, and as often as it likes until the owner is back.
  for (let n = 0; n < 3; n += 1) assert.equal((await refreshHonestly(thief, copied)).body['kind'], 'rotated');
  world.clock.advance(DAY);
  assertHeld(await refreshHonestly(owner, attempts));
  await assertAllHeld(world, thief, owner);
});

inWorld('no pending attempt copied, the owner comes first: the first refresh of the thief is held', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const { thief, copied } = stolen(owner);
  await refreshHonestly(owner, attempts);
  assert.equal((await thief.call('session')).body['status'], 'VERIFIED', 'looking is not spending: readable until the owner has rotated');
  world.clock.advance(2 * MINUTE);
  assert.equal((await thief.call('session')).body.error, 'retry');
  assert.equal((await owner.call('session')).body['status'], 'VERIFIED');
  assertHeld(await refreshHonestly(thief, copied));
  await assertAllHeld(world, owner, thief);
});

for (const first of ['thief', 'owner'] as const) {
  inWorld(`a pending attempt was copied, ${first} first: one disguise, and the rotation after it is held`, async (world) => {
    const owner = await world.signedUp('ada@example.com');
    const attempts: Attempts = new Map();
    attemptFor(attempts, owner);
    const { thief, copied } = stolen(owner, attempts);
    const [one, two] =
      first === 'thief'
        ? ([() => refreshHonestly(thief, copied), () => refreshHonestly(owner, attempts)] as const)
        : ([() => refreshHonestly(owner, attempts), () => refreshHonestly(thief, copied)] as const);
    assert.equal((await one()).body['kind'], 'rotated');
    // It looks exactly like a retry, so it is answered like one.
    assert.equal((await two()).body['kind'], 'replayed');
    assert.equal(thief.refreshToken, owner.refreshToken);
    world.clock.advance(DAY);
    assert.equal((await one()).body['kind'], 'rotated');
    assertHeld(await two());
    await assertAllHeld(world, owner, thief);
  });
}

inWorld('a thief in lock-step, who copies the jar again and again, changes hands with the owner at most twice', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  attemptFor(attempts, owner);
  const { thief, copied } = stolen(owner, attempts);
  let changes = 0;
  let last = '';
  for (let step = 0; step < 8; step += 1) {
    world.clock.advance(MINUTE);
    const [name, browser, kept] = step % 2 === 0 ? (['thief', thief, copied] as const) : (['owner', owner, attempts] as const);
    const answer = await refreshHonestly(browser, kept);
    if (answer.body['kind'] !== 'rotated') continue;
    if (last !== '' && last !== name) changes += 1;
    last = name;
  }
  assert.ok(changes <= 2, `${changes} changes of hands`);
  await assertAllHeld(world, owner, thief);
});

inWorld('a refresh cookie without the device cookie it is bound to, or with another one, is held at its first use', async (world) => {
  const pendings: Attempts = new Map();
  for (const [email, device] of [
    ['ada@example.com', null],
    ['bob@example.com', 'A'.repeat(22)],
    ['eve@example.com', 'not a device cookie'],
  ] as const) {
    const owner = await world.signedUp(email);
    const { thief, copied } = stolen(owner, new Map([[0, attemptFor(pendings, owner)]]));
    if (device === null) thief.jar.delete(COOKIES.device);
    else thief.jar.set(COOKIES.device, { value: device, endsAt: null });
    // Rendered pages give nothing and hold nobody.
    assert.equal((await thief.call('session')).body.error, 'retry');
    assert.equal((await thief.call('extendSoft')).body.error, 'retry');
    assert.equal((await owner.call('session')).body['status'], 'VERIFIED');
    assertHeld(await thief.refresh({ attempt: attemptFor(copied, thief) }));
    assert.equal((await familyOf(world, owner)).gen, 0, 'the thief was given no successor');
    assertHeld(await owner.refresh({ attempt: attemptFor(pendings, owner) }));
  }
});

inWorld('the wrong device cookie is held for a replayed link and without an attempt too', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  const attempt = owner.newAttempt();
  await owner.refresh({ attempt, lose: true });
  const { thief } = stolen(owner);
  thief.jar.delete(COOKIES.device);
  assertHeld(await thief.refresh({ attempt }));

  const other = await world.signedUp('bob@example.com');
  const naked = other.copy();
  naked.jar.delete(COOKIES.device);
  assertHeld(await naked.refresh({ attempt: null }));
});

inWorld('without "keep me signed in" there is no device cookie, and a copy is held when both have refreshed', async (world) => {
  const owner = await world.signedUp('ada@example.com', { keep: false });
  assert.equal((await familyOf(world, owner)).deviceHash, null);
  const { thief, copied } = stolen(owner);
  assert.equal((await refreshHonestly(thief, copied)).body['kind'], 'rotated');
  assertHeld(await owner.refresh());
  await assertAllHeld(world, owner, thief);
});

inWorld('a copy of the jar of two sign-ins ago is ended, not held: its session is over and harms nobody', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  const { thief } = stolen(owner);
  await owner.act('signOut');
  assert.equal((await owner.signIn('ada@example.com', 'correct horse battery staple')).status, 200);
  assert.equal((await thief.refresh()).body.error, 'session_ended');
  assert.equal((await owner.refresh()).body['kind'], 'rotated');
  assert.equal((await sessionOf(world, owner)).state, 'active');
});

inWorld('ten thieves at once hold the session once: one event, one letter, one revocation', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  const thieves = Array.from({ length: 10 }, () => stolen(owner).thief);
  await owner.refresh();
  for (const answer of await Promise.all(thieves.map((thief) => thief.refresh()))) assertHeld(answer);
  assert.equal((await actions(world)).filter((action) => action === 'session.held').length, 1);
  assert.equal((await world.mails()).length, 2, 'the code of the sign-up and one notice');
  const revocations = await world.deps.db.all('select kind, subject from revocations');
  assert.deepEqual(
    revocations.map((row) => ({ ...row })),
    [{ kind: 'sid', subject: (await sessionOf(world, owner)).id }],
  );
});
