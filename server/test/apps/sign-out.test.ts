import assert from 'node:assert/strict';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import type { Browser } from '../browser.ts';
import { actions, claimsOf, everything } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';
import { type App, actFrom, addApp, callFrom, openApp, refreshFrom, requireOk } from './apps.ts';

/** Signing out from the page of an app: of all, of every device, or of this app. */

interface Scene {
  readonly ada: Browser;
  readonly notes: App;
  readonly maps: App;
  /** What the pages of `notes` and of `maps` were given. */
  readonly csrf: string;
  readonly csrfOfMaps: string;
  readonly claims: ReturnType<typeof claimsOf>;
}

async function twoApps(world: World): Promise<Scene> {
  const ada = await world.signedUp('ada@example.com');
  const [notes, maps] = [await addApp(world), await addApp(world, 'maps', { origin: 'http://localhost:5174' })];
  const first = (await openApp(notes, ada)).body;
  const second = (await openApp(maps, ada)).body;
  return {
    ada,
    notes,
    maps,
    csrf: String(first['csrfToken']),
    csrfOfMaps: String(second['csrfToken']),
    claims: claimsOf(first['accessToken']),
  };
}

const cleared = (lines: readonly string[]) => lines.map((line) => String(/^([a-z_]+)=; Path=\/; Max-Age=0/.exec(line)?.[1])).toSorted();

inWorld('signed out at one app is signed out at all of this browser; the cookies of that app and our own go', async (world) => {
  const { ada, notes, maps, csrf, claims } = await twoApps(world);
  const jar = ada.copy();
  const phone = world.browser();
  await phone.signIn('ada@example.com', PASSWORD);
  if (phone.refreshToken === '') await phone.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  const out = requireOk(await actFrom(notes, ada, 'signOut', csrf), 204);
  assert.deepEqual(cleared(out.setCookies), [
    'portico_at',
    'portico_csrf',
    'portico_g',
    'portico_rt',
    'portico_rt_notes',
    'portico_waiting',
  ]);
  assert.equal(out.headers['clear-site-data'], '"storage"');
  assert.ok(world.deps.revoked.isRevoked(claims), 'its access token is refused at once');
  for (const answer of [await refreshFrom(notes, jar, { gen: 1 }), await refreshFrom(maps, jar, { gen: 1 }), await jar.refresh()])
    assert.equal(answer.body.error, 'session_ended');
  assert.equal((await phone.refresh()).status, 200, 'another device is another sign-in');
  requireOk(await callFrom(notes, ada, 'signOut'), 204);
  const again = requireOk(await actFrom(notes, jar, 'signOut', csrf), 204);
  assert.deepEqual(cleared(again.setCookies), ['portico_rt_notes'], 'what has ended names nothing any more');
});

inWorld('everywhere ends every device', async (world) => {
  const { ada, notes, csrf } = await twoApps(world);
  const phone = ada.copy({ address: '198.51.100.77' });
  phone.jar.delete(COOKIES.refresh);
  await phone.signIn('ada@example.com', PASSWORD);
  assert.equal((await phone.refresh()).status, 200);
  requireOk(await actFrom(notes, ada, 'signOut', csrf, { everywhere: true }), 204);
  assert.equal((await phone.refresh()).body.error, 'session_ended');
});

inWorld('local leaves this app alone: its cookie goes, its token is refused, everybody else goes on', async (world) => {
  const { ada, notes, maps, csrf, claims } = await twoApps(world);
  const jar = ada.copy();
  const out = requireOk(await actFrom(notes, ada, 'signOut', csrf, { local: true }), 204);
  assert.deepEqual([cleared(out.setCookies), out.headers['clear-site-data']], [['portico_rt_notes'], undefined]);
  assert.ok(world.deps.revoked.isRevoked(claims));
  assert.equal((await refreshFrom(notes, jar, { gen: 1 })).body.error, 'session_ended');
  assert.equal((await refreshFrom(maps, ada, { gen: 1 })).body['kind'], 'rotated');
  assert.equal((await ada.refresh()).body['kind'], 'rotated');
  assert.deepEqual(
    (await actions(world)).filter((action) => /left|ended/.test(action)),
    ['site.left'],
  );
  assert.equal((await actFrom(notes, jar, 'signOut', csrf)).status, 204);
  assert.equal((await ada.refresh()).status, 200, 'an app that was left has no say in the rest');
  assert.equal((await openApp(notes, ada)).body['kind'], 'rotated', 'and may be entered again');
});

inWorld('local is for apps, and never with everywhere', async (world) => {
  const { ada, notes, csrf } = await twoApps(world);
  const before = await everything(world);
  const wrong = [
    await ada.act('signOut', { local: true }),
    await actFrom(notes, ada, 'signOut', csrf, { local: true, everywhere: true }),
    await ada.act('signOut', { local: true, everywhere: true }),
  ];
  for (const answer of wrong) {
    assert.deepEqual([answer.status, answer.body.error, answer.body['fields']], [400, 'invalid_fields', { local: 'malformed' }]);
    assert.deepEqual(answer.setCookies, []);
  }
  assert.deepEqual(await everything(world), before);
});

inWorld('no CSRF token but the app’s own of this very session ends or extends anything', async (world) => {
  const { ada, notes, csrf, csrfOfMaps } = await twoApps(world);
  const eve = await world.signedUp('eve@example.com');
  const before = await everything(world);
  const foreign = {
    none: undefined,
    'the other app’s': csrfOfMaps,
    'our own pages’': ada.csrf,
    'another session’s': String((await callFrom(notes, eve, 'session')).body['csrfToken']),
    'cut off': csrf.slice(0, -1),
  };
  for (const [what, token] of Object.entries(foreign)) {
    for (const [call, body] of [
      ['signOut', {}],
      ['signOut', { local: true }],
      ['signOut', { everywhere: true }],
      ['extendHard', {}],
    ] as const) {
      const answer = await callFrom(notes, ada, call, { body, headers: { [HEADERS.csrf]: token } });
      assert.deepEqual([answer.status, answer.body.error, answer.setCookies], [403, 'csrf_failed', []], `${call} with ${what}`);
    }
    assert.deepEqual(await everything(world), before);
  }
});

inWorld('an app’s CSRF token is worth nothing at our own pages', async (world) => {
  const { ada, csrf } = await twoApps(world);
  const answer = await ada.call('signOut', {}, { headers: { [HEADERS.csrf]: csrf } });
  assert.equal(answer.body.error, 'csrf_failed');
  assert.equal(
    (await ada.call('mySessions', undefined, { method: 'DELETE', headers: { [HEADERS.csrf]: csrf } })).body.error,
    'csrf_failed',
  );
});

inWorld('a hard extension ends the older CSRF tokens of every page, one access life later', async (world) => {
  const { ada, notes, csrf } = await twoApps(world);
  world.clock.advance(MINUTE);
  requireOk(await callFrom(notes, ada, 'extendHard', { headers: { [HEADERS.csrf]: csrf, [HEADERS.attempt]: ada.newAttempt(1) } }));
  world.clock.advance(5 * MINUTE);
  assert.equal((await actFrom(notes, ada, 'signOut', csrf)).body.error, 'csrf_failed');
  const { csrfToken } = (await refreshFrom(notes, ada, { gen: 2 })).body;
  requireOk(await actFrom(notes, ada, 'signOut', csrfToken), 204);
});

inWorld('the cookies of another sign-in of ours stay', async (world) => {
  const { ada, notes, csrf } = await twoApps(world);
  const eve = await world.signedUp('eve@example.com');
  for (const name of [COOKIES.refresh, COOKIES.access, COOKIES.csrf, COOKIES.generation, COOKIES.device]) {
    const stored = eve.jar.get(name);
    assert.ok(stored !== undefined);
    if (name !== COOKIES.device) ada.jar.set(name, stored);
  }
  const out = requireOk(await actFrom(notes, ada, 'signOut', csrf), 204);
  assert.deepEqual(cleared(out.setCookies), ['portico_rt_notes']);
});

inWorld('an app whose sign-in is held may end it, so that nobody has to wait for a letter', async (world) => {
  const { ada, notes } = await twoApps(world);
  await ada.copy().refresh();
  world.clock.advance(60 * MINUTE);
  assert.equal((await ada.refresh()).body.error, 'session_held');
  requireOk(await callFrom(notes, ada, 'signOut'), 204);
  assert.equal((await ada.call('session')).body['status'], 'SIGNED_OUT');
});

onTwoNodes(
  'what ends at one node is refused at the other at once by the chain, and by verifiers with the next reading',
  async (first, second) => {
    const { ada, notes, maps, csrf, claims } = await twoApps(first);
    const jar = ada.copy();
    jar.app = second.app;
    assert.equal((await refreshFrom(maps, jar, { gen: 1 })).body['kind'], 'rotated', 'either node serves');
    assert.equal(second.deps.revoked.isRevoked(claims), false);
    requireOk(await actFrom(notes, ada, 'signOut', csrf, { local: true }), 204);
    assert.equal((await refreshFrom(notes, jar, { gen: 1 })).body.error, 'session_ended');
    await readRevocations(second.deps, NOTHING_READ);
    assert.ok(second.deps.revoked.isRevoked(claims));
    assert.equal((await refreshFrom(maps, jar, { gen: 2 })).body['kind'], 'rotated');
    const again = (await openApp(notes, jar)).body;
    requireOk(await actFrom(notes, jar, 'signOut', again['csrfToken']), 204);
    ada.app = first.app;
    assert.equal((await refreshFrom(maps, jar.copy(), { gen: 3 })).body.error, 'session_ended');
    assert.equal((await ada.refresh()).body.error, 'session_ended');
  },
);
