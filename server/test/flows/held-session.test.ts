import assert from 'node:assert/strict';
import { listRevocations } from '../../src/sessions/revocation.ts';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import type { Browser } from '../browser.ts';
import { actions, claimsOf, familyOf, refreshByBody, sessionOf, snapshotOf, withNative } from '../families.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { DAY, HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** A session that is held is "not signed in" everywhere, says so every time, and waits for its owner. */

const PAGE = { headers: { accept: 'text/html' } };

/** A browser whose session was just held, and the one that held it. */
async function held(
  world: World,
  email = 'ada@example.com',
  options: { keep?: boolean } = {},
  before: () => Promise<unknown> = async () => undefined,
): Promise<{ owner: Browser; thief: Browser }> {
  const owner = await world.signedUp(email, options);
  await before();
  const thief = owner.copy();
  await thief.refresh();
  assert.equal((await owner.refresh()).body.error, 'session_held');
  return { owner, thief };
}

inWorld('a held session is not signed in anywhere, gives no data, and leads back to the code page', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const bearer = String((await browser.refresh()).body['accessToken']);
  const thief = browser.copy();
  await browser.refresh();
  const jar = new Map(browser.jar);
  await thief.refresh();

  for (let time = 0; time < 3; time += 1) {
    world.clock.advance(HOUR);
    const answer = await browser.refresh();
    assert.equal(answer.status, 403);
    const { message: _, requestId: __, ...body } = answer.body;
    assert.deepEqual(body, { error: 'session_held', verifyUrl: 'http://localhost:4000/auth/verify-signin' });
    assert.deepEqual(answer.setCookies, []);
    assert.deepEqual((await browser.call('session')).body, { status: 'HELD' });
  }
  for (const call of ['extendSoft', 'extendHard'] as const) {
    const answer = await browser.act(call);
    assert.equal(answer.body.error, 'session_held', call);
    assert.equal(answer.body['verifyUrl'], 'http://localhost:4000/auth/verify-signin', call);
    assert.deepEqual(answer.setCookies, []);
  }
  for (const call of ['me', 'mySessions'] as const) {
    assert.equal((await browser.call(call)).body.error, 'signed_out');
    assert.equal(
      (await world.browser().call(call, undefined, { headers: { authorization: `Bearer ${bearer}` } })).body.error,
      'signed_out',
    );
  }
  const change = { currentPassword: PASSWORD, newPassword: 'another horse battery staple' };
  assert.equal((await browser.act('myPassword', change)).body.error, 'signed_out');
  assert.equal((await browser.act('mySession', undefined, { params: { id: claimsOf(bearer).sid } })).body.error, 'signed_out');
  for (const page of ['/dashboard', '/login', '/signup']) {
    const answer = await browser.send('GET', page, undefined, PAGE);
    assert.equal(answer.status, 303, page);
    assert.equal(answer.headers['location'], '/auth/verify-signin');
  }
  const codePage = await browser.send('GET', '/auth/verify-signin', undefined, PAGE);
  assert.equal(codePage.status, 200);
  assert.doesNotMatch(codePage.text, /ada@example\.com/);
  // Every other site that hangs from the session is held with it.
  const game = await refreshByBody(world, native, 'space-snake');
  assert.equal(game.body.error, 'session_held');
  assert.equal((await familyOf(world, native)).state, 'held');
  jar.delete('portico_tx');
  for (const [name, cookie] of jar) assert.deepEqual(browser.jar.get(name), cookie, `${name} was not touched`);
});

inWorld('holding writes the state of all families, a revocation, an event and a notice without a code', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const answer = await browser.refresh();
  const bystander = await world.signedUp('bob@example.com');
  const thief = browser.copy({ address: '203.0.113.66', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36' });
  await browser.refresh();
  await thief.refresh();

  const session = await sessionOf(world, browser);
  assert.equal(session.state, 'held');
  assert.deepEqual([(await familyOf(world, browser)).state, (await familyOf(world, native)).state], ['held', 'held']);
  const revocations = await listRevocations(world.deps.db, world.deps.now(), 0);
  assert.deepEqual(
    revocations.map(({ kind, subject, expiresAt }) => ({ kind, subject, expiresAt })),
    [{ kind: 'sid', subject: session.id, expiresAt: world.deps.now() + 16 * MINUTE }],
  );
  assert.ok(world.deps.revoked.isRevoked(claimsOf(answer.body['accessToken'])));
  assert.ok((await actions(world)).includes('session.held'));
  const [notice] = await world.mails();
  assert.equal(notice?.to, 'ada@example.com');
  assert.match(notice?.text ?? '', /Chrome on Linux/);
  assert.match(notice?.text ?? '', /\/auth\/verify-signin/);
  assert.doesNotMatch(`${notice?.subject} ${notice?.text} ${notice?.html}`, /\b\d{8}\b/);
  assert.equal((await world.deps.db.all('select * from security_codes where session_id = $1 and used_at is null', [session.id])).length, 0);
  assert.equal((await bystander.refresh()).body['kind'], 'rotated');
});

for (const [name, prepare] of [
  ['12 hours', async () => ({ wait: 12 * HOUR })],
  [
    'until the session would have ended anyway',
    async (world: World, browser: Browser) => {
      for (let step = 0; step < 10; step += 1) {
        world.clock.advance(3 * DAY - HOUR / 2);
        assert.equal((await browser.refresh()).status, 200);
      }
      return { wait: 5 * HOUR };
    },
  ],
] as const) {
  inWorld(`a held session waits ${name}, then it is ended`, async (world) => {
    const owner = await world.signedUp('ada@example.com');
    const { wait } = await prepare(world, owner);
    const thief = owner.copy();
    await thief.refresh();
    await owner.refresh();
    const { heldUntil, expiresAt } = await sessionOf(world, owner);
    assert.equal(heldUntil, world.deps.now() + wait);
    assert.ok((heldUntil ?? 0) <= expiresAt);
    const token = owner.refreshToken;
    world.clock.advance(wait - 1);
    assert.deepEqual((await owner.call('session')).body, { status: 'HELD' });
    assert.equal((await owner.call('resendCode')).status, 200);
    world.clock.advance(1);
    owner.jar.set('portico_rt', { value: token, endsAt: null });
    assert.equal((await owner.refresh({ attempt: null })).body.error, 'session_ended');
    assert.deepEqual((await owner.call('session')).body, { status: 'SIGNED_OUT' });
    const late = await owner.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
    assert.equal(late.body.error, 'code_expired');
    assert.equal((await owner.signIn('ada@example.com', PASSWORD)).status, 200);
  });
}

inWorld('"this was not me" and "use another account" end the held session, and only that', async (world) => {
  for (const [email, path] of [
    ['ada@example.com', 'not-me'],
    ['bob@example.com', 'other-account'],
  ] as const) {
    const elsewhere = world.browser();
    const { owner, thief } = await held(world, email, {}, () => elsewhere.signIn(email, PASSWORD));
    const session = await sessionOf(world, owner);
    const page = await owner.send('GET', '/auth/verify-signin', undefined, PAGE);
    const formToken = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const gone = await owner.submit(`/auth/verify-signin/${path}`, { form_token: formToken });
    assert.equal(gone.status, 303, gone.text);
    assert.equal(gone.headers['location'], '/login');
    assert.equal(owner.refreshToken, '');
    assert.notEqual(owner.cookie('portico_device'), undefined, 'the known device stays known');
    const rows = await world.deps.db.all('select state, ended_reason from sessions where id = $1', [session.id]);
    assert.deepEqual({ ...rows[0] }, { state: 'revoked', ended_reason: path.replace('-', '_') });
    assert.equal((await thief.refresh()).body.error, 'session_ended');
    assert.equal((await elsewhere.refresh()).body['kind'], 'rotated');
    assert.ok((await actions(world)).includes('signin.not_me'));
  }
  const { owner } = await held(world, 'eve@example.com');
  assert.deepEqual((await owner.call('notMe')).body, { status: 'SIGNED_OUT' });
  assert.equal((await owner.signIn('eve@example.com', PASSWORD)).status, 200);
});

inWorld('a held browser can also sign out, or sign in again with a code, and is then rid of the held session', async (world) => {
  const { owner } = await held(world, 'ada@example.com');
  assert.equal((await owner.call('signOut')).status, 204);
  assert.deepEqual((await owner.call('session')).body, { status: 'SIGNED_OUT' });
  const again = await held(world, 'bob@example.com');
  const { id } = await sessionOf(world, again.owner);
  // For a day after a hold the password alone opens nothing, not even on a known device: whoever copied the jar may know it too.
  assert.equal((await again.owner.signIn('bob@example.com', PASSWORD)).body['status'], 'UNVERIFIED');
  const [waiting] = await world.deps.db.all('select state from sessions where id = $1', [id]);
  assert.equal(waiting?.['state'], 'held', 'nothing ends before the code was typed');
  const securityCode = await world.codeFor('bob@example.com');
  assert.equal((await again.owner.call('verifySignIn', { securityCode })).body['status'], 'VERIFIED');
  const [row] = await world.deps.db.all('select state, ended_reason from sessions where id = $1', [id]);
  assert.deepEqual({ ...row }, { state: 'revoked', ended_reason: 'signed_in_again' });
  assert.equal((await again.thief.refresh()).body.error, 'session_ended');
});

inWorld(
  'in production without a mail server a copied token revokes the session, because no code could reach its owner',
  async (world) => {
    const owner = await world.signedUp('ada@example.com');
    const thief = owner.copy();
    await owner.refresh();
    assert.equal((await thief.refresh()).body.error, 'session_ended');
    assert.equal((await owner.refresh()).body.error, 'session_ended');
    assert.deepEqual((await owner.call('session')).body, { status: 'SIGNED_OUT' });
    const [row] = await world.deps.db.all('select state, ended_reason from sessions');
    assert.deepEqual({ ...row }, { state: 'revoked', ended_reason: 'refresh_reuse' });
    assert.equal((await listRevocations(world.deps.db, world.deps.now(), 0)).length, 1);
    assert.equal((await world.mails()).length, 1);
  },
  { config: { mode: 'production', smtpUrl: '' } },
);

inWorld('so it is for a user whose address was never proven', async (world) => {
  const owner = await world.signedUp('ada@example.com');
  await world.deps.db.all('update users set verified_at = null');
  const thief = owner.copy();
  await owner.refresh();
  assert.equal((await thief.refresh()).body.error, 'session_ended');
  assert.equal((await sessionOf(world, owner)).state, 'revoked');
  assert.equal((await world.mails()).length, 1);
});

inTappedWorld('a hold that falls between the taking of a newer token and its answer is answered as held', async (world, tap) => {
  const owner = await world.signedUp('ada@example.com');
  const attempts: Attempts = new Map();
  const before = await snapshotOf(world, owner);
  await refreshHonestly(owner, attempts);
  const thief = owner.copy();
  await before.restore();
  tap.after('update refresh_tokens set gen = $4', async () => {
    assert.equal((await thief.refresh()).body.error, 'session_held');
  });
  assert.equal((await refreshHonestly(owner, attempts)).body.error, 'session_held');
});
