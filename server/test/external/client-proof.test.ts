import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EXTERNAL_PREFIX } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import { EXTERNAL_ROUTES } from '../../src/routes/external.ts';
import { openSite } from '../backends.ts';
import { everything } from '../families.ts';
import { addSite, basicOf, codeFor } from '../sites.ts';
import { inWorld } from '../world.ts';

/** A body that each call would take from the right client. */
function bodiesFor(right: { code: string; verifier: string; redirectUri: string; refreshToken: string; sid: string }) {
  const { code, verifier, redirectUri, refreshToken, sid } = right;
  return {
    '/token': { code, codeVerifier: verifier, redirectUri },
    '/refresh': { refreshToken },
    '/peek': { refreshToken },
    '/session': { sid },
    '/signout': { refreshToken, everywhere: true },
    '/sso/ticket/redeem': { ticket: 'x', codeVerifier: verifier },
    '/join': { ticket: 'x' },
  } as Readonly<Record<string, object>>;
}

inWorld('without the secret of its client no call of a backend is answered, whatever else it brings', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop');
  const other = await addSite(world, 'other');
  const game = await addSite(world, 'game', { kind: 'native' });
  const gone = await addSite(world, 'gone');
  await setClientDisabled(world.deps.db, 'gone', 1);
  const { refreshToken, accessToken, sid } = await openSite(world, ada, shop);
  const { code, verifier } = await codeFor(world, ada, shop);
  const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const proofs: Readonly<Record<string, string | undefined>> = {
    none: undefined,
    'a wrong secret': basic('shop', `pts_${randomBytes(32).toString('base64url')}`),
    'another client’s secret': basic('shop', other.secret ?? ''),
    'the secret without its prefix': basic('shop', (shop.secret ?? '').slice(4)),
    'no secret': basic('shop', ''),
    'nobody’s name': basic('nobody', shop.secret ?? ''),
    'no name': basic('', shop.secret ?? ''),
    'the name in capitals': basic('SHOP', shop.secret ?? ''),
    'a public client': basic('game', ''),
    'a public client with a secret': basic(game.id, shop.secret ?? ''),
    'a disabled client': basicOf(gone),
    'the first party': basic('portico', ''),
    'an access token': `Bearer ${accessToken}`,
    garbage: 'Basic !!!!',
    'half a percent sign': basic('shop', '%E0%A4%A'),
  };
  const bodies = bodiesFor({ code, verifier, redirectUri: shop.redirectUri, refreshToken, sid });
  const before = await everything(world);
  for (const { path } of EXTERNAL_ROUTES) {
    for (const [what, authorization] of Object.entries(proofs)) {
      const body = bodies[path] ?? assert.fail(`no body for ${path}`);
      // With the user's own cookies: they do not count.
      const answered = await ada.send('POST', EXTERNAL_PREFIX + path, body, { headers: { authorization } });
      assert.deepEqual([answered.status, answered.body.error], [401, 'client_refused'], `${path} with ${what}: ${answered.text}`);
    }
  }
  const after = await everything(world);
  assert.deepEqual({ ...after, events: [], counters: [] }, { ...before, events: [], counters: [] }, 'nothing changed but the log');
  const noted = (after['events'] ?? []).filter(({ action }) => action === 'client.refused');
  assert.ok(noted.length > 0 && noted.every(({ client_id: id }) => id === 'shop'), 'the log names the client whose secret was tried');
  assert.ok(!JSON.stringify(noted).includes('pts_'), 'and never what was tried');
});

inWorld('a page of any origin may read nothing that a backend is answered', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const shop = await addSite(world, 'shop', { origins: ['https://shop.example.net'] });
  const { refreshToken } = await openSite(world, ada, shop);
  for (const origin of ['https://shop.example.net', 'https://evil.example', world.deps.config.appOrigin]) {
    const headers = { authorization: basicOf(shop), origin, 'sec-fetch-site': 'cross-site' };
    const answered = await ada.send('POST', `${EXTERNAL_PREFIX}/peek`, { refreshToken }, { headers });
    assert.equal(answered.headers['access-control-allow-origin'], undefined, origin);
    const preflight = await ada.send('OPTIONS', `${EXTERNAL_PREFIX}/peek`, undefined, { headers });
    assert.ok(preflight.status >= 400 && preflight.headers['access-control-allow-origin'] === undefined, origin);
  }
});

inWorld('a refused backend learns nothing about whether the client exists, and the answer holds no secret', async (world) => {
  const shop = await addSite(world, 'shop');
  const refused = async (id: string) => {
    const authorization = `Basic ${Buffer.from(`${id}:${shop.secret}x`).toString('base64')}`;
    const answered = await world
      .browser()
      .send('POST', `${EXTERNAL_PREFIX}/session`, { sid: 'A'.repeat(22) }, { headers: { authorization } });
    const { requestId: _, ...said } = answered.body;
    return { status: answered.status, ...said };
  };
  assert.deepEqual(await refused('shop'), await refused('unknown'));
  assert.ok(!JSON.stringify(await refused('shop')).includes('pts_'));
});
