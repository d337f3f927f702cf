import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import { saveConsent } from '../../src/clients/consent.ts';
import { STALE_ROTATION } from '../../src/sessions/proof-by-cookie.ts';
import type { Answered } from '../browser.ts';
import { claimsOf, everything, sessionOf } from '../families.ts';
import { addSecondary, askTicket, SECONDARY_ORIGIN, ticketFor } from '../secondaries.ts';
import { addSite, newVerifier } from '../sites.ts';
import { inWorld, ORIGIN } from '../world.ts';

const readableAt = ({ headers }: Answered) => headers['access-control-allow-origin'];

inWorld('a page of a secondary auth server gets a ticket for itself, which it alone may read, and nothing is written', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  await addSecondary(world, 'game', { scopes: ['openid', 'email'] });
  const { challenge } = newVerifier();
  const before = await everything(world);
  const answered = await askTicket(ada, { challenge });
  assert.deepEqual([answered.status, answered.body['expiresIn']], [200, 60], answered.text);
  const { headers } = answered;
  assert.deepEqual(
    [
      readableAt(answered),
      headers['access-control-allow-credentials'],
      headers['vary'],
      headers['cache-control'],
      headers['x-content-type-options'],
    ],
    [SECONDARY_ORIGIN, 'true', 'Origin', 'no-store', 'nosniff'],
  );
  assert.deepEqual(answered.setCookies, []);
  const session = await sessionOf(world, ada);
  const { jti, ...claims } = claimsOf(answered.body['ticket']);
  const now = Math.floor(world.clock.now() / 1000);
  assert.deepEqual(claims, {
    iss: ORIGIN,
    aud: 'game',
    sub: session.userId,
    sid: session.id,
    iat: now,
    exp: now + 60,
    auth_time: Math.floor(session.authTime / 1000),
    uv: 1,
    scope: 'email openid',
    code_challenge: challenge,
  });
  assert.match(jti, /^[A-Za-z0-9_-]{22}$/);
  const head = JSON.parse(Buffer.from(String(answered.body['ticket']).split('.')[0] ?? '', 'base64url').toString());
  assert.deepEqual([head.alg, head.typ], ['ES256', 'signin-ticket+jwt']);
  await askTicket(ada, { method: 'HEAD' });
  assert.deepEqual(await everything(world), before);
});

inWorld('strangers get nothing: not an answer, not a header, whatever they look like', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  await addSecondary(world);
  await addSite(world, 'shop', { origins: ['https://shop.example.net'] });
  await addSite(world, 'spa', { kind: 'spa', origins: ['https://spa.example.net'] });
  await addSecondary(world, 'gone', { origins: ['https://gone.example.net'] });
  await setClientDisabled(world.deps.db, 'gone', 1);
  const before = await everything(world);
  for (const origin of [
    'https://evil.example',
    'https://shop.example.net',
    'https://spa.example.net',
    'https://gone.example.net',
    `${SECONDARY_ORIGIN}.evil.example`,
    `${SECONDARY_ORIGIN}:8443`,
    SECONDARY_ORIGIN.toUpperCase(),
    `${SECONDARY_ORIGIN}/`,
    SECONDARY_ORIGIN.replace('https', 'http'),
    'https://x.game.example.net',
    ORIGIN,
    'null',
    '%',
    '["https://game.example.net"]',
  ]) {
    const answered = await askTicket(ada, { origin });
    assert.deepEqual([answered.status, answered.body.error], [403, 'origin_refused'], origin);
    assert.equal(readableAt(answered), undefined, origin);
    assert.equal(answered.headers['access-control-allow-credentials'], undefined, origin);
  }
  const none = await askTicket(ada, { headers: { origin: undefined } });
  assert.deepEqual([none.status, none.body.error, readableAt(none)], [403, 'origin_refused', undefined]);
  assert.deepEqual(await everything(world), before);
});

inWorld(
  'without the fetch metadata of a script on the same site there is no ticket: a link, a form, a picture, an old browser',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    await addSecondary(world);
    const site = ['same-site', 'same-origin', 'none', undefined, 'Same-Site', ''];
    const mode = ['cors', 'navigate', 'no-cors', 'same-origin', 'websocket', undefined, ''];
    let given = 0;
    for (const fetchSite of site) {
      for (const fetchMode of mode) {
        const answered = await askTicket(ada, { headers: { 'sec-fetch-site': fetchSite, 'sec-fetch-mode': fetchMode } });
        if (answered.status === 200) given += 1;
        else assert.deepEqual([answered.status, answered.body.error], [403, 'origin_refused'], `${fetchSite} ${fetchMode}`);
      }
    }
    assert.equal(given, 1);
  },
);

inWorld('a call from another site is told to go by redirect, even where cookies came along', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const game = await addSecondary(world);
  const { challenge } = newVerifier();
  const answered = await askTicket(ada, { challenge, headers: { 'sec-fetch-site': 'cross-site' } });
  assert.deepEqual([answered.status, answered.body.error, answered.body['ticket']], [401, 'signin_by_redirect', undefined]);
  assert.equal(readableAt(answered), SECONDARY_ORIGIN, 'its page may read where to go');
  const to = new URL(String(answered.body['redirectTo']));
  assert.equal(to.origin + to.pathname, ORIGIN + OAUTH.authorize);
  assert.deepEqual(Object.fromEntries(to.searchParams), {
    response_type: 'code',
    client_id: 'game',
    redirect_uri: game.redirectUri,
    scope: 'email offline_access openid profile',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  const navigated = await askTicket(ada, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } });
  assert.equal(navigated.body.error, 'origin_refused');
});

inWorld('nobody who is signed out, waits for a code or is held gets one', async (world) => {
  await addSecondary(world);
  const nobody = world.browser();
  const out = await world.signedUp('out@example.com');
  const kept = out.copy();
  await out.act('signOut');
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'waits@example.com', password: 'correct horse battery staple' });
  for (const browser of [nobody, out, kept, waiting]) {
    const answered = await askTicket(browser);
    assert.deepEqual([answered.status, answered.body.error, 'ticket' in answered.body], [401, 'signin_by_redirect', false]);
  }
  const held = await world.signedUp('held@example.com');
  await held.copy().refresh();
  await held.refresh();
  const answered = await askTicket(held);
  assert.deepEqual([answered.status, answered.body.error], [403, 'session_held']);
  assert.deepEqual([answered.body['verifyUrl'], readableAt(answered)], [ORIGIN + PAGES.verifySignIn, SECONDARY_ORIGIN]);
});

inWorld('an access token is no proof here, and neither is a refresh cookie without the device that it is bound to', async (world) => {
  await addSecondary(world);
  const ada = await world.signedUp('ada@example.com');
  const thief = ada.copy();
  thief.jar.delete(COOKIES.refresh);
  const bearer = { authorization: `Bearer ${ada.cookie(COOKIES.access)}` };
  assert.equal((await askTicket(thief, { headers: bearer })).body.error, 'signin_by_redirect');
  const other = ada.copy();
  other.jar.delete(COOKIES.device);
  assert.equal((await askTicket(other)).body.error, 'retry');
  assert.equal((await ada.call('session')).body['status'], 'VERIFIED', 'and asking holds nobody');
});

inWorld('a sign-in that was not refreshed for a quarter of an hour is renewed first: a new grant costs a rotation', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  await addSecondary(world);
  world.clock.advance(STALE_ROTATION);
  assert.equal((await askTicket(ada)).status, 200);
  world.clock.advance(1);
  assert.equal((await askTicket(ada)).body.error, 'signin_by_redirect');
  await ada.refresh();
  assert.equal((await askTicket(ada)).status, 200);
});

inWorld('the cookie before the newest still proves the sign-in for two minutes; an older one is told to try again', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  await addSecondary(world);
  const behind = ada.copy();
  await ada.refresh();
  assert.equal((await askTicket(behind)).status, 200);
  await ada.refresh();
  const answered = await askTicket(behind);
  assert.deepEqual([answered.status, answered.body.error, answered.headers['retry-after']], [409, 'retry', '1']);
});

inWorld('where the user must be asked there is no ticket until the answer was yes, and then for no more than that', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { userId } = await sessionOf(world, ada);
  await addSecondary(world, 'game', { confirmation: 'once' });
  await addSecondary(world, 'bank', { confirmation: 'always', origins: ['https://bank.example.net'] });
  assert.equal((await askTicket(ada)).body.error, 'signin_by_redirect');
  for (const clientId of ['game', 'bank'])
    await saveConsent(world.deps.db, { userId: userId ?? '', clientId, scope: 'email openid', now: world.clock.now() });
  assert.equal(claimsOf((await ticketFor(ada)).ticket).scope, 'email openid');
  assert.equal((await askTicket(ada, { origin: 'https://bank.example.net' })).body.error, 'signin_by_redirect', 'asked each time');
});

inWorld('the audience is said by the Origin alone: no parameter names it, and a challenge must be one', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  await addSecondary(world);
  await addSecondary(world, 'bank', { origins: ['https://bank.example.net'] });
  for (const query of [
    { aud: 'bank' },
    { client_id: 'bank' },
    { audience: 'bank' },
    { code_challenge: 'short' },
    { code_challenge: 'A'.repeat(44) },
  ]) {
    const answered = await askTicket(ada, { query });
    assert.deepEqual([answered.status, answered.body.error, readableAt(answered)], [400, 'invalid_fields', SECONDARY_ORIGIN]);
  }
  assert.equal(claimsOf((await ticketFor(ada, 'https://bank.example.net')).ticket).aud, 'bank');
});

inWorld(
  'three hosts: our own pages’ origin is none of a secondary, and gets no ticket',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    await addSecondary(world);
    const answered = await askTicket(ada, { origin: 'https://app.example.net' });
    assert.deepEqual([answered.status, answered.body.error], [403, 'origin_refused']);
    assert.equal(readableAt(await askTicket(ada)), SECONDARY_ORIGIN);
  },
  { config: { appOrigin: 'https://app.example.net', apiOrigin: 'https://api.example.net', origin: 'https://example.net' } },
);
