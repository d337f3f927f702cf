import assert from 'node:assert/strict';
import { parseRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { listRevocations } from '../../src/sessions/revocation.ts';
import { spendRefreshToken } from '../../src/sessions/spend-refresh-token.ts';
import type { Browser } from '../browser.ts';
import { actions, addClient, claimsOf, everything, familyOf, grantClient, refreshByBody, sessionOf, withNative } from '../families.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { DAY, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** Several clients hang from one session, and a token is worth something to its own client only. */

const from = { requestId: 'request', address: '192.0.2.1', userAgent: 'a backend' };

/** As a confidential client will ask through `/oauth/token`. */
async function spendAs(world: World, clientId: string, token: string, authenticated = true) {
  return spendRefreshToken(world.deps, { clientId, authenticated, deviceHash: null, byCookie: false, from }, token, null);
}

/** A browser that shows the given token as its own cookie. */
function browserWith(world: World, token: string): Browser {
  const browser = world.browser();
  browser.receive({ setCookies: [`portico_rt=${token}; Path=/`] });
  return browser;
}

inWorld('two clients of one session refresh at once, each its own family, to the same end', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const [own, game] = await Promise.all([browser.refresh(), refreshByBody(world, native, 'space-snake')]);
  assert.deepEqual([own.body['kind'], game.body['kind']], ['rotated', 'rotated']);
  const [ours, theirs] = [claimsOf(own.body['accessToken']), claimsOf(game.body['accessToken'])];
  assert.equal(ours.sid, theirs.sid);
  assert.deepEqual([ours.aud, theirs.aud], ['portico', 'space-snake']);
  assert.equal(theirs.csrf_from, undefined);
  assert.equal(own.body['expiresAt'], game.body['expiresAt']);
  assert.equal(game.body['csrfToken'], undefined);
  assert.deepEqual(game.setCookies, []);
  assert.equal((await familyOf(world, native)).expiresAt, (await familyOf(world, browser)).expiresAt);
  // A token for another audience opens nothing here.
  const me = await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${String(game.body['accessToken'])}` } });
  assert.equal(me.body.error, 'signed_out');
  await browser.act('signOut');
  assert.equal((await refreshByBody(world, String(game.body['refreshToken']), 'space-snake')).body.error, 'session_ended');
});

inWorld('a public client refreshes with the token in the body and is told the next one in the body', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const attempt = world.browser().newAttempt(0);
  const rotated = await refreshByBody(world, native, 'space-snake', attempt);
  assert.equal(rotated.body['kind'], 'rotated', rotated.text);
  world.clock.advance(DAY);
  const replayed = await refreshByBody(world, native, 'space-snake', attempt);
  assert.equal(replayed.body['kind'], 'replayed');
  assert.equal(replayed.body['refreshToken'], rotated.body['refreshToken']);
  assert.equal((await refreshByBody(world, String(rotated.body['refreshToken']), 'space-snake')).body['gen'], 2);

  assert.equal((await world.browser().call('refresh', { refreshToken: native })).body.error, 'invalid_fields');
  const both = await browser.call('refresh', { refreshToken: native, clientId: 'space-snake' });
  assert.equal(both.status, 400);
  assert.equal(both.body.error, 'two_tokens');
});

inTappedWorld(
  'a token of client B is worth nothing to client C nor as our own cookie, and nothing changes but the audit log',
  async (world, tap) => {
    const browser = await world.signedUp('ada@example.com');
    const native = await withNative(world, browser, 'space-snake');
    await addClient(world, 'notes');
    const session = await sessionOf(world, browser);
    const { events: _, ...before } = await everything(world);
    const asks = [
      () => refreshByBody(world, native, 'notes'),
      () => refreshByBody(world, native, 'notes', world.browser().newAttempt(0)),
      () => browserWith(world, native).refresh({ attempt: null }),
      () => browserWith(world, native).refresh({ attempt: `0.${'A'.repeat(22)}` }),
    ];
    for (const ask of asks) {
      const answer = await ask();
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, 'refresh_invalid');
      assert.deepEqual(answer.setCookies, []);
    }
    const { events, ...after } = await everything(world);
    assert.deepEqual(after, before);
    const written = (events ?? []).filter((event) => event['action'] === 'refresh.wrong_client');
    assert.deepEqual(written.map((event) => `${event['session_id']} ${event['client_id']}`).sort(), [
      `${session.id} notes`,
      `${session.id} notes`,
      `${session.id} portico`,
      `${session.id} portico`,
    ]);
    // Nor does it name a session to a peek, to a sign-out or to a sign-in.
    tap.forget();
    const stranger = browserWith(world, native);
    assert.deepEqual((await stranger.call('session')).body, { status: 'SIGNED_OUT' });
    assert.equal((await stranger.call('extendSoft')).body.error, 'refresh_invalid');
    assert.equal(tap.writes(), 0);
    assert.equal((await stranger.call('signOut')).status, 204);
    assert.equal((await refreshByBody(world, native, 'space-snake')).body['kind'], 'rotated');
    assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  },
);

inWorld('our own token is taken from its cookie only, never from a body', async (world) => {
  const kept = await world.signedUp('ada@example.com');
  const unkept = await world.signedUp('bob@example.com', { keep: false });
  const before = await everything(world);
  for (const victim of [kept, unkept]) {
    const answer = await refreshByBody(world, victim.refreshToken, 'portico');
    assert.equal(answer.body.error, 'refresh_invalid', answer.text);
  }
  assert.deepEqual(await everything(world), before);
});

inWorld('a client that has a secret, or is disabled or unknown, gets nothing for a token in a body', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { id } = await sessionOf(world, browser);
  await addClient(world, 'notes', 'web');
  const confidential = (await grantClient(world, id, 'notes')) ?? '';
  assert.equal((await refreshByBody(world, confidential, 'notes')).body.error, 'refresh_invalid');
  assert.equal((await spendAs(world, 'notes', confidential)).kind, 'rotated');

  const native = await withNative(world, browser);
  assert.equal((await refreshByBody(world, native, 'nobody')).body.error, 'refresh_invalid');
  await world.deps.db.all('update clients set disabled_at = $1', [world.deps.now()]);
  assert.equal((await refreshByBody(world, native, 'space-snake')).body.error, 'refresh_invalid');
  assert.equal((await spendAs(world, 'notes', confidential)).kind, 'ended');
  assert.equal((await browser.refresh()).body.error, 'session_ended');
});

inWorld("a copied token in another client's family ends that family, with its revocation, and nothing else", async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser, 'space-snake');
  const other = await withNative(world, browser, 'notes');
  const session = await sessionOf(world, browser);
  const first = await refreshByBody(world, native, 'space-snake', world.browser().newAttempt(0));
  const thief = await refreshByBody(world, native, 'space-snake', world.browser().newAttempt(0));
  assert.equal(thief.status, 400);
  assert.equal(thief.body.error, 'session_ended');
  const owner = await refreshByBody(world, String(first.body['refreshToken']), 'space-snake');
  assert.equal(owner.body.error, 'session_ended');

  const revocations = await listRevocations(world.deps.db, world.deps.now(), 0);
  assert.deepEqual(
    revocations.map(({ kind, subject }) => [kind, subject]),
    [['family', parseRefreshToken(world.deps.keys, native)?.familyId]],
  );
  assert.ok(world.deps.revoked.isRevoked(claimsOf(first.body['accessToken'])));
  assert.equal((await sessionOf(world, browser)).state, 'active');
  assert.equal((await refreshByBody(world, other, 'notes')).body['kind'], 'rotated');
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
  assert.equal((await browser.call('me')).status, 200);
  assert.ok((await actions(world)).includes('refresh.reuse'));
  assert.ok(!(await actions(world)).includes('session.held'));
  assert.equal((await world.mails()).filter((mail) => mail.to === 'ada@example.com').length, 1);
  // The user comes back through the site's own sign-in, in the same session.
  const again = (await grantClient(world, session.id, 'space-snake')) ?? '';
  assert.equal((await refreshByBody(world, again, 'space-snake')).body['kind'], 'rotated');
});

inWorld('the newest four families of a client in a session live; older ones are ended and never alarm anybody', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { id } = await sessionOf(world, browser);
  await addClient(world, 'space-snake');
  await addClient(world, 'notes');
  const aside = (await grantClient(world, id, 'notes')) ?? '';
  const tokens: string[] = [];
  // All in one millisecond: the order of making still decides.
  for (let n = 0; n < 7; n += 1) {
    if (n === 4) world.clock.advance(1);
    tokens.push((await grantClient(world, id, 'space-snake')) ?? '');
  }
  const [live] = await world.deps.db.all("select count(*) as n from refresh_tokens where client_id = 'space-snake' and state = 'active'");
  assert.equal(live?.['n'], 4);
  const atOnce = await Promise.all(Array.from({ length: 8 }, () => grantClient(world, id, 'notes')));
  const [notes] = await world.deps.db.all("select count(*) as n from refresh_tokens where client_id = 'notes' and state = 'active'");
  assert.deepEqual([notes?.['n'], new Set(atOnce).size], [4, 8]);
  const newest = await refreshByBody(world, tokens.at(-1) ?? '', 'space-snake');
  assert.equal(newest.body['kind'], 'rotated');
  const states = await Promise.all(tokens.map(async (token) => (await familyOf(world, token)).state));
  for (const [n, token] of tokens.entries()) {
    if (states[n] !== 'replaced') continue;
    for (let use = 0; use < 2; use += 1) {
      const answer = await refreshByBody(world, token, 'space-snake', world.browser().newAttempt(0));
      assert.equal(answer.body.error, 'session_ended');
    }
  }
  assert.equal(states.filter((state) => state === 'replaced').length, 3);
  assert.equal((await refreshByBody(world, aside, 'notes')).body.error, 'session_ended');
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
});

inWorld('no family is born in a session that was signed out, is held, or is over', async (world) => {
  await addClient(world, 'space-snake');
  const gone = await world.signedUp('ada@example.com');
  const { id: goneId } = await sessionOf(world, gone);
  await gone.act('signOut');
  assert.equal(await grantClient(world, goneId, 'space-snake'), null);

  const held = await world.signedUp('bob@example.com');
  const copy = held.copy();
  await held.refresh();
  await copy.refresh();
  assert.equal(await grantClient(world, (await sessionOf(world, held)).id, 'space-snake'), null);

  const old = await world.signedUp('eve@example.com');
  world.clock.advance(30 * DAY);
  assert.equal(await grantClient(world, (await sessionOf(world, old.refreshToken || copyOf(old))).id, 'space-snake'), null);
});

/** The refresh token in the jar, whether or not the browser would still send it. */
function copyOf(browser: Browser): string {
  return browser.jar.get('portico_rt')?.value ?? '';
}

inWorld('two sign-ins at one site in two tabs leave a browser that is signed in and one session per cookie', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  await browser.act('signOut');
  const [one, two] = await Promise.all([browser.signIn('ada@example.com', PASSWORD), browser.signIn('ada@example.com', PASSWORD)]);
  assert.deepEqual([one.status, two.status], [200, 200]);
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
  assert.equal((await browser.call('me')).status, 200);
  // The next one replaces what the cookies name.
  const { id } = await sessionOf(world, browser);
  await browser.signIn('ada@example.com', PASSWORD);
  assert.notEqual((await sessionOf(world, browser)).id, id);

  // At a client site both tabs get a family of their own in the one session, and both work.
  await addClient(world, 'space-snake');
  const session = await sessionOf(world, browser);
  const families = await Promise.all([1, 2].map(() => grantClient(world, session.id, 'space-snake')));
  world.clock.advance(MINUTE);
  for (const token of families) assert.equal((await refreshByBody(world, token ?? '', 'space-snake')).body['kind'], 'rotated');
});
