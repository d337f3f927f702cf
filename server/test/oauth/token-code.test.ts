import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { jwtVerify } from 'jose';
import { setClientDisabled } from '../../src/clients/client.ts';
import { CODE_LIFE } from '../../src/oauth/authorization-code.ts';
import { actions, claimsOf, familyOf, sessionOf } from '../families.ts';
import { addSite, basicOf, codeFor, newVerifier, type Site } from '../sites.ts';
import { inWorld, MINUTE, ORIGIN, type World } from '../world.ts';
import { ask, redeemed, redeeming, refreshing, refusalOf, tokensOf } from './ask.ts';

/** Codes become tokens once, for the client, the address and the verifier that they were made for (RFC 6749 4.1.3, RFC 7636 4.6). */

/** A signed-in browser, a site, and a code of the one for the other. */
async function withCode(world: World, site: Site) {
  const browser = await world.signedUp('ada@example.com');
  return { browser, given: await codeFor(world, browser, site, { nonce: 'n-1' }) };
}

async function liveFamilies(world: World): Promise<number> {
  const rows = await world.deps.db.all(`select id from refresh_tokens where state = 'active' and client_id <> '${FIRST_PARTY_CLIENT}'`);
  return rows.length;
}

inWorld('a code becomes an access token, a refresh token and an ID token of the session it was made in', async (world) => {
  const notes = await addSite(world, 'notes');
  const { browser, given } = await withCode(world, notes);
  const answer = await ask(world, 'token', notes, redeeming(notes, given));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['pragma'], 'no-cache');
  assert.deepEqual(answer.setCookies, []);
  assert.equal(answer.body['token_type'], 'Bearer');
  assert.equal(answer.body['expires_in'], 300);
  assert.equal(answer.body['scope'], 'openid profile email offline_access');
  const { accessToken, refreshToken, idToken } = tokensOf(answer);
  const session = await sessionOf(world, browser);
  const family = await familyOf(world, refreshToken);
  const access = claimsOf(accessToken);
  assert.deepEqual(
    [access.iss, access.aud, access.client_id, access.sub, access.sid, access.fid, access.role],
    [ORIGIN, 'notes', 'notes', session.userId, session.id, family.id, undefined],
  );
  assert.equal(family.expiresAt, session.expiresAt);
  const { kid = '' } = JSON.parse(Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString()) as { kid?: string };
  const { payload } = await jwtVerify(idToken, world.deps.keys.signing(kid)?.publicKey ?? new Uint8Array(), {
    issuer: ORIGIN,
    audience: 'notes',
    currentDate: new Date(world.clock.now()),
  });
  assert.deepEqual(
    [payload.sub, payload['sid'], payload['nonce'], payload['auth_time']],
    [session.userId, session.id, 'n-1', Math.floor(session.authTime / 1000)],
  );
  assert.ok((await actions(world)).includes('site.opened'));
});

inWorld('without openid there is no ID token', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const answer = await ask(world, 'token', notes, redeeming(notes, await codeFor(world, browser, notes, { scope: 'profile' })));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body['id_token'], undefined);
  assert.equal(answer.body['scope'], 'profile');
});

inWorld('a public client redeems with its name and its verifier, and a secret in the body will do as one in the header', async (world) => {
  const [snake, notes] = [await addSite(world, 'space-snake', { kind: 'native' }), await addSite(world, 'notes')];
  const browser = await world.signedUp('ada@example.com');
  await redeemed(world, snake, await codeFor(world, browser, snake));
  await redeemed(world, notes, await codeFor(world, browser, notes), { by: 'body' });
  assert.equal(await liveFamilies(world), 2);
});

inWorld('of client, redirect URI, verifier and age only all right together redeem a code, and no wrong one uses it up', async (world) => {
  const [notes, other] = [await addSite(world, 'notes'), await addSite(world, 'other')];
  const browser = await world.signedUp('ada@example.com');
  for (let bits = 15; bits >= 0; bits -= 1) {
    const [rightClient, rightUri, rightVerifier, inTime] = [8, 4, 2, 1].map((bit) => (bits & bit) !== 0) as [
      boolean,
      boolean,
      boolean,
      boolean,
    ];
    const given = await codeFor(world, browser, notes);
    if (!inTime) world.clock.advance(CODE_LIFE + 1);
    const form = {
      grant_type: 'authorization_code',
      code: given.code,
      redirect_uri: rightUri ? notes.redirectUri : other.redirectUri,
      code_verifier: rightVerifier ? given.verifier : newVerifier().verifier,
    };
    const before = await liveFamilies(world);
    const answer = await ask(world, 'token', rightClient ? notes : other, form);
    const what = `client ${rightClient}, redirect ${rightUri}, verifier ${rightVerifier}, in time ${inTime}`;
    assert.equal(answer.status === 200 ? '200' : refusalOf(answer), bits === 15 ? '200' : '400 invalid_grant', what);
    assert.equal(await liveFamilies(world), before + (bits === 15 ? 1 : 0), what);
    if (bits === 15) continue;
    // What somebody else tried has not spoilt it for its owner.
    if (inTime) await redeemed(world, notes, given);
  }
});

inWorld('the words of a refusal do not tell which part of a code was wrong', async (world) => {
  const notes = await addSite(world, 'notes');
  const { given } = await withCode(world, notes);
  const form = redeeming(notes, given);
  const wrong = [
    { ...form, code: `ptc_${randomBytes(32).toString('base64url')}` },
    { ...form, code: 'SplxlOBeZQQYbYS6WxSbIA' },
    { ...form, code: `${given.code}x` },
    { ...form, redirect_uri: `${notes.redirectUri}/` },
    { ...form, code_verifier: newVerifier().verifier },
    { ...form, code_verifier: 'short' },
    { ...form, code_verifier: `${given.verifier}=` },
  ];
  const answers = [];
  for (const one of wrong) answers.push(await ask(world, 'token', notes, one));
  const { code_verifier: _, ...withoutVerifier } = form;
  answers.push(await ask(world, 'token', notes, withoutVerifier));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1, answers.map(({ text }) => text).join('\n'));
  assert.equal(refusalOf(answers[0] as (typeof answers)[0]), '400 invalid_grant');
  for (const missing of ['code', 'redirect_uri', 'grant_type']) {
    const { [missing]: __, ...rest } = form;
    assert.equal(refusalOf(await ask(world, 'token', notes, rest)), '400 invalid_request', missing);
  }
  await redeemed(world, notes, given);
});

inWorld('a verifier for a code that was made without a challenge is refused: nobody took the challenge away on its way', async (world) => {
  const notes = await addSite(world, 'notes', { pkce: 'nonce' });
  const browser = await world.signedUp('ada@example.com');
  const without = async () => {
    const given = await codeFor(world, browser, notes, { nonce: 'n' });
    await world.deps.db.all(`update authorization_codes set challenge = '' where used_at is null`);
    return given;
  };
  assert.equal(refusalOf(await ask(world, 'token', notes, redeeming(notes, await without()))), '400 invalid_grant');
  const { code } = await without();
  const form = { grant_type: 'authorization_code', code, redirect_uri: notes.redirectUri };
  tokensOf(await ask(world, 'token', notes, form));
});

inWorld('a code that comes again ends what it issued, at once and on this node too', async (world) => {
  const notes = await addSite(world, 'notes', { backchannelLogoutUri: 'https://notes.example.net/logout' });
  const { browser, given } = await withCode(world, notes);
  const first = await redeemed(world, notes, given);
  const again = await ask(world, 'token', notes, redeeming(notes, given));
  assert.equal(refusalOf(again), '400 invalid_grant');
  assert.ok(world.deps.revoked.isRevoked(claimsOf(first.accessToken)), 'the access token is revoked');
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(first.refreshToken))), '400 invalid_grant');
  assert.ok((await actions(world)).includes('code.replayed'));
  assert.equal((await world.deps.db.all('select id from logouts')).length, 1, 'the site is told');
  // The session and its other sites go on.
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
});

inWorld('a used code with a wrong verifier, a wrong address or another client ends nothing', async (world) => {
  const [notes, other] = [await addSite(world, 'notes'), await addSite(world, 'other')];
  const { given } = await withCode(world, notes);
  const first = await redeemed(world, notes, given);
  const form = redeeming(notes, given);
  for (const [site, one] of [
    [notes, { ...form, code_verifier: newVerifier().verifier }],
    [notes, { ...form, redirect_uri: other.redirectUri }],
    [other, form],
    [other, redeeming(other, given)],
  ] as const)
    assert.equal(refusalOf(await ask(world, 'token', site, one)), '400 invalid_grant');
  assert.ok(!world.deps.revoked.isRevoked(claimsOf(first.accessToken)));
  tokensOf(await ask(world, 'token', notes, refreshing(first.refreshToken)));
});

inWorld('no code is redeemed after sign-out, and what was redeemed before it ends with the session', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const [early, late] = [await codeFor(world, browser, notes), await codeFor(world, browser, notes)];
  const tokens = await redeemed(world, notes, early);
  await browser.act('signOut');
  assert.equal(refusalOf(await ask(world, 'token', notes, redeeming(notes, late))), '400 invalid_grant');
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '400 invalid_grant');
  assert.ok(world.deps.revoked.isRevoked(claimsOf(tokens.accessToken)));
  assert.equal(await liveFamilies(world), 0);
});

inWorld('nobody redeems a code for a user who was suspended, or as a client that was disabled, in the meantime', async (world) => {
  const notes = await addSite(world, 'notes');
  const { given } = await withCode(world, notes);
  await world.deps.db.all('update users set suspended_at = 1');
  assert.equal(refusalOf(await ask(world, 'token', notes, redeeming(notes, given))), '400 invalid_grant');
  await world.deps.db.all('update users set suspended_at = null');
  await world.deps.db.transaction((tx) => setClientDisabled(tx, 'notes', world.clock.now()));
  assert.equal(refusalOf(await ask(world, 'token', notes, redeeming(notes, given))), '401 invalid_client');
});

inWorld('the code of a minute ago is too old, and neither code nor verifier is in the audit log', async (world) => {
  const notes = await addSite(world, 'notes');
  const { browser, given } = await withCode(world, notes);
  world.clock.advance(MINUTE + 1);
  assert.equal(refusalOf(await ask(world, 'token', notes, redeeming(notes, given))), '400 invalid_grant');
  const fresh = await codeFor(world, browser, notes);
  await redeemed(world, notes, fresh);
  await ask(world, 'token', notes, redeeming(notes, fresh));
  const log = JSON.stringify(await world.deps.db.all('select * from events'));
  for (const secret of [given.code, fresh.code, fresh.verifier, notes.secret ?? '', basicOf(notes)]) assert.ok(!log.includes(secret));
});
