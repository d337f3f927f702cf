import assert from 'node:assert/strict';
import { EXTERNAL_PREFIX, OAUTH, SYSTEM } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import { EXTERNAL_ROUTES } from '../../src/routes/external.ts';
import { OAUTH_ROUTES } from '../../src/routes/oauth.ts';
import { SITE_ROUTES } from '../../src/routes/sites.ts';
import { inWorld } from '../world.ts';
import { registerSite, tokensAt } from './registered.ts';

inWorld(
  'no call registers, changes or rotates a client, for whomever: only operators do, on the command line and the admin page',
  async (world) => {
    const site = await registerSite(world, 'notes');
    const ada = await world.signedUp('ada@example.com');
    const { accessToken } = await tokensAt(world, ada, site);
    const own = String((await ada.refresh()).body['accessToken']);
    const rows = async () =>
      JSON.stringify([
        await world.deps.db.all('select * from clients order by id'),
        await world.deps.db.all('select * from client_secrets order by id'),
      ]);
    const before = await rows();
    const discovery = await world.browser().send('GET', SYSTEM.openIdConfiguration);
    assert.doesNotMatch(discovery.text, /registration_endpoint/);
    const body = { client_name: 'Evil', redirect_uris: ['https://evil.example/cb'], name: 'Evil', kind: 'web' };
    const places = [
      '/oauth/register',
      '/oauth/clients',
      '/connect/register',
      '/reg',
      `${OAUTH.token}/register`,
      `${OAUTH.pushed}/notes`,
      '/api/v1/clients',
      '/api/v1/admin/clients',
      `${EXTERNAL_PREFIX}/clients`,
      `${EXTERNAL_PREFIX}/client`,
      '/api/v1/auth/clients',
      '/api/v1/admin/clients/notes',
      '/api/v1/clients/notes/secret',
      '/.well-known/openid-registration',
    ];
    for (const path of places) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        for (const headers of [{}, { authorization: `Bearer ${own}` }, { authorization: `Bearer ${accessToken}` }]) {
          const answer = await ada.send(method, path, method === 'GET' ? undefined : body, { headers });
          // A name that could be an auth provider's is one that nobody offers; what operators do needs a role, and is looked at in its own form first.
          assert.ok([400, 401, 403, 404, 405].includes(answer.status), `${method} ${path} ${answer.status}`);
        }
      }
    }
    assert.equal(await rows(), before);
    const all = [...AUTH_ROUTES, ...EXTERNAL_ROUTES, ...OAUTH_ROUTES, ...SITE_ROUTES].map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(
      all.filter((route) => /regist|secret|\/clients?\b/.test(route)),
      [],
    );
  },
);
