import assert from 'node:assert/strict';
import { TICKET_TYPES } from '@portico/protocol/tokens';
import { setClientDisabled } from '../../src/clients/client.ts';
import { insertSigningSecret, signingSecretLabel } from '../../src/clients/client-secret.ts';
import { saveConsent } from '../../src/clients/consent.ts';
import { signJwt } from '../../src/sessions/sign-jwt.ts';
import { firstLink, siteTokens } from '../../src/sessions/site-tokens.ts';
import { TICKET_LIFE } from '../../src/sessions/ticket.ts';
import { backendOf, openSite } from '../backends.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions, claimsOf, everything, sessionOf } from '../families.ts';
import { addSecondary, ticketFor } from '../secondaries.ts';
import { addSite, openSite as grantSite, type Site } from '../sites.ts';
import { inWorld, type World } from '../world.ts';

/** A game asks with its own access token: no cookies, no origin. */
async function askAs(world: World, accessToken: string, clientId: string): Promise<Answered> {
  const headers = { authorization: `Bearer ${accessToken}`, origin: undefined, 'sec-fetch-site': undefined };
  return world.browser().call('myJoinTicket', { clientId }, { headers });
}

const ask = (browser: Browser, clientId: string) => browser.act('myJoinTicket', { clientId });

/** A game without a secret, its server that takes its tokens, and a site that has nothing to do with them. */
async function gameAndServer(world: World): Promise<{ game: Site; server: Site; stranger: Site }> {
  return {
    game: await addSite(world, 'snake', { kind: 'native', redirectUris: ['https://snake.example.net/callback'] }),
    server: await addSite(world, 'snake-server', { kind: 'machine', audiences: ['snake'] }),
    stranger: await addSite(world, 'stranger'),
  };
}

/** An access token of a site without the call that gets it: a game has no secret, and some have another way of signing. */
async function tokenOf(world: World, browser: Browser, site: Site): Promise<string> {
  return siteTokens(world.deps, firstLink(await grantSite(world, browser, site))).accessToken;
}

inWorld(
  'a game shows its server who plays: the ticket is asked for with the game’s own token, and lets the user in once',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const { game, server } = await gameAndServer(world);
    const accessToken = await tokenOf(world, ada, game);
    const before = await everything(world);
    const asked = await askAs(world, accessToken, server.id);
    assert.deepEqual([asked.status, asked.body['expiresIn']], [200, 60], asked.text);
    assert.deepEqual(await everything(world), before, 'nothing is written when a ticket is made');
    const session = await sessionOf(world, ada);
    const claims = claimsOf(asked.body['ticket']);
    assert.deepEqual([claims.aud, claims.sub, claims.sid, claims.exp - claims.iat], ['snake-server', session.userId, session.id, 60]);
    const backend = backendOf(world.browser(), server);
    const joined = await backend.call('join', { ticket: asked.body['ticket'] });
    assert.deepEqual(
      [joined.status, joined.body],
      [200, { user: { id: session.userId, roles: [], displayName: '', email: 'ada@example.com', emailVerified: true }, sid: session.id }],
    );
    const again = await backend.call('join', { ticket: asked.body['ticket'] });
    assert.deepEqual([again.status, again.body.error], [400, 'ticket_refused']);
    assert.equal((await actions(world)).filter((action) => action === 'ticket.replayed').length, 1);
  },
);

inWorld('a site gets tickets for itself and for servers that take its tokens, and for nobody else', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { game, server, stranger } = await gameAndServer(world);
  const accessToken = await tokenOf(world, ada, game);
  const shop = await openSite(world, ada, stranger);
  assert.equal((await askAs(world, shop.accessToken, 'stranger')).status, 200, 'for itself');
  const gone = await addSite(world, 'gone', { audiences: ['snake'] });
  await setClientDisabled(world.deps.db, gone.id, 1);
  for (const [token, clientId] of [
    [shop.accessToken, server.id],
    [accessToken, 'stranger'],
    [accessToken, 'snake'],
    [accessToken, 'portico'],
    [accessToken, 'nobody'],
    [accessToken, 'gone'],
  ] as const) {
    const refused = await askAs(world, token, clientId);
    assert.deepEqual([refused.status, refused.body.error], [404, 'not_found'], clientId);
  }
});

inWorld(
  'our own pages ask by cookie with its CSRF token, or as bearer; what the server learns is what the user has allowed it',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const { userId } = await sessionOf(world, ada);
    const { stranger } = await gameAndServer(world);
    const backend = backendOf(world.browser(), stranger);
    const join = async (asked: Answered) => (await backend.call('join', { ticket: asked.body['ticket'] })).body['user'] as object;
    assert.equal((await ada.call('myJoinTicket', { clientId: 'stranger' })).body.error, 'csrf_failed');
    assert.deepEqual(Object.keys(await join(await ask(ada, 'stranger'))).sort(), ['id', 'roles'], 'no consent: no name, no address');
    await saveConsent(world.deps.db, { userId: userId ?? '', clientId: 'stranger', scope: 'openid profile', now: world.clock.now() });
    assert.deepEqual(Object.keys(await join(await ask(ada, 'stranger'))).sort(), ['displayName', 'id', 'roles']);
    const own = String((await ada.refresh()).body['accessToken']);
    assert.deepEqual(Object.keys(await join(await askAs(world, own, 'stranger'))).sort(), ['displayName', 'id', 'roles']);
  },
);

inWorld(
  'a token without a living grant behind it asks for nothing: signed out, left, held, suspended, or signed with the site’s own secret',
  async (world) => {
    const shop = await addSite(world, 'shop');
    const enter = async (name: string) => {
      const browser = await world.signedUp(`${name}@example.com`);
      return { browser, ...(await openSite(world, browser, shop)) };
    };
    const [out, left, held, suspended] = [await enter('out'), await enter('left'), await enter('held'), await enter('susp')];
    for (const { accessToken } of [out, left, held, suspended]) assert.equal((await askAs(world, accessToken, 'shop')).status, 200);
    await out.browser.act('signOut');
    await left.backend.call('signOut', { refreshToken: left.refreshToken, local: true });
    await held.browser.copy().refresh();
    await held.browser.refresh();
    await world.deps.db.all(`update users set suspended_at = 1 where email = 'susp@example.com'`);
    for (const { accessToken } of [out, left, held, suspended]) {
      const refused = await askAs(world, accessToken, 'shop');
      assert.deepEqual([refused.status, refused.body.error], [401, 'signed_out']);
    }
    const id = 'A'.repeat(22);
    const own = await addSite(world, 'own', { accessAlg: 'HS256' });
    const sealed = world.deps.vault.seal(signingSecretLabel(id), Buffer.alloc(32, 1));
    await insertSigningSecret(world.deps.db, { id, clientId: 'own', sealed, currentFrom: 0 }, world.clock.now());
    const accessToken = await tokenOf(world, await world.signedUp('ada@example.com'), own);
    assert.equal((await askAs(world, accessToken, 'own')).body.error, 'signed_out');
  },
);

inWorld('the server learns no more of the user than the game may know, and no more than it is registered for itself', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const { game, server } = await gameAndServer(world);
  await addSite(world, 'narrow', { kind: 'machine', audiences: ['snake'], scopes: ['openid', 'profile'] });
  const scopeOf = async (asked: string, clientId: string) => {
    const accessToken = siteTokens(world.deps, firstLink(await grantSite(world, ada, game, { scope: asked }))).accessToken;
    return claimsOf((await askAs(world, accessToken, clientId)).body['ticket']).scope;
  };
  assert.equal(await scopeOf('openid', server.id), 'openid');
  assert.equal(await scopeOf('email openid profile', 'narrow'), 'openid profile');
});

inWorld('of twenty parallel joins with one ticket one is let in', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const backend = backendOf(world.browser(), await addSite(world, 'server'));
  const { ticket } = (await ask(ada, 'server')).body;
  const answers = await Promise.all(Array.from({ length: 20 }, () => backend.call('join', { ticket })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ body }) => body.error === 'ticket_refused').length, 19);
});

inWorld(
  'a join ticket of another server, after its minute, after a sign-out or a change of rights, or of another kind lets nobody in',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const server = backendOf(world.browser(), await addSite(world, 'server'));
    const other = backendOf(world.browser(), await addSite(world, 'other'));
    const fresh = async (browser = ada) => String((await ask(browser, 'server')).body['ticket']);
    const refused = async (ticket: string, at = server) => (await at.call('join', { ticket })).body.error;
    const ticket = await fresh();
    assert.equal(await refused(ticket, other), 'ticket_refused');
    world.clock.advance(TICKET_LIFE + 5000);
    assert.equal(await refused(ticket), 'ticket_refused');

    const claims = claimsOf(await fresh());
    const key = world.deps.keys.currentSigning(world.clock.now(), 'ES256');
    for (const typ of [TICKET_TYPES.signIn, 'at+jwt', 'JWT']) assert.equal(await refused(signJwt(key, typ, claims)), 'ticket_refused', typ);
    assert.equal(await refused(signJwt(key, TICKET_TYPES.join, { ...claims, sub: 'somebody' })), 'ticket_refused');
    const secondary = backendOf(world.browser(), await addSecondary(world));
    assert.equal(await refused((await ticketFor(ada)).ticket, secondary), 'ticket_refused', 'a sign-in ticket is no join ticket');

    const lowered = await fresh();
    await world.deps.db.all('update users set uv = uv + 1 where id = $1', [claims.sub]);
    assert.equal(await refused(lowered), 'ticket_refused');
    const eve = await world.signedUp('eve@example.com');
    const old = await fresh(eve);
    await eve.act('signOut');
    assert.equal(await refused(old), 'ticket_refused');
    const kim = await world.signedUp('kim@example.com');
    const unread = await fresh(kim);
    // At another node a moment ago: nothing of it is in this one's memory yet.
    await world.deps.db.all(`update users set suspended_at = 1 where email = 'kim@example.com'`);
    assert.equal(await refused(unread), 'ticket_refused');
    assert.ok(!(await actions(world)).includes('ticket.replayed'));
  },
);
