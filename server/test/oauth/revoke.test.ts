import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { OAUTH } from '@portico/protocol/routes';
import { actions, claimsOf, familyOf, sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { addSite, codeFor } from '../sites.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { DAY, inWorld, PASSWORD } from '../world.ts';
import { ask, newProofKey, redeemed, redeeming, refreshing, refusalOf, tokensOf, withProof } from './ask.ts';

/** Tokens that a client gives back (RFC 7009). */

inWorld('a refresh token that is given back ends the site in that session, its access tokens at once, and nothing else', async (world) => {
  const [notes, other] = [
    await addSite(world, 'notes', { backchannelLogoutUri: 'https://notes.example.net/logout' }),
    await addSite(world, 'other'),
  ];
  const browser = await world.signedUp('ada@example.com');
  const first = await redeemed(world, notes, await codeFor(world, browser, notes));
  const second = await redeemed(world, notes, await codeFor(world, browser, notes));
  const elsewhere = await redeemed(world, other, await codeFor(world, browser, other));
  const answer = await ask(world, 'revoke', notes, { token: first.refreshToken });
  assert.equal(answer.status, 200, answer.text);
  for (const { accessToken, refreshToken } of [first, second]) {
    assert.ok(world.deps.revoked.isRevoked(claimsOf(accessToken)));
    assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(refreshToken))), '400 invalid_grant');
  }
  assert.ok((await actions(world)).includes('site.left'));
  assert.equal((await world.deps.db.all('select id from logouts')).length, 1);
  assert.ok(!world.deps.revoked.isRevoked(claimsOf(elsewhere.accessToken)));
  tokensOf(await ask(world, 'token', other, refreshing(elsewhere.refreshToken)));
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  // The user comes back in one redirect, in the same session, and what was revoked stays so.
  const back = await redeemed(world, notes, await codeFor(world, browser, notes));
  assert.ok(!world.deps.revoked.isRevoked(claimsOf(back.accessToken)));
  // Again is no error.
  assert.equal((await ask(world, 'revoke', notes, { token: first.refreshToken })).status, 200);
});

inWorld('an access token that is given back ends the grant that it came from, and only that', async (world) => {
  const notes = await addSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  const first = await redeemed(world, notes, await codeFor(world, browser, notes));
  const second = await redeemed(world, notes, await codeFor(world, browser, notes));
  assert.equal((await ask(world, 'revoke', notes, { token: first.accessToken, token_type_hint: 'refresh_token' })).status, 200);
  assert.ok(world.deps.revoked.isRevoked(claimsOf(first.accessToken)));
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(first.refreshToken))), '400 invalid_grant');
  assert.ok(!world.deps.revoked.isRevoked(claimsOf(second.accessToken)));
  tokensOf(await ask(world, 'token', notes, refreshing(second.refreshToken)));
});

inTappedWorld('another client’s token is refused, an unknown one is answered as done, and both change nothing', async (world, tap) => {
  const [notes, snake] = [await addSite(world, 'notes'), await addSite(world, 'space-snake', { kind: 'native' })];
  const browser = await world.signedUp('ada@example.com');
  const { accessToken, refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
  tap.forget();
  for (const token of [accessToken, refreshToken, browser.refreshToken])
    assert.equal(refusalOf(await ask(world, 'revoke', snake, { token })), '400 invalid_request');
  for (const token of ['x', `${refreshToken}x`, `${accessToken}x`, `ptr_${'A'.repeat(76)}`])
    assert.equal((await ask(world, 'revoke', notes, { token })).status, 200);
  assert.equal(refusalOf(await ask(world, 'revoke', notes, {})), '400 invalid_request');
  assert.equal(tap.writes(), 0);
  assert.ok(!world.deps.revoked.isRevoked(claimsOf(accessToken)));
  tokensOf(await ask(world, 'token', notes, refreshing(refreshToken)));
});

inWorld('a public client gives back what it holds, however old the link', async (world) => {
  const snake = await addSite(world, 'space-snake', { kind: 'native' });
  const browser = await world.signedUp('ada@example.com');
  const { refreshToken } = await redeemed(world, snake, await codeFor(world, browser, snake));
  const next = tokensOf(await ask(world, 'token', snake, refreshing(refreshToken)));
  world.clock.advance(DAY);
  const newest = tokensOf(await ask(world, 'token', snake, refreshing(next.refreshToken)));
  assert.equal((await ask(world, 'revoke', snake, { token: refreshToken })).status, 200);
  assert.equal(refusalOf(await ask(world, 'token', snake, refreshing(newest.refreshToken))), '400 invalid_grant');
  assert.equal((await familyOf(world, refreshToken)).state, 'revoked');
});

inWorld('portico_ends=session ends every site of that browser, everywhere every browser; other users go on', async (world) => {
  const [snake, notes] = [await addSite(world, 'space-snake', { kind: 'native' }), await addSite(world, 'notes')];
  const [ada, phone, bob] = [await world.signedUp('ada@example.com'), world.browser(), await world.signedUp('bob@example.com')];
  await phone.signIn('ada@example.com', PASSWORD);
  for (const [browser, ends] of [
    [ada, 'session'],
    [phone, 'everywhere'],
  ] as const) {
    const again = ends === 'everywhere' ? world.browser() : null;
    await again?.signIn('ada@example.com', PASSWORD);
    const { refreshToken } = await redeemed(world, snake, await codeFor(world, browser, snake));
    const elsewhere = await redeemed(world, notes, await codeFor(world, browser, notes));
    assert.equal(refusalOf(await ask(world, 'revoke', snake, { token: refreshToken, portico_ends: 'all' })), '400 invalid_request');
    assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
    assert.equal((await ask(world, 'revoke', snake, { token: refreshToken, portico_ends: ends })).status, 200);
    assert.ok(world.deps.revoked.isRevoked(claimsOf(elsewhere.accessToken)), 'of the same session');
    assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
    assert.equal((await phone.call('session')).body['status'], ends === 'session' ? 'VERIFIED' : 'SIGNED_OUT');
    if (again !== null) assert.equal((await again.call('session')).body['status'], 'SIGNED_OUT');
  }
  assert.equal((await bob.call('session')).body['status'], 'VERIFIED');
});

inWorld('with a stolen token that is bound to a key nobody signs its owner out of everything, nor with an access token', async (world) => {
  const app = await addSite(world, 'app', { kind: 'spa' });
  const browser = await world.signedUp('ada@example.com');
  const [own, other] = [await newProofKey(world.clock.now), await newProofKey(world.clock.now)];
  const given = await codeFor(world, browser, app);
  const proven = (key: typeof own, call: 'token' | 'revoke') => withProof(key.proof({ path: OAUTH[call] }));
  const tokens = tokensOf(await ask(world, 'token', app, redeeming(app, given), proven(own, 'token')));
  for (const portico_ends of ['session', 'everywhere']) {
    const parameters = { token: tokens.refreshToken, portico_ends };
    assert.equal(refusalOf(await ask(world, 'revoke', app, parameters)), '400 invalid_dpop_proof');
    assert.equal(refusalOf(await ask(world, 'revoke', app, parameters, proven(other, 'revoke'))), '400 invalid_dpop_proof');
    assert.equal(refusalOf(await ask(world, 'revoke', app, { ...parameters, token: tokens.accessToken })), '400 invalid_request');
  }
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');
  const ended = await ask(world, 'revoke', app, { token: tokens.refreshToken, portico_ends: 'session' }, proven(own, 'revoke'));
  assert.equal(ended.status, 200, ended.text);
  assert.equal((await browser.call('session')).body['status'], 'SIGNED_OUT');
});

onTwoNodes('refreshes that race with a revocation on another node end with it, whichever was first', async (first, second) => {
  const notes = await addSite(first, 'notes');
  const browser = await first.signedUp('ada@example.com');
  for (let round = 0; round < 8; round += 1) {
    const { refreshToken } = await redeemed(first, notes, await codeFor(first, browser, notes));
    const [refreshed, revoked] = await Promise.all([
      ask(first, 'token', notes, refreshing(refreshToken)),
      ask(second, 'revoke', notes, { token: refreshToken }),
    ]);
    assert.equal(revoked.status, 200, revoked.text);
    assert.equal((await familyOf(first, refreshToken)).state, 'revoked');
    if (refreshed.status !== 200) assert.equal(refusalOf(refreshed), '400 invalid_grant');
    else assert.equal(refusalOf(await ask(first, 'token', notes, refreshing(tokensOf(refreshed).refreshToken))), '400 invalid_grant');
    assert.equal(refusalOf(await ask(second, 'token', notes, refreshing(refreshToken))), '400 invalid_grant');
  }
});

inTappedWorld(
  'a refresh that was decided before a revocation, and one after it: the second gets nothing, and neither lives on',
  async (world, tap) => {
    const notes = await addSite(world, 'notes');
    const browser = await world.signedUp('ada@example.com');
    for (const when of ['before', 'after'] as const) {
      const { refreshToken } = await redeemed(world, notes, await codeFor(world, browser, notes));
      tap[when]('update refresh_tokens set gen', async () => {
        assert.equal((await ask(world, 'revoke', notes, { token: refreshToken })).status, 200);
      });
      const answer = await ask(world, 'token', notes, refreshing(refreshToken));
      if (when === 'before') assert.equal(refusalOf(answer), '400 invalid_grant');
      else {
        const { accessToken, refreshToken: next } = tokensOf(answer);
        assert.ok(world.deps.revoked.isRevoked(claimsOf(accessToken)), 'what was minted by the earlier statement is revoked');
        assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(next))), '400 invalid_grant');
      }
    }
  },
);

inTappedWorld('a code redeemed before a sign-out ends with it, and one after it is refused', async (world, tap) => {
  const notes = await addSite(world, 'notes');
  const livingOf = async (sid: string) =>
    (await world.deps.db.all(`select id from refresh_tokens where state = 'active' and session_id = '${sid}'`)).length;

  const late = await world.signedUp('ada@example.com');
  const tooLate = await codeFor(world, late, notes);
  // The code was looked at and is good; before the session is locked its user signs out.
  tap.after('from authorization_codes where hash', async () => void (await late.act('signOut')));
  assert.equal(refusalOf(await ask(world, 'token', notes, redeeming(notes, tooLate))), '400 invalid_grant');
  assert.equal(await livingOf(tooLate.sid), 0);

  const early = await world.signedUp('bob@example.com');
  const given = await codeFor(world, early, notes);
  // The session is locked by the redemption when the sign-out comes, and has to wait: without the lock it would be over within the second.
  let signedOut: Promise<unknown> = Promise.resolve();
  tap.before('update authorization_codes set used_at', async () => {
    signedOut = early.act('signOut');
    await Promise.race([signedOut, sleep(1000)]);
  });
  const { accessToken, refreshToken } = tokensOf(await ask(world, 'token', notes, redeeming(notes, given)));
  await signedOut;
  assert.ok(world.deps.revoked.isRevoked(claimsOf(accessToken)));
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(refreshToken))), '400 invalid_grant');
  assert.equal(await livingOf(given.sid), 0);
});

onTwoNodes('two sites of one session that refresh at once both live, and end together', async (first, second) => {
  const [notes, board] = [await addSite(first, 'notes'), await addSite(first, 'board')];
  const browser = await first.signedUp('ada@example.com');
  let [atNotes, atBoard] = [
    (await redeemed(first, notes, await codeFor(first, browser, notes))).refreshToken,
    (await redeemed(first, board, await codeFor(first, browser, board))).refreshToken,
  ];
  for (let round = 0; round < 10; round += 1) {
    const [one, other] = await Promise.all([
      ask(first, 'token', notes, refreshing(atNotes)),
      ask(second, 'token', board, refreshing(atBoard)),
      browser.refresh(),
    ]);
    atNotes = tokensOf(one).refreshToken;
    atBoard = tokensOf(other).refreshToken;
  }
  const ends = await Promise.all([familyOf(first, atNotes), familyOf(first, atBoard)]);
  assert.deepEqual(
    ends.map(({ expiresAt }) => expiresAt),
    Array(2).fill((await sessionOf(first, browser)).expiresAt),
  );
  await browser.act('signOut');
  for (const [site, token] of [
    [notes, atNotes],
    [board, atBoard],
  ] as const)
    assert.equal(refusalOf(await ask(second, 'token', site, refreshing(token))), '400 invalid_grant');
});
