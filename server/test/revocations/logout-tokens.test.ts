import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSite } from '@portico/example-client-site';
import { signJwt, signJwtWithSecret } from '../../src/sessions/sign-jwt.ts';
import { claimsOf } from '../families.ts';
import { sitePath } from '../kits/site-stage.ts';
import { addSite, type Site } from '../sites.ts';
import { inWorld, MINUTE, type World } from '../world.ts';
import { listen } from './listener.ts';
import { signInAt, verifierOf } from './verifiers.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** What Portico sends to a site whose session ended, with whatever is changed in it. */
function logoutToken(
  world: World,
  site: Site,
  sid: string,
  changed: object = {},
  typ = 'logout+jwt',
  alg: 'ES256' | 'RS256' = 'ES256',
): string {
  const iat = Math.floor(world.clock.now() / 1000);
  const claims = {
    iss: world.deps.config.origin,
    aud: site.id,
    iat,
    exp: iat + 120,
    jti: randomBytes(16).toString('base64url'),
    sid,
    events: { [EVENT]: {} },
    ...changed,
  };
  return signJwt(world.deps.keys.currentSigning(world.clock.now(), alg), typ, claims);
}

inWorld(
  'a logout token is read once; of another kind, age, issuer, audience or event, with a nonce or without a name it is refused',
  async (world) => {
    const site = await addSite(world, 'notes');
    const verifier = verifierOf(world, await listen(world.app), site);
    const reads = async (token: string) =>
      verifier.readLogout(token).then(
        ({ sid, sub }) => `${sid} ${sub}`,
        ({ code }: { code: string }) => code,
      );
    try {
      const good = logoutToken(world, site, 'sid-1');
      assert.equal(await reads(good), 'sid-1 null');
      assert.equal(await reads(good), 'token_invalid', 'it was said already');
      assert.equal(await reads(logoutToken(world, site, 'sid-2', { sub: 'ada' })), 'sid-2 ada');
      assert.equal(await reads(logoutToken(world, site, '', { sid: undefined, sub: 'ada' }, 'logout+jwt', 'RS256')), 'null ada');
      const iat = Math.floor(world.clock.now() / 1000);
      const [key, other] = [world.deps.keys.currentSigning(world.clock.now()), await addSite(world, 'wiki')];
      const refused: Readonly<Record<string, string>> = {
        'an ID token with the event': logoutToken(world, site, 'sid', {}, 'JWT'),
        'an access token': (await signInAt(world, await world.signedUp('ada@example.com'), site)).access,
        'another site’s': logoutToken(world, other, 'sid'),
        'another issuer’s': logoutToken(world, site, 'sid', { iss: 'https://evil.example' }),
        'no event': logoutToken(world, site, 'sid', { events: {} }),
        'no events': logoutToken(world, site, 'sid', { events: undefined }),
        'an event as text': logoutToken(world, site, 'sid', { events: EVENT }),
        'a nonce': logoutToken(world, site, 'sid', { nonce: 'n' }),
        'an empty nonce': logoutToken(world, site, 'sid', { nonce: '' }),
        'nobody named': logoutToken(world, site, 'sid', { sid: undefined }),
        'a session that is no text': logoutToken(world, site, 'sid', { sid: ['sid'] }),
        'no name of its own': logoutToken(world, site, 'sid', { jti: undefined }),
        'no end': logoutToken(world, site, 'sid', { exp: undefined }),
        'an old one that lives long': logoutToken(world, site, 'sid', { iat: iat - 3600, exp: iat + 3600 }),
        expired: logoutToken(world, site, 'sid', { iat: iat - 200, exp: iat - 10 }),
        'signed with the client secret': signJwtWithSecret({ id: key.kid, bytes: Buffer.from(String(site.secret)) }, 'logout+jwt', {
          ...claimsOf(good),
          jti: 'another',
        }),
        'no token': 'x',
      };
      for (const [what, token] of Object.entries(refused)) assert.equal(await reads(token), 'token_invalid', what);
    } finally {
      verifier.close();
    }
  },
);

inWorld('the example site ends what it holds of a session that a logout token names, and answers 400 to anything else', async (world) => {
  const site = await addSite(world, 'notes');
  const origin = await listen(world.app);
  const browser = await world.signedUp('ada@example.com');
  const { access, sid } = await signInAt(world, browser, site);
  const reached: typeof fetch = async (input, init) =>
    fetch(String(input instanceof Request ? input.url : input).replace(world.deps.config.origin, origin), init);
  const { server } = createSite({
    issuer: world.deps.config.origin,
    clientId: 'notes',
    clientSecret: String(site.secret),
    baseUrl: 'http://127.0.0.1',
    revocation: 'accept',
    fetch: reached,
    now: world.clock.now,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const me = async (token: string) => (await fetch(at + sitePath('me'), { headers: { cookie: `notes_at=${token}` } })).status;
  const tell = async (token: string) =>
    (await fetch(at + sitePath('backchannelLogout'), { method: 'POST', body: new URLSearchParams({ logout_token: token }) })).status;
  try {
    assert.equal(await me(access), 200);
    assert.equal(await tell(logoutToken(world, site, sid, { nonce: 'n' })), 400);
    assert.equal(await tell(''), 400);
    assert.equal(await me(access), 200);
    const token = logoutToken(world, site, sid);
    assert.equal(await tell(token), 200);
    assert.equal(await me(access), 401);
    assert.equal(await tell(token), 400);
    world.clock.advance(MINUTE);
    assert.equal(await me((await signInAt(world, browser, site)).access), 200, 'a later sign-in of the same session');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
