import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import { AUTH_PREFIX, EXTERNAL_PATHS, EXTERNAL_PREFIX, fillPath, OAUTH, PAGES, REVOCATIONS, SSO, SYSTEM } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../src/app.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** Which other origins may read an answer: none on one host; on three hosts exactly the app's, letter for letter. */

const HOSTS = {
  origin: 'https://example.com',
  appOrigin: 'https://app.example.com',
  apiOrigin: 'https://api.example.com',
};
const STRANGERS = [
  'https://evil.example',
  'null',
  'https://example.com',
  'https://api.example.com',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com:443',
  'https://app.example.com.evil.example',
  'https://app.example.com%60.evil.example',
  'https://app.example.com_.evil.example',
  'https://evilapp.example.com',
  'https://x.app.example.com',
  'https://appxexample.com',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'https://app.example.com/',
  ' https://app.example.com',
  'https://app.example.com https://evil.example',
  'https://app.example.com, https://evil.example',
  'https://evil.example#https://app.example.com',
  'https://user@app.example.com',
  'file://',
  '*',
  '',
];
const PUBLIC: readonly string[] = [SYSTEM.jwks, SYSTEM.portico, SYSTEM.openIdConfiguration, SYSTEM.oauthServer];

const WITHOUT_COOKIES: readonly string[] = Object.values(OAUTH);

function paths(): string[] {
  const calls = AUTH_ROUTES.map(({ path }) => AUTH_PREFIX + fillPath(path, { authProvider: 'credential', id: 'A'.repeat(22) }));
  // Client sites may have registered origins; nobody has here.
  const backends = Object.values(EXTERNAL_PATHS).map((path) => EXTERNAL_PREFIX + path);
  calls.push(...backends, ...Object.values(OAUTH), ...Object.values(SSO), ...Object.values(REVOCATIONS));
  return [...new Set([...calls, ...Object.values(PAGES), ...Object.values(SYSTEM), '/nowhere', `${AUTH_PREFIX}/nowhere`])].filter(
    (path) => path !== SYSTEM.assets,
  );
}

async function headersFor(world: World, method: string, path: string, origin: string) {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': `content-type,${HEADERS.csrf}` };
  const { headers } = await world
    .browser()
    .send(method, path, undefined, { headers: { origin, 'sec-fetch-site': undefined, ...(method === 'OPTIONS' ? preflight : {}) } });
  return headers;
}

async function requireUnreadable(world: World, origins: readonly string[]): Promise<void> {
  for (const path of paths()) {
    for (const origin of origins) {
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const headers = await headersFor(world, method, path, origin);
        const what = `${method} ${path} from ${JSON.stringify(origin)}`;
        assert.equal(
          headers['access-control-allow-credentials'] === 'true' &&
            headers['access-control-allow-origin'] !== undefined &&
            headers['access-control-allow-origin'] !== 'https://app.example.com',
          false,
          what,
        );
        // Public documents are for everybody, without cookies.
        const allowed = PUBLIC.includes(path) && method === 'GET' ? '*' : undefined;
        // Our own pages are a registered client too, and where no cookie counts they may read what they brought the proof for.
        const own = WITHOUT_COOKIES.includes(path) && origin === world.deps.config.appOrigin ? origin : allowed;
        assert.ok([allowed, own].includes(headers['access-control-allow-origin'] as string | undefined), what);
        if (headers['access-control-allow-origin'] !== undefined)
          assert.equal(headers['access-control-allow-credentials'], undefined, what);
      }
    }
  }
}

inWorld('on one host no origin may read any answer but the public documents, and those without cookies', async (world) => {
  await requireUnreadable(world, ['https://evil.example', 'null', 'http://localhost:4000', 'http://localhost:4001']);
});

inWorld(
  'on three hosts twenty-four look-alikes of the app’s origin may read nothing on any path',
  async (world) => {
    await requireUnreadable(world, STRANGERS);
  },
  { config: HOSTS },
);

inWorld(
  'on three hosts the app’s own origin may call with cookies and with our headers, and Vary says so',
  async (world) => {
    const headers = await headersFor(world, 'OPTIONS', `${AUTH_PREFIX}/refresh`, HOSTS.appOrigin);
    assert.equal(headers['access-control-allow-origin'], HOSTS.appOrigin);
    assert.equal(headers['access-control-allow-credentials'], 'true');
    for (const name of [HEADERS.attempt, HEADERS.csrf, 'content-type', 'authorization'])
      assert.match(String(headers['access-control-allow-headers']), new RegExp(`\\b${name}\\b`, 'i'));
    assert.match(String(headers['vary']), /Origin/i);
    const sibling = { origin: HOSTS.appOrigin, 'sec-fetch-site': 'same-site' };
    const begun = await world.browser().call('signUp', { email: 'ada@example.com', password: PASSWORD }, { headers: sibling });
    assert.deepEqual([begun.status, begun.headers['access-control-allow-origin']], [200, HOSTS.appOrigin]);
    const refused = await world
      .browser()
      .call('signUp', { email: 'ada@example.com', password: PASSWORD }, { headers: { ...sibling, origin: HOSTS.origin } });
    assert.equal(refused.body.error, 'origin_refused', 'the landing page is no place to sign in from');
  },
  { config: HOSTS },
);
