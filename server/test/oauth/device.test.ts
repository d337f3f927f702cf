import assert from 'node:assert/strict';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import { DEVICE_NETWORK, DEVICE_USER } from '../../src/guessing/limits.ts';
import { DEVICE_CODE_LIFE } from '../../src/oauth/device-code.ts';
import { makeUserCode, parseUserCode, spellUserCode } from '../../src/oauth/user-code.ts';
import type { Browser } from '../browser.ts';
import { actions, claimsOf, familyOf, sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { addSite, type Site } from '../sites.ts';
import { DAY, inWorld, ORIGIN, PASSWORD, type World } from '../world.ts';
import { ask, newProofKey, refreshing, refusalOf, tokensOf, withProof } from './ask.ts';

/** Devices without a browser (RFC 8628). */

interface Begun {
  readonly deviceCode: string;
  readonly userCode: string;
}

const SECOND = 1000;
const TV = { 'user-agent': 'SpaceSnake/1.2 (Linux; TV)' };

async function begin(world: World, site: Site, headers: Readonly<Record<string, string | undefined>> = {}): Promise<Begun> {
  const answer = await ask(world, 'deviceAuthorization', site, { scope: 'openid profile' }, { headers: { ...TV, ...headers } });
  assert.equal(answer.status, 200, answer.text);
  return { deviceCode: String(answer.body['device_code']), userCode: String(answer.body['user_code']) };
}

const polling = (deviceCode: string) => ({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode });

async function poll(world: World, site: Site, { deviceCode }: Begun, headers = {}) {
  world.clock.advance(5 * SECOND);
  return ask(world, 'token', site, polling(deviceCode), { headers: { ...TV, ...headers } });
}

async function say(browser: Browser, { userCode }: Begun, allow = true) {
  const found = await browser.act('myDevice', { userCode });
  assert.equal(found.status, 200, found.text);
  return browser.act('myDeviceAnswer', { userCode, allow });
}

async function withGame(world: World) {
  const game = await addSite(world, 'space-snake', { kind: 'native', name: 'Space Snake' });
  return { game, browser: await world.signedUp('ada@example.com') };
}

inWorld('a device asks for a code, somebody says yes elsewhere, and the device has a session of its own', async (world) => {
  const { game, browser } = await withGame(world);
  const answer = await ask(world, 'deviceAuthorization', game, { scope: 'openid profile' }, { headers: TV });
  const { user_code: userCode, device_code: deviceCode, ...rest } = answer.body as Record<string, string>;
  assert.match(String(userCode), /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  const page = ORIGIN + PAGES.device;
  assert.deepEqual(rest, {
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${userCode}`,
    expires_in: 600,
    interval: 5,
  });
  const begun = { deviceCode: String(deviceCode), userCode: String(userCode) };
  assert.equal(refusalOf(await poll(world, game, begun)), '400 authorization_pending');

  const found = await browser.act('myDevice', { userCode: begun.userCode.toLowerCase().replace('-', ' ') });
  assert.deepEqual(
    [found.body['app'], found.body['userCode'], found.body['scopes'], found.body['address']],
    ['Space Snake', userCode, ['openid', 'profile'], (await addressOf(world)).replace(/\d+$/, 'x')],
  );
  assert.equal(refusalOf(await poll(world, game, begun)), '400 authorization_pending', 'a look says nothing');
  assert.deepEqual((await browser.act('myDeviceAnswer', { userCode, allow: true })).body, { status: 'APPROVED' });

  const tokens = tokensOf(await poll(world, game, begun));
  const [own, device] = [await sessionOf(world, browser), await sessionOf(world, tokens.refreshToken)];
  assert.equal(device.kind, 'device');
  assert.notEqual(device.id, own.id);
  assert.deepEqual([device.userId, device.amr, device.authTime], [own.userId, own.amr, own.authTime]);
  assert.equal(device.expiresAt, world.clock.now() + 30 * DAY);
  const claims = claimsOf(tokens.accessToken);
  assert.deepEqual([claims.sid, claims.sub, claims.scope], [device.id, own.userId, 'openid profile']);
  assert.equal(claimsOf(tokens.idToken).sid, device.id);
  assert.deepEqual((await actions(world)).slice(-2), ['device.approved', 'site.opened']);
  assert.equal(refusalOf(await poll(world, game, begun)), '400 invalid_grant', 'once');

  // It stands in the list by the name of its game, and neither session ends with the other.
  const items = (await browser.call('mySessions')).body['items'] as { id: string; device: string }[];
  assert.equal(items.find(({ id }) => id === device.id)?.device, 'Space Snake');
  await browser.act('signOut');
  const next = tokensOf(await ask(world, 'token', game, refreshing(tokens.refreshToken)));
  assert.equal((await familyOf(world, next.refreshToken)).gen, 1);
});

async function addressOf(world: World): Promise<string> {
  const rows = await world.deps.db.all('select address from device_codes');
  return String(rows[0]?.['address']);
}

inWorld('"everywhere" ends approved devices too, one of them can be ended from the list, and one can sign itself out', async (world) => {
  const { game, browser } = await withGame(world);
  const open = async () => {
    const begun = await begin(world, game);
    await say(browser, begun);
    return tokensOf(await poll(world, game, begun));
  };
  const [first, second, third] = [await open(), await open(), await open()];
  const { id } = await sessionOf(world, first.refreshToken);
  assert.equal((await browser.act('mySession', undefined, { params: { id } })).status, 204);
  assert.equal(refusalOf(await ask(world, 'token', game, refreshing(first.refreshToken))), '400 invalid_grant');
  assert.equal((await ask(world, 'revoke', game, { token: second.refreshToken })).status, 200);
  assert.equal((await sessionOf(world, second.refreshToken)).state, 'revoked');
  assert.ok(world.deps.revoked.isRevoked(claimsOf(second.accessToken)));
  assert.equal((await sessionOf(world, third.refreshToken)).state, 'active');
  await browser.act('signOut', { everywhere: true });
  assert.equal((await sessionOf(world, third.refreshToken)).state, 'revoked');
  assert.ok(world.deps.revoked.isRevoked(claimsOf(third.accessToken)));
});

inWorld('a device that is refused, asks too often or waits too long is told so', async (world) => {
  const { game, browser } = await withGame(world);
  const refused = await begin(world, game);
  assert.deepEqual((await say(browser, refused, false)).body, { status: 'DENIED' });
  assert.equal(refusalOf(await poll(world, game, refused)), '400 access_denied');
  assert.ok((await actions(world)).includes('device.denied'));

  const hasty = await begin(world, game);
  const look = () => ask(world, 'token', game, polling(hasty.deviceCode));
  assert.equal(refusalOf(await look()), '400 authorization_pending');
  for (const [seconds, answer] of [
    [1, 'slow_down'],
    // From now on ten seconds must lie between two questions, then fifteen.
    [6, 'slow_down'],
    [14, 'slow_down'],
    [20, 'authorization_pending'],
  ] as const) {
    world.clock.advance(seconds * SECOND);
    assert.equal(refusalOf(await look()), `400 ${answer}`, `${seconds} s`);
  }

  const late = await begin(world, game);
  await browser.act('myDevice', { userCode: late.userCode });
  world.clock.advance(DEVICE_CODE_LIFE);
  assert.equal(refusalOf(await poll(world, game, late)), '400 expired_token');
  await browser.refresh();
  assert.equal((await browser.act('myDeviceAnswer', { userCode: late.userCode, allow: true })).body.error, 'user_code_unknown');
});

inWorld('a device code is worth something to its own client only, and garbage is refused', async (world) => {
  const { game, browser } = await withGame(world);
  const other = await addSite(world, 'other-game', { kind: 'native' });
  const begun = await begin(world, game);
  await say(browser, begun);
  for (const deviceCode of [begun.userCode, 'x', `ptd_${'A'.repeat(43)}`, `${begun.deviceCode}x`])
    assert.equal(refusalOf(await ask(world, 'token', game, polling(deviceCode))), '400 invalid_grant');
  assert.equal(refusalOf(await poll(world, other, begun)), '400 invalid_grant');
  assert.equal(refusalOf(await ask(world, 'token', game, { grant_type: polling('').grant_type })), '400 invalid_request');
  tokensOf(await poll(world, game, begun));
});

inWorld('only the account that typed the code may answer, and a code that nobody typed cannot be answered', async (world) => {
  const { game, browser } = await withGame(world);
  const stranger = await world.signedUp('eve@example.com');
  const begun = await begin(world, game);
  assert.equal((await stranger.act('myDeviceAnswer', { userCode: begun.userCode, allow: true })).body.error, 'user_code_unknown');
  assert.equal((await browser.act('myDevice', { userCode: begun.userCode })).status, 200);
  for (const allow of [true, false])
    assert.equal((await stranger.act('myDeviceAnswer', { userCode: begun.userCode, allow })).body.error, 'user_code_unknown');
  assert.equal((await stranger.act('myDevice', { userCode: begun.userCode })).body.error, 'user_code_unknown');
  assert.equal(refusalOf(await poll(world, game, begun)), '400 authorization_pending');
  assert.equal((await browser.act('myDeviceAnswer', { userCode: begun.userCode, allow: true })).status, 200);
  // Said once.
  assert.equal((await browser.act('myDeviceAnswer', { userCode: begun.userCode, allow: false })).body.error, 'user_code_unknown');
  const { userId } = await sessionOf(world, browser);
  assert.equal(claimsOf(tokensOf(await poll(world, game, begun)).accessToken).sub, userId);
});

inWorld('whoever is not signed in, waits for a code or is held says nothing, and a stranger’s page neither', async (world) => {
  const { game, browser } = await withGame(world);
  const begun = await begin(world, game);
  assert.equal((await world.browser().call('myDevice', { userCode: begun.userCode })).status, 401);
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'bob@example.com', password: PASSWORD });
  assert.equal((await waiting.call('myDevice', { userCode: begun.userCode })).status, 401);
  assert.equal((await browser.call('myDevice', { userCode: begun.userCode })).body.error, 'csrf_failed');
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal((await browser.act('myDevice', { userCode: begun.userCode }, { headers: foreign })).body.error, 'origin_refused');
  assert.equal((await browser.act('myDeviceAnswer', { userCode: begun.userCode, allow: true }, { headers: foreign })).status, 403);
  // A look by GET changes nothing: whoever follows a link has said nothing.
  await browser.send('GET', `${PAGES.device}?user_code=${begun.userCode}`, undefined, { headers: { accept: 'text/html' } });
  assert.equal(refusalOf(await poll(world, game, begun)), '400 authorization_pending');
});

inWorld('user codes cannot be searched for: ten wrong ones and the account waits, whatever network they come from', async (world) => {
  const { game, browser } = await withGame(world);
  const begun = await begin(world, game);
  const right = parseUserCode(begun.userCode);
  for (let tries = 0; tries < DEVICE_USER.max; tries += 1) {
    const userCode = makeUserCode(world.deps.random);
    if (userCode !== right) assert.equal((await browser.act('myDevice', { userCode })).body.error, 'user_code_unknown');
  }
  const moved = browser.copy({ address: '203.0.113.77' });
  const refused = await moved.act('myDevice', { userCode: begun.userCode });
  assert.equal(refused.body.error, 'account_throttled');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  world.clock.advance(DEVICE_USER.window);
  assert.equal((await moved.refresh()).status, 200);
  // What has not the form of a code is no guess.
  for (let tries = 0; tries < 2 * DEVICE_USER.max; tries += 1)
    assert.equal((await moved.act('myDevice', { userCode: 'AEIOU' })).body.error, 'user_code_unknown');
  assert.equal((await moved.act('myDevice', { userCode: (await begin(world, game)).userCode })).status, 200);
});

inWorld('an approval is worth nothing once the password changed, the user was suspended or the game disabled', async (world) => {
  const { game, browser } = await withGame(world);
  const approved = async () => {
    const begun = await begin(world, game);
    assert.equal((await say(browser, begun)).status, 200);
    return begun;
  };
  const before = await world.deps.db.all('select id from sessions');
  const ends: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown>, string])[] = [
    [
      'suspended',
      () => world.deps.db.all('update users set suspended_at = 1'),
      () => world.deps.db.all('update users set suspended_at = null'),
      '400 invalid_grant',
    ],
    ['a higher user version', () => world.deps.db.all('update users set uv = uv + 1'), async () => undefined, '400 invalid_grant'],
    [
      'the game disabled',
      () => world.deps.db.transaction((tx) => setClientDisabled(tx, game.id, 1)),
      () => world.deps.db.transaction((tx) => setClientDisabled(tx, game.id, null)),
      '401 invalid_client',
    ],
  ];
  for (const [what, end, undo, refusal] of ends) {
    const begun = await approved();
    await end();
    assert.equal(refusalOf(await poll(world, game, begun)), refusal, what);
    await undo();
  }
  assert.deepEqual(await world.deps.db.all('select id from sessions'), before, 'and leaves no session behind');
});

inWorld('a device that proves a key gets nothing without it, and its refresh token neither', async (world) => {
  const { game, browser } = await withGame(world);
  const key = await newProofKey(world.clock.now);
  const begun = await begin(world, game, withProof(key.proof({ path: OAUTH.deviceAuthorization })).headers);
  await say(browser, begun);
  assert.equal(refusalOf(await poll(world, game, begun)), '400 invalid_grant');
  const thief = await newProofKey(world.clock.now);
  world.clock.advance(5 * SECOND);
  assert.equal(refusalOf(await ask(world, 'token', game, polling(begun.deviceCode), withProof(thief.proof()))), '400 invalid_grant');
  const { refreshToken } = tokensOf(await ask(world, 'token', game, polling(begun.deviceCode), withProof(key.proof())));
  assert.equal((await familyOf(world, refreshToken)).dpopKey, key.thumbprint);
  assert.equal(refusalOf(await ask(world, 'token', game, refreshing(refreshToken))), '400 invalid_grant');
});

inWorld('only native clients may ask, for scopes of theirs, and not without end', async (world) => {
  const { game } = await withGame(world);
  for (const kind of ['web', 'spa', 'machine', 'secondary'] as const) {
    const site = await addSite(world, `the-${kind}`, { kind });
    assert.equal(refusalOf(await ask(world, 'deviceAuthorization', site, {})), '400 unauthorized_client', kind);
  }
  assert.equal(refusalOf(await ask(world, 'deviceAuthorization', game, { scope: 'admin' })), '400 invalid_scope');
  assert.equal(refusalOf(await ask(world, 'deviceAuthorization', game, { resource: 'other' })), '400 invalid_target');
  assert.equal(refusalOf(await ask(world, 'deviceAuthorization', game, {}, { by: 'nothing' })), '401 invalid_client');
  const from = world.browser();
  for (let asked = 0; asked < DEVICE_NETWORK.max; asked += 1)
    assert.equal((await ask(world, 'deviceAuthorization', game, {}, { from })).status, 200);
  const refused = await ask(world, 'deviceAuthorization', game, {}, { from });
  assert.equal(refusalOf(refused), '503 temporarily_unavailable');
  assert.ok(Number(refused.headers['retry-after']) > 0);
});

onTwoNodes('of many devices with one approved code on two nodes one gets a session', async (first, second) => {
  const { game, browser } = await withGame(first);
  const begun = await begin(first, game);
  await say(browser, begun);
  first.clock.advance(5 * SECOND);
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, index) => ask(index % 2 === 0 ? first : second, 'token', game, polling(begun.deviceCode))),
  );
  const tally = answers.map((answer) => (answer.status === 200 ? '200' : refusalOf(answer))).sort();
  assert.deepEqual(tally, ['200', ...Array.from({ length: 15 }, () => '400 invalid_grant')]);
  assert.equal((await first.deps.db.all(`select id from sessions where kind = 'device'`)).length, 1);
});

inWorld('neither code stands in the database or the audit log', async (world) => {
  const { game, browser } = await withGame(world);
  const begun = await begin(world, game);
  await say(browser, begun);
  await poll(world, game, begun);
  const kept = JSON.stringify([await world.deps.db.all('select * from device_codes'), await world.deps.db.all('select * from events')]);
  for (const secret of [begun.deviceCode, begun.userCode, begun.userCode.replace('-', '')]) assert.ok(!kept.includes(secret));
  assert.equal(spellUserCode(parseUserCode(begun.userCode) ?? ''), begun.userCode);
});
