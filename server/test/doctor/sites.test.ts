import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { recordEvent } from '../../src/audit/event.ts';
import type { CheckName } from '../../src/cli/check-names.ts';
import { insertClient, type NewClient } from '../../src/clients/client.ts';
import { suspendNetwork } from '../../src/guessing/suspension.ts';
import { bareDeps } from '../bare-deps.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../databases.ts';
import { listeningSite } from '../listening-site.ts';
import { freePort } from '../portico-process.ts';
import { startSilentServer } from '../smtp-catcher.ts';
import { doctor, held, PUBLIC, told } from './examined.ts';

const KEY = { PORTICO_MASTER_KEY: '8f3a1c5e7b9d2f406183a5c7e9fb0d2e4f60718293a4b5c6d7e8f90a1b2c3d4e' };
const IN_PRODUCTION = { ...PUBLIC, PORTICO_ORIGIN: 'https://auth.example.com' };

async function ask(
  t: TestContext,
  { where }: FreshDatabase,
  only: CheckName,
  { env = {}, outside = {} }: Parameters<typeof doctor>[1] = {},
) {
  const place = { PORTICO_DATABASE_URL: where.databaseUrl, ...(where.dataDir === '' ? {} : { PORTICO_DATA_DIR: where.dataDir }) };
  return doctor(t, { only, env: { ...KEY, ...place, ...env }, outside });
}

async function register({ db }: FreshDatabase, ...sites: readonly (Pick<NewClient, 'id'> & Partial<NewClient>)[]): Promise<void> {
  for (const site of sites) await insertClient(db, { name: `Site ${site.id}`, kind: 'web', ...site }, Date.now());
}

forEachFreshDatabase('addresses that were registered are held against the rules again, with the site’s name', async (fresh, t) => {
  const database = await fresh();
  assert.equal(told(await ask(t, database, 'sites'), 'sites'), 'ok: none is registered');
  await register(
    database,
    { id: 'good', redirectUris: ['https://good.example.net/cb'], origins: ['https://good.example.net'] },
    { id: 'plain', redirectUris: ['http://plain.example.net/cb'] },
    { id: 'wild', redirectUris: ['https://*.example.net/cb'] },
    { id: 'local', redirectUris: ['http://localhost:5173/cb'] },
    { id: 'game', kind: 'native', redirectUris: ['http://127.0.0.1/cb'] },
    { id: 'gone', redirectUris: ['http://gone.example.net/cb'] },
  );
  await database.db.all(`update clients set disabled_at = 1 where id = 'gone'`);
  const checks = await ask(t, database, 'sites', { env: IN_PRODUCTION });
  assert.equal(told(checks, 'sites'), 'ok: 2 of 5 have good addresses');
  assert.match(told(checks, 'site plain'), /^fail: http:\/\/plain\.example\.net\/cb must use https/);
  assert.match(told(checks, 'site wild'), /^fail: https:\/\/\*\.example\.net\/cb must have no wildcard/);
  assert.match(told(checks, 'site local'), /^warn: http:\/\/localhost:5173\/cb: whatever runs on the visitor's own machine/);
  assert.match(told(checks, 'site game'), /^nothing is said/);
  const trying = await ask(t, database, 'sites');
  assert.match(told(trying, 'site local'), /^nothing is said/, 'off production this machine is where sites are');
  const dns = await ask(t, database, 'dns', { env: IN_PRODUCTION, outside: { names: held({ 'good.example.net': '203.0.113.7' }) } });
  assert.equal(told(dns, 'dns good.example.net'), 'ok: site Site good (good): 203.0.113.7');
  assert.equal(told(dns, 'dns plain.example.net'), 'warn: site Site plain (plain): there is no such name');
  assert.match(told(dns, 'dns gone.example.net'), /^nothing is said/);
});

forEachFreshDatabase('a site that wants to hear of sign-outs is asked, by the guarded way, and nobody is signed out', async (fresh, t) => {
  const database = await fresh();
  const site = await listeningSite();
  t.after(() => site.close());
  const silent = await startSilentServer();
  t.after(() => silent.close());
  const told400 = { id: 'told', backchannelLogoutUri: site.uri };
  const hangs = { id: 'hangs', backchannelLogoutUri: `http://127.0.0.1:${silent.port}/out` };
  const away = { id: 'away', backchannelLogoutUri: `http://127.0.0.1:${await freePort()}/out` };
  await register(database, told400);
  for (const [status, expected] of [
    [200, /^warn: Site told: .* takes a logout without a logout token$/],
    [404, /^warn: Site told: .* answers 404$/],
    [500, /^warn: Site told: .* answers 500$/],
  ] as const) {
    site.answer(status);
    assert.match(told(await ask(t, database, 'sites'), 'back-channel of told'), expected);
  }
  await register(database, hangs, away, { id: 'inner', backchannelLogoutUri: 'https://inner.example.net/out' });
  site.answer(400);
  const outside = { names: held({ 'inner.example.net': '169.254.169.254' }), patience: 3000 };
  const checks = await ask(t, database, 'sites', { outside });
  assert.match(told(checks, 'back-channel of told'), /^ok: Site told listens at http:/);
  assert.match(told(checks, 'back-channel of hangs'), /^warn: Site hangs: .* is not reached \(no answer in time\)$/);
  assert.match(told(checks, 'back-channel of away'), /^warn: Site away: .* is not reached \(ECONNREFUSED\)$/);
  assert.match(told(checks, 'back-channel of inner'), /^warn: Site inner: .* leads to an address that Portico does not call$/);
  assert.deepEqual(
    site.heard.map((form) => [...form.keys()]),
    [[], [], [], []],
    'no logout token was made for it',
  );
});

forEachFreshDatabase('a site at the host of the API is sent its cookies, and apps on other sites cannot use them', async (fresh, t) => {
  const database = await fresh();
  await register(
    database,
    { id: 'near', kind: 'spa', origins: ['https://app.example.com'] },
    { id: 'far', kind: 'spa', origins: ['https://app.example.net'] },
    { id: 'beside', redirectUris: ['https://auth.example.com:8443/cb'] },
  );
  const checks = await ask(t, database, 'cookies', { env: IN_PRODUCTION });
  assert.equal(
    told(checks, 'cookies of apps'),
    'ok: 1 of 2 apps share the site of the API and use its cookie; 1 on other sites sign in by PKCE: far',
  );
  assert.match(told(checks, 'cookies and site beside'), /^warn: Site beside lives at the host of the API/);
});

forEachFreshDatabase(
  'a proxy that was not declared, or does not say for whom it asks, is seen by what it left behind',
  async (fresh, t) => {
    const database = await fresh();
    const { deps } = await bareDeps(database.db);
    const events = async (address: string, count: number) => {
      for (let n = 0; n < count; n += 1) await recordEvent(database.db, deps, { address, userAgent: '', requestId: '' }, 'signin.failed');
    };
    const proxies = async (more: Readonly<Record<string, string>>) => ask(t, database, 'proxies', { env: { ...IN_PRODUCTION, ...more } });
    assert.match(told(await proxies({}), 'proxies'), /^warn: https needs a proxy before Portico, and none is declared/);
    const declared = { PORTICO_TRUSTED_PROXIES: '10.0.0.0/8' };
    assert.equal(told(await proxies(declared), 'proxies'), 'ok: X-Forwarded-For counts from 10.0.0.0/8');
    await events('10.0.0.5', 12);
    assert.match(told(await proxies({}), 'proxies, as seen'), /^warn: the newest 12 events all came from 10\.0\.0\.5: that is a proxy/);
    assert.match(told(await proxies(declared), 'proxies, as seen'), /^warn: 12 of the newest 12 events came from 10\.0\.0\.5 itself/);
    await suspendNetwork(database.db, { network: '10.0.0.5', reason: 'password', tries: 50, now: Date.now() });
    assert.match(told(await proxies(declared), 'proxies, suspended'), /^fail: 10\.0\.0\.5 is a declared proxy, and is shut out/);
    await events('203.0.113.9', 1);
    assert.match(told(await proxies({}), 'proxies, as seen'), /^nothing is said/);
  },
);
