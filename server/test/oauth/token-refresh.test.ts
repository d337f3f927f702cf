import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { HEADERS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { actions, claimsOf, familyOf, sessionOf } from '../families.ts';
import { addSite, codeFor } from '../sites.ts';
import { DAY, HOUR, inWorld, MINUTE, ORIGIN } from '../world.ts';
import { ask, redeemed, refreshing, refusalOf, tokensOf } from './ask.ts';

/** grant_type=refresh_token: the chain in OAuth's words (RFC 6749 6). */

const attemptOf = (gen: number) => ({ headers: { [HEADERS.attempt]: `${gen}.${randomBytes(16).toString('base64url')}` } });

inWorld('a refresh hands on the next token, the roles of now, and an ID token of the same sign-in without a nonce', async (world) => {
  const notes = await addSite(world, 'notes', { roles: ['editor'] });
  const browser = await world.signedUp('ada@example.com');
  const first = await redeemed(world, notes, await codeFor(world, browser, notes, { nonce: 'n-1' }));
  const { userId } = await sessionOf(world, browser);
  await world.deps.db.all(
    `insert into client_roles (user_id, client_id, roles, changed_at) values ('${userId}', 'notes', '["editor"]', 1)`,
  );
  world.clock.advance(MINUTE);
  const second = tokensOf(await ask(world, 'token', notes, refreshing(first.refreshToken)));
  assert.notEqual(second.refreshToken, first.refreshToken);
  assert.equal((await familyOf(world, second.refreshToken)).gen, 1);
  assert.deepEqual([claimsOf(first.accessToken).roles, claimsOf(second.accessToken).roles], [[], ['editor']]);
  const [before, after] = [first, second].map(({ idToken }) => claimsOf(idToken) as unknown as Record<string, unknown>);
  for (const same of ['iss', 'sub', 'aud', 'auth_time', 'sid', 'amr']) assert.deepEqual(after?.[same], before?.[same], same);
  assert.deepEqual([before?.['nonce'], after?.['nonce']], ['n-1', undefined]);
  assert.equal(Number(after?.['iat']) - Number(before?.['iat']), 60);
});

inWorld('the same attempt again is the same successor, however late, and another one ends the site’s grant', async (world) => {
  const snake = await addSite(world, 'space-snake', { kind: 'native' });
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, snake, await codeFor(world, browser, snake));
  const attempt = attemptOf(0);
  const rotated = tokensOf(await ask(world, 'token', snake, refreshing(refreshToken), attempt));
  world.clock.advance(DAY);
  const replayed = tokensOf(await ask(world, 'token', snake, refreshing(refreshToken), attempt));
  assert.equal(replayed.refreshToken, rotated.refreshToken);
  assert.equal(refusalOf(await ask(world, 'token', snake, refreshing(refreshToken), attemptOf(0))), '400 invalid_grant');
  assert.ok((await actions(world)).includes('refresh.reuse'));
  assert.ok(world.deps.revoked.isRevoked(claimsOf(rotated.accessToken)));
  assert.equal(refusalOf(await ask(world, 'token', snake, refreshing(rotated.refreshToken), attemptOf(1))), '400 invalid_grant');
  // One careless site does not sign anybody out elsewhere.
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});

inWorld('a client that proved itself may retry without attempts at any time, one that only names itself for a minute', async (world) => {
  const [notes, snake] = [await addSite(world, 'notes'), await addSite(world, 'space-snake', { kind: 'native' })];
  const browser = await world.signedUp('ada@example.com');
  for (const [site, late] of [
    [notes, '200'],
    [snake, '400 invalid_grant'],
  ] as const) {
    const { refreshToken } = await redeemed(world, site, await codeFor(world, browser, site));
    const rotated = tokensOf(await ask(world, 'token', site, refreshing(refreshToken)));
    const soon = tokensOf(await ask(world, 'token', site, refreshing(refreshToken)));
    assert.equal(soon.refreshToken, rotated.refreshToken);
    world.clock.advance(HOUR);
    const answer = await ask(world, 'token', site, refreshing(refreshToken));
    assert.equal(answer.status === 200 ? '200' : refusalOf(answer), late, site.id);
  }
});

inWorld('"come back in a moment" is 503 with Retry-After, never invalid_grant; a malformed attempt is invalid_request', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const answer = await ask(world, 'token', notes, refreshing(refreshToken), attemptOf(7));
  assert.equal(refusalOf(answer), '503 temporarily_unavailable');
  assert.equal(answer.headers['retry-after'], '1');
  const malformed = await ask(world, 'token', notes, refreshing(refreshToken), { headers: { [HEADERS.attempt]: '0.x' } });
  assert.equal(refusalOf(malformed), '400 invalid_request');
  assert.equal((await familyOf(world, refreshToken)).gen, 0);
  tokensOf(await ask(world, 'token', notes, refreshing(refreshToken)));
});

inWorld('a held session answers invalid_grant with the address where its owner comes back', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  // A copied jar: two holders of one generation.
  const thief = browser.copy();
  await browser.refresh();
  await thief.refresh();
  const answer = await ask(world, 'token', notes, refreshing(refreshToken));
  assert.equal(refusalOf(answer), '400 invalid_grant');
  assert.equal(answer.body['portico_verify_url'], ORIGIN + PAGES.verifySignIn);
});

inWorld('a client may be set so that its copied token holds the whole session', async (world) => {
  const bank = await addSite(world, 'bank', { reuseEnds: 'session' });
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, bank, await codeFor(world, browser, bank));
  await ask(world, 'token', bank, refreshing(refreshToken), attemptOf(0));
  const stolen = await ask(world, 'token', bank, refreshing(refreshToken), attemptOf(0));
  assert.equal(stolen.body['portico_verify_url'], ORIGIN + PAGES.verifySignIn);
  assert.equal((await browser.call('session')).body['status'], 'HELD');
});

inWorld('scope is narrowed and never widened, and a request that asks for more does not move the chain', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes, { scope: 'email openid' }));
  for (const scope of ['email openid profile', 'admin', 'openid offline_access'])
    assert.equal(refusalOf(await ask(world, 'token', notes, { ...refreshing(refreshToken), scope })), '400 invalid_scope', scope);
  assert.equal((await familyOf(world, refreshToken)).gen, 0);
  const narrow = tokensOf(await ask(world, 'token', notes, { ...refreshing(refreshToken), scope: 'email' }));
  assert.equal(narrow.scope, 'email');
  assert.equal(narrow.idToken, '');
  assert.equal(claimsOf(narrow.accessToken).scope, 'email');
  // The grant itself is as wide as before (RFC 6749 6).
  const whole = tokensOf(await ask(world, 'token', notes, refreshing(narrow.refreshToken)));
  assert.equal(whole.scope, 'email openid');
});

inWorld('no token is to be had for another audience, by whichever name it is asked for', async (world) => {
  const notes = await addSite(world, 'notes');
  await addSite(world, 'other');
  const browser = await world.signedUp('ada@example.com');
  const given = await codeFor(world, browser, notes);
  for (const wider of [
    { resource: 'https://other.example.net' },
    { resource: 'other' },
    { audience: 'other' },
    { audience: 'portico' },
    { audience: 'notes', resource: ORIGIN },
  ]) {
    const fields = { grant_type: 'authorization_code', code: given.code, redirect_uri: notes.redirectUri, code_verifier: given.verifier };
    assert.equal(refusalOf(await ask(world, 'token', notes, { ...fields, ...wider })), '400 invalid_target');
  }
  const { refreshToken } = await redeemed(world, notes, given);
  assert.equal(refusalOf(await ask(world, 'token', notes, { ...refreshing(refreshToken), resource: 'other' })), '400 invalid_target');
  const own = tokensOf(await ask(world, 'token', notes, { ...refreshing(refreshToken), audience: 'notes' }));
  assert.equal(claimsOf(own.accessToken).aud, 'notes');
});

inWorld('a refresh token is worth something to its own client only, and another client’s try changes nothing', async (world) => {
  const [notes, other] = [await addSite(world, 'notes'), await addSite(world, 'other')];
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const before = await familyOf(world, refreshToken);
  for (const scope of [undefined, 'openid', 'everything'])
    assert.equal(
      refusalOf(await ask(world, 'token', other, { ...refreshing(refreshToken), ...(scope === undefined ? {} : { scope }) })),
      '400 invalid_grant',
    );
  assert.deepEqual(await familyOf(world, refreshToken), before);
  // Nor is the browser's own token worth anything here, whoever brings it.
  for (const by of ['basic', 'nothing'] as const) {
    const answer = await ask(
      world,
      'token',
      notes,
      { ...refreshing(browser.refreshToken), ...(by === 'nothing' ? { client_id: 'portico' } : {}) },
      { by },
    );
    assert.equal(refusalOf(answer), by === 'basic' ? '400 invalid_grant' : '401 invalid_client');
  }
  assert.equal((await browser.refresh()).status, 200);
});

inWorld('a site’s tokens end at the absolute end of the session, however often they are refreshed', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  let { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  const { expiresAt } = await sessionOf(world, browser);
  for (let day = 0; day < 29; day += 1) {
    world.clock.advance(DAY);
    ({ refreshToken } = tokensOf(await ask(world, 'token', notes, refreshing(refreshToken))));
  }
  world.clock.advance(expiresAt - world.clock.now() - MINUTE);
  const last = await ask(world, 'token', notes, refreshing(refreshToken));
  assert.ok(Number(last.body['expires_in']) <= 60, last.text);
  world.clock.advance(MINUTE);
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(tokensOf(last).refreshToken))), '400 invalid_grant');
});

inWorld('a family rests as long as its client is set to, and no longer', async (world) => {
  const notes = await addSite(world, 'notes', { idleLife: HOUR });
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  world.clock.advance(HOUR - 1);
  const next = tokensOf(await ask(world, 'token', notes, refreshing(refreshToken)));
  world.clock.advance(HOUR);
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(next.refreshToken))), '400 invalid_grant');
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});
