import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { SSO } from '@portico/protocol/routes';
import { TICKET_TYPES } from '@portico/protocol/tokens';
import { deleteConsent, saveConsent } from '../../src/clients/consent.ts';
import { signJwt } from '../../src/sessions/sign-jwt.ts';
import { TICKET_LIFE } from '../../src/sessions/ticket.ts';
import { backendOf, openSite } from '../backends.ts';
import { actions, claimsOf, everything, familyOf, sessionOf } from '../families.ts';
import { addSecondary, type GivenTicket, ticketFor } from '../secondaries.ts';
import { addSite, basicOf, newVerifier } from '../sites.ts';
import { inWorld } from '../world.ts';

const bodyOf = ({ ticket, verifier }: GivenTicket) => ({ ticket, codeVerifier: verifier });

inWorld('a ticket becomes a grant of the secondary, which follows the session to its end', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const backend = backendOf(world.browser(), await addSecondary(world));
  const session = await sessionOf(world, ada);
  const answered = await backend.call('redeemTicket', bodyOf(await ticketFor(ada)));
  assert.equal(answered.status, 200, answered.text);
  const { accessToken, refreshToken, ...said } = answered.body;
  assert.deepEqual(said, {
    authTime: session.authTime,
    expiresIn: 300,
    gen: 0,
    sid: session.id,
    expiresAt: session.expiresAt,
    keep: true,
    user: { id: session.userId, roles: [], displayName: '', email: 'ada@example.com', emailVerified: true },
  });
  const family = await familyOf(world, String(refreshToken));
  assert.deepEqual([family.clientId, family.sessionId, family.expiresAt], ['game', session.id, session.expiresAt]);
  assert.equal((await backend.call('refresh', { refreshToken })).status, 200);
  await ada.act('signOut');
  assert.equal((await backend.call('refresh', { refreshToken })).body.error, 'session_ended');
  assert.ok(world.deps.revoked.isRevoked(claimsOf(accessToken)));
});

inWorld('both addresses redeem the same tickets, each ticket once', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const game = await addSecondary(world);
  const backend = backendOf(world.browser(), game);
  const given = await ticketFor(ada);
  const direct = (body: object) =>
    world
      .browser()
      .send('POST', SSO.redeemTicket, body, { headers: { authorization: basicOf(game), origin: undefined, 'sec-fetch-site': undefined } });
  assert.equal((await direct(bodyOf(given))).status, 200);
  for (const again of [await direct(bodyOf(given)), await backend.call('redeemTicket', bodyOf(given))])
    assert.deepEqual([again.status, again.body.error], [400, 'ticket_refused']);
});

inWorld('of client, verifier, expiry and first use only the one in sixteen where all are right passes', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const game = await addSecondary(world);
  const other = await addSecondary(world, 'other', { origins: ['https://other.example.net'] });
  const passed: string[] = [];
  for (let row = 0; row < 16; row += 1) {
    const wrong = { client: (row & 1) > 0, verifier: (row & 2) > 0, expiry: (row & 4) > 0, used: (row & 8) > 0 };
    await ada.refresh();
    const given = await ticketFor(ada);
    if (wrong.used) assert.equal((await backendOf(world.browser(), game).call('redeemTicket', bodyOf(given))).status, 200);
    // Past its end by as much as the clocks of two nodes may differ.
    world.clock.advance(wrong.expiry ? TICKET_LIFE + 5000 : TICKET_LIFE - 1000);
    const body = { ticket: given.ticket, codeVerifier: wrong.verifier ? newVerifier().verifier : given.verifier };
    const answered = await backendOf(world.browser(), wrong.client ? other : game).call('redeemTicket', body);
    if (answered.status === 200) passed.push(JSON.stringify(wrong));
    else assert.deepEqual([answered.status, answered.body.error], [400, 'ticket_refused'], JSON.stringify(wrong));
  }
  assert.deepEqual(passed, ['{"client":false,"verifier":false,"expiry":false,"used":false}']);
});

inWorld('of twenty parallel redemptions one wins; the others are noted, and end nothing that it opened', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const backend = backendOf(world.browser(), await addSecondary(world));
  const given = await ticketFor(ada);
  const answers = await Promise.all(Array.from({ length: 20 }, () => backend.call('redeemTicket', bodyOf(given))));
  const [won, ...lost] = answers.sort((a, b) => a.status - b.status);
  assert.ok(won?.status === 200 && lost.every(({ body }) => body.error === 'ticket_refused'));
  const families = await world.deps.db.all(`select state from refresh_tokens where client_id = 'game'`);
  assert.deepEqual(
    families.map((row) => row['state']),
    ['active'],
  );
  assert.equal((await actions(world)).filter((action) => action === 'ticket.replayed').length, 19);
  assert.equal((await backend.call('refresh', { refreshToken: won.body['refreshToken'] })).status, 200);
});

inWorld('a wrong verifier spends nothing and is no replay: who planted a ticket cannot use up the one of somebody else', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const backend = backendOf(world.browser(), await addSecondary(world));
  const given = await ticketFor(ada);
  const before = await everything(world);
  for (const codeVerifier of [newVerifier().verifier, 'x', given.ticket.slice(0, 256)])
    assert.equal((await backend.call('redeemTicket', { ticket: given.ticket, codeVerifier })).body.error, 'ticket_refused');
  assert.deepEqual(await everything(world), before);
  assert.equal((await backend.call('redeemTicket', bodyOf(given))).status, 200);
});

inWorld(
  'a ticket from before a sign-out, a hold, a suspension, a change of rights or a taken-back consent opens nothing',
  async (world) => {
    const game = await addSecondary(world, 'game', { confirmation: 'once' });
    const enter = async (name: string) => {
      const browser = await world.signedUp(`${name}@example.com`);
      const userId = (await sessionOf(world, browser)).userId ?? '';
      await saveConsent(world.deps.db, { userId, clientId: 'game', scope: 'openid', now: world.clock.now() });
      return { browser, userId, given: await ticketFor(browser) };
    };
    const [out, held, suspended, lowered, consent] = [
      await enter('out'),
      await enter('held'),
      await enter('susp'),
      await enter('low'),
      await enter('con'),
    ];
    await out.browser.act('signOut');
    await held.browser.copy().refresh();
    await held.browser.refresh();
    await world.deps.db.all('update users set suspended_at = 1 where id = $1', [suspended.userId]);
    await world.deps.db.all('update users set uv = uv + 1 where id = $1', [lowered.userId]);
    await deleteConsent(world.deps.db, consent.userId, 'game');
    for (const { given, userId } of [out, held, suspended, lowered, consent]) {
      const answered = await backendOf(world.browser(), game).call('redeemTicket', bodyOf(given));
      assert.equal(answered.body.error, 'ticket_refused');
      assert.deepEqual(await world.deps.db.all(`select id from refresh_tokens where client_id = 'game' and user_id = $1`, [userId]), []);
    }
    assert.ok(!(await actions(world)).includes('ticket.replayed'));
  },
);

inWorld('a consent that became smaller within the minute opens nothing; one more click asks again', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { userId } = await sessionOf(world, ada);
  const backend = backendOf(world.browser(), await addSecondary(world, 'game', { confirmation: 'once' }));
  const consent = { userId: userId ?? '', clientId: 'game', now: world.clock.now() };
  await saveConsent(world.deps.db, { ...consent, scope: 'email openid' });
  const given = await ticketFor(ada);
  await saveConsent(world.deps.db, { ...consent, scope: 'openid' });
  assert.equal((await backend.call('redeemTicket', bodyOf(given))).body.error, 'ticket_refused');
});

inWorld('only a secondary redeems tickets, and every other thing that is signed here is no ticket', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const game = await addSecondary(world);
  const backend = backendOf(world.browser(), game);
  const { ticket, verifier } = await ticketFor(ada);
  const { challenge } = newVerifier();
  const [head = '', payload = '', signature = ''] = ticket.split('.');
  const claims = claimsOf(ticket) as unknown as Record<string, unknown>;
  const key = world.deps.keys.currentSigning(world.clock.now(), 'ES256');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const hs = (secret: string) => {
    const text = `${part({ alg: 'HS256', typ: TICKET_TYPES.signIn, kid: key.kid })}.${payload}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const forged: Readonly<Record<string, string>> = {
    'no alg': `${part({ alg: 'none', typ: TICKET_TYPES.signIn })}.${payload}.`,
    'the client’s own secret': hs(game.secret ?? ''),
    'the published key as a secret': hs(JSON.stringify(key.publicJwk)),
    'another subject': `${head}.${part({ ...claims, sub: 'somebody' })}.${signature}`,
    'another type': signJwt(key, TICKET_TYPES.join, claims),
    'an access token': signJwt(key, 'at+jwt', claims),
    'another issuer': signJwt(key, TICKET_TYPES.signIn, { ...claims, iss: 'https://evil.example' }),
    'another audience': signJwt(key, TICKET_TYPES.signIn, { ...claims, aud: 'other' }),
    'no challenge': signJwt(key, TICKET_TYPES.signIn, { ...claims, code_challenge: undefined }),
    'another challenge': signJwt(key, TICKET_TYPES.signIn, { ...claims, code_challenge: challenge }),
    RS256: signJwt(world.deps.keys.currentSigning(world.clock.now(), 'RS256'), TICKET_TYPES.signIn, claims),
    'no end': signJwt(key, TICKET_TYPES.signIn, { ...claims, exp: undefined }),
    'its first half': ticket.slice(0, ticket.length / 2),
    garbage: 'x',
  };
  const before = await everything(world);
  for (const [what, text] of Object.entries(forged)) {
    const answered = await backend.call('redeemTicket', { ticket: text, codeVerifier: verifier });
    assert.deepEqual([answered.status, answered.body.error], [400, 'ticket_refused'], what);
  }
  assert.deepEqual(await everything(world), before);
  // Of a kind that gets no tickets, though nobody would have to be asked.
  const shop = await addSite(world, 'shop', { confirmation: 'auto' });
  const own = signJwt(key, TICKET_TYPES.signIn, { ...claims, aud: 'shop' });
  assert.equal(
    (await backendOf(world.browser(), shop).call('redeemTicket', { ticket: own, codeVerifier: verifier })).body.error,
    'ticket_refused',
  );
  assert.equal((await backend.call('redeemTicket', { ticket, codeVerifier: verifier })).status, 200, 'the real one works');
});

inWorld('a ticket opens nothing else: it is no access token, no code and no refresh token', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const game = await addSecondary(world);
  const backend = backendOf(world.browser(), game);
  const { ticket, verifier } = await ticketFor(ada);
  const bearer = { authorization: `Bearer ${ticket}`, origin: undefined, 'sec-fetch-site': undefined };
  assert.equal((await world.browser().call('me', undefined, { headers: bearer })).body.error, 'signed_out');
  assert.equal((await backend.call('refresh', { refreshToken: ticket.slice(0, 80) })).body.error, 'refresh_invalid');
  const asCode = { code: ticket.slice(0, 200), codeVerifier: verifier, redirectUri: game.redirectUri };
  assert.equal((await backend.call('token', asCode)).body.error, 'grant_refused');
});

inWorld('neither the database nor the log keeps a ticket, only the name of one that was used', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const backend = backendOf(world.browser(), await addSecondary(world));
  const given = await ticketFor(ada);
  await backend.call('redeemTicket', bodyOf(given));
  await backend.call('redeemTicket', bodyOf(given));
  const spent = await world.deps.db.all('select id, expires_at from spent_ids');
  const { jti, exp } = claimsOf(given.ticket);
  assert.deepEqual(
    spent.map((row) => ({ ...row })),
    [{ id: `signIn ticket ${jti}`, expires_at: exp * 1000 + 60_000 }],
  );
  const kept = JSON.stringify(await everything(world));
  assert.ok(!kept.includes(given.ticket.split('.')[2] ?? '') && !kept.includes(given.verifier));
});

inWorld('two clients of one session, one by code and one by ticket, refresh at once and both live', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await openSite(world, ada, await addSite(world, 'shop'));
  const backend = backendOf(world.browser(), await addSecondary(world));
  const { body } = await backend.call('redeemTicket', bodyOf(await ticketFor(ada)));
  for (let round = 0; round < 5; round += 1) {
    const [first, second, own] = await Promise.all([
      shop.backend.call('refresh', { refreshToken: shop.refreshToken }),
      backend.call('refresh', { refreshToken: body['refreshToken'] }),
      ada.refresh(),
    ]);
    assert.deepEqual([first.status, second.status, own.status], [200, 200, 200]);
  }
});
