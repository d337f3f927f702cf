import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PREFIX, authPath, EXTERNAL_PATHS, EXTERNAL_PREFIX, OAUTH, REVOCATIONS, SSO } from '@portico/protocol/routes';
import { findClient } from '../../src/clients/client.ts';
import { insertSigningSecret, signingSecretLabel } from '../../src/clients/client-secret.ts';
import { signLogoutToken } from '../../src/oauth/logout-token.ts';
import type { Log } from '../../src/platform/log.ts';
import type { Answered, Browser } from '../browser.ts';
import { sessionOf } from '../families.ts';
import { addSecondary, ticketFor } from '../secondaries.ts';
import { addSite, basicOf, codeFor, type Site } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { codeOf, ROOT, sourceFiles } from './source.ts';

/** Client sites and OAuth as an attacker sees them: what opens which door, what is told to whom, who may register. Single calls have their own tests. */

const PROGRAM = { origin: undefined, 'sec-fetch-site': undefined, cookie: undefined };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function post(
  world: World,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<Answered> {
  return world.browser().send('POST', path, new URLSearchParams(fields).toString(), { headers: { ...PROGRAM, ...FORM, ...headers } });
}

interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly id: string;
  readonly code: string;
  readonly verifier: string;
}

/** A site that was opened in this browser's session, and whatever it was given. */
async function openAt(world: World, browser: Browser, site: Site): Promise<Tokens> {
  const { code, verifier } = await codeFor(world, browser, site);
  const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: site.redirectUri };
  const { status, body, text } = await post(world, OAUTH.token, fields, { authorization: basicOf(site) });
  assert.equal(status, 200, text);
  const said = (name: string) => body[name] as string;
  return { access: said('access_token'), refresh: said('refresh_token'), id: said('id_token'), code, verifier };
}

/** A site that signs its own access tokens' kind: HS256 with a secret that it shares with us alone. */
async function addSharing(world: World, id: string): Promise<{ site: Site; jwtSecret: Buffer }> {
  const site = await addSite(world, id, { accessAlg: 'HS256' });
  const jwtSecret = randomBytes(32);
  const { db, now } = world.deps;
  const secretId = randomBytes(16).toString('base64url');
  const sealed = world.deps.vault.seal(signingSecretLabel(secretId), jwtSecret);
  await insertSigningSecret(db, { id: secretId, clientId: id, sealed, currentFrom: now() }, now());
  return { site, jwtSecret };
}

inWorld('what is signed or made for a site opens no door of ours, and what is ours none of a site’s', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const site = await addSite(world, 'notes');
  const { site: sharing } = await addSharing(world, 'shop');
  await addSecondary(world, 'game');
  const [mine, shared] = [await openAt(world, browser, site), await openAt(world, browser, sharing)];
  const { ticket } = await ticketFor(browser);
  const client = await findClient(world.deps.db, 'notes');
  const { id: sessionId, userId } = await sessionOf(world, browser);
  assert.ok(client !== null && userId !== null);
  const logout = signLogoutToken(world.deps, client, { userId, sessionId });

  const foreign = { ...mine, shared: shared.access, sharedId: shared.id, ticket, logout };
  const ours = browser.cookie(COOKIES.access) ?? '';
  assert.equal((await world.browser().call('me', undefined, { headers: { authorization: `Bearer ${ours}` } })).status, 200);
  for (const [what, token] of Object.entries(foreign)) {
    for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: `${COOKIES.access}=${token}` }]) {
      for (const call of ['me', 'mySessions', 'mySites', 'myExport'] as const) {
        const answered = await world.browser().call(call, undefined, { headers });
        assert.equal(answered.body.error, 'signed_out', `${what} at ${call}`);
      }
    }
    const peeked = await world.browser().call('session', undefined, { headers: { cookie: `${COOKIES.refresh}=${token}` } });
    assert.notEqual(peeked.body['status'], 'VERIFIED', what);
  }
  // User info is for the access tokens of sites, whose user it reads from the family and not from the token.
  const ask = (token: string) =>
    world.browser().send('GET', OAUTH.userinfo, undefined, { headers: { ...PROGRAM, authorization: `Bearer ${token}` } });
  assert.deepEqual([(await ask(mine.access)).status, (await ask(shared.access)).status], [200, 200]);
  for (const token of [ours, browser.refreshToken, mine.id, mine.refresh, mine.code, ticket, logout, shared.id])
    assert.equal((await ask(token)).status, 401);
});

inWorld('no call of a site takes a secret from its address: there it is as good as absent', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const site = await addSite(world, 'notes');
  const { code, verifier } = await codeFor(world, browser, site);
  const opened = await openAt(world, browser, site);
  const name = { client_id: site.id, client_secret: site.secret ?? '' };
  const redeeming = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: site.redirectUri };
  const refreshing = { grant_type: 'refresh_token', refresh_token: opened.refresh };
  const bodies: readonly (readonly [string, Readonly<Record<string, string>>, Readonly<Record<string, string>>])[] = [
    [OAUTH.token, name, redeeming],
    [OAUTH.token, redeeming, name],
    [OAUTH.token, { ...name, ...refreshing }, {}],
    [OAUTH.token, refreshing, name],
    [OAUTH.introspect, name, { token: opened.access }],
    [OAUTH.introspect, { token: opened.access }, name],
    [OAUTH.revoke, name, { token: opened.access }],
    [OAUTH.userinfo, { access_token: opened.access }, {}],
  ];
  for (const [path, query, body] of bodies) {
    const answered = await post(world, `${path}?${new URLSearchParams(query).toString()}`, body);
    assert.ok([400, 401].includes(answered.status), `${path} ${Object.keys(query).join()}: ${answered.status}`);
  }
  for (const path of [OAUTH.token, OAUTH.introspect, OAUTH.revoke, OAUTH.userinfo]) {
    const all = new URLSearchParams({ ...name, ...redeeming, access_token: opened.access, token: opened.access });
    const answered = await world.browser().send('GET', `${path}?${all.toString()}`, undefined, { headers: PROGRAM });
    assert.ok([401, 404, 405].includes(answered.status), `GET ${path}: ${answered.status}`);
  }
  const backend = [
    ...Object.values(EXTERNAL_PATHS).map((path) => ['POST', EXTERNAL_PREFIX + path] as const),
    ['GET', REVOCATIONS.poll] as const,
  ];
  for (const [method, path] of [...backend, ['POST', SSO.redeemTicket] as const]) {
    const query = new URLSearchParams({ ...name, clientId: site.id, clientSecret: site.secret ?? '', authorization: basicOf(site) });
    const answered = await world
      .browser()
      .send(method, `${path}?${query.toString()}`, method === 'POST' ? {} : undefined, { headers: PROGRAM });
    assert.ok([400, 401, 404].includes(answered.status), `${method} ${path}: ${answered.status}`);
  }
  const asBackend = { code, codeVerifier: verifier, redirectUri: site.redirectUri };
  const query = new URLSearchParams({ ...name, authorization: basicOf(site) }).toString();
  const token = `${EXTERNAL_PREFIX}${EXTERNAL_PATHS.token}?${query}`;
  assert.equal((await world.browser().send('POST', token, asBackend, { headers: PROGRAM })).status, 401);
  // Nothing of it was spent.
  const { status } = await post(world, OAUTH.token, redeeming, { authorization: basicOf(site) });
  assert.equal(status, 200);
});

/** Every row that there is. */
async function dump(world: World): Promise<string> {
  const folder = join(ROOT, 'server', 'migrations');
  const tables = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^create table (\w+)/gm)].map((found) => found[1] ?? ''),
  );
  assert.ok(tables.includes('clients') && tables.includes('authorization_codes') && tables.includes('spent_ids'));
  return JSON.stringify(await Promise.all(tables.map((table) => world.deps.db.all(`select * from ${table}`))));
}

inWorld(
  'no secret of a site, and nothing that a site was given, stands in a log, an event, an error or the database in the clear',
  async (world) => {
    const lines: string[] = [];
    const note = (...line: unknown[]) =>
      lines.push(JSON.stringify(line, (_, value) => (value instanceof Error ? `${value.stack}${JSON.stringify(value)}` : value)));
    Object.assign(world.deps.log, { info: note, warn: note, error: note } satisfies Log);
    const browser = await world.signedUp('ada@example.com');
    const site = await addSite(world, 'notes', { backchannelLogoutUri: 'https://notes.example.net/bye' });
    const { site: sharing, jwtSecret } = await addSharing(world, 'shop');
    const secondary = await addSecondary(world, 'game');
    const secrets = new Set<string>([jwtSecret.toString('base64'), jwtSecret.toString('base64url'), jwtSecret.toString('hex')]);
    const told: string[] = [];
    const hear = (answered: Answered) => told.push(answered.text);
    for (const one of [site, sharing, secondary]) {
      secrets.add(one.secret ?? '');
      if (one !== secondary) for (const value of Object.values(await openAt(world, browser, one))) secrets.add(value);
    }
    const { ticket, verifier } = await ticketFor(browser);
    secrets.add(ticket).add(verifier);
    const redeemed = await world
      .browser()
      .send('POST', SSO.redeemTicket, { ticket, codeVerifier: verifier }, { headers: { ...PROGRAM, authorization: basicOf(secondary) } });
    assert.equal(redeemed.status, 200, redeemed.text);
    for (const value of Object.values(redeemed.body)) if (typeof value === 'string' && value.length > 30) secrets.add(value);
    const again = await openAt(world, browser, site);
    for (const value of Object.values(again)) secrets.add(value);
    const authorization = basicOf(site);
    secrets.add(authorization.slice('Basic '.length));
    const attempts = [`0.${randomBytes(16).toString('base64url')}`, `0.${randomBytes(16).toString('base64url')}`];
    // A refresh, a copied token, a code that comes again, wrong ones of everything, and what nobody foresaw.
    for (const attempt of attempts) {
      const answered = await post(
        world,
        OAUTH.token,
        { grant_type: 'refresh_token', refresh_token: again.refresh },
        { authorization, [HEADERS.attempt]: attempt },
      );
      for (const name of ['access_token', 'refresh_token', 'id_token'])
        if (typeof answered.body[name] === 'string') secrets.add(answered.body[name]);
    }
    const replay = { grant_type: 'authorization_code', code: again.code, code_verifier: again.verifier, redirect_uri: site.redirectUri };
    hear(await post(world, OAUTH.token, replay, { authorization }));
    hear(await post(world, OAUTH.token, { ...replay, client_id: 'shop', client_secret: site.secret ?? '' }));
    hear(await post(world, OAUTH.introspect, { token: `${again.access}x` }, { authorization }));
    hear(await post(world, OAUTH.revoke, { token: again.access }, { authorization }));
    const { db } = world.deps;
    const all = db.all.bind(db);
    Object.assign(db, { all: async () => Promise.reject(new Error('nobody foresaw this')) });
    hear(await post(world, OAUTH.token, replay, { authorization }));
    Object.assign(db, { all });
    await browser.act('signOut', { everywhere: true });
    await world.settled();

    const kept = await dump(world);
    assert.ok(secrets.size >= 25 && lines.length > 0, `${secrets.size} secrets, ${lines.length} lines`);
    for (const secret of secrets) {
      assert.ok(secret.length >= 20, secret);
      for (const [where, text] of [
        ['the database', kept],
        ['the log', lines.join('\n')],
        ['a refusal', told.join('\n')],
      ] as const)
        assert.ok(!text.includes(secret), `${where} holds ${secret.slice(0, 12)}…`);
    }
  },
);

/** Where other servers let programs or people register clients. */
const REGISTRATION = [
  '/oauth/register',
  '/oauth/clients',
  '/connect/register',
  '/register',
  '/api/v1/clients',
  `${AUTH_PREFIX}/me/clients`,
  `${AUTH_PREFIX}/clients`,
];

inWorld('no call makes, changes or shows a client, whoever asks: only operators register sites', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const site = await addSite(world, 'notes');
  const { access } = await openAt(world, browser, site);
  const rows = async () =>
    JSON.stringify([await world.deps.db.all('select * from clients order by id'), await world.deps.db.all('select * from client_secrets')]);
  const before = await rows();
  const wish = { client_name: 'evil', redirect_uris: ['https://evil.example/'], clientId: 'notes', secret: 'x', role: 'admin' };
  for (const path of REGISTRATION.flatMap((one) => [one, `${one}/notes`, `${one}/notes/secret`, `${one}/notes/rotate-secret`])) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const body = method === 'GET' ? undefined : wish;
      for (const headers of [
        { [HEADERS.csrf]: browser.csrf },
        { ...PROGRAM, authorization: `Bearer ${access}` },
        { ...PROGRAM, authorization: basicOf(site) },
      ]) {
        const { status, text } = await browser.send(method, path, body, { headers });
        assert.ok(status === 404 || status === 405, `${method} ${path}: ${status}`);
        assert.ok(!text.includes(site.secret ?? '') && !text.includes(site.redirectUri));
      }
    }
  }
  // Nor do the calls that there are, by a field that they do not know.
  for (const call of ['me', 'mySites'] as const) {
    const answered = await browser.send(
      'PATCH',
      authPath(call),
      { displayName: 'Ada', clients: [wish] },
      { headers: { [HEADERS.csrf]: browser.csrf } },
    );
    assert.ok(answered.status >= 400, call);
  }
  assert.equal(await rows(), before);
});

test('whatever writes a client is called by the command line and the admin page, and by nothing else that answers a request', () => {
  const writes =
    /\b(?:insertClient|registerClient|insertAuthenticationSecret|insertSigningSecret|expireSecrets|rotateSecret|setClientDisabled|deleteClient|retireClient|setRoles)\b/;
  const answering = sourceFiles('server/src').filter(({ path }) =>
    /^server\/src\/(?:app|wire|main)\.ts$|^server\/src\/(?:http|routes|auth|oauth|external|sso)\/(?!admin\/)/.test(path),
  );
  assert.ok(answering.length > 60);
  assert.deepEqual(
    answering.filter((file) => writes.test(codeOf(file))).map(({ path }) => path),
    [],
  );
});

test('what may be used once is decided by the database alone: nothing but the list of revocations and the copies of full counters knows Redis', () => {
  const knowing = sourceFiles('server/src').filter((file) => /from '[^']*\/(?:redis|denylist)\.ts'|@redis\//.test(codeOf(file)));
  assert.deepEqual(knowing.map(({ path }) => path).sort(), [
    'server/src/admin/health.ts',
    'server/src/cli/check-redis.ts',
    'server/src/platform/denylist.ts',
    'server/src/platform/reached-limits.ts',
    'server/src/platform/redis.ts',
    'server/src/wire.ts',
  ]);
});
