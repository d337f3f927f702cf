import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DEMO_APPS, DEMO_CLIENTS, type DemoApp, type DemoPlaces, demoClientId } from '@portico/protocol/demo';
import { bareDeps } from '../../test/bare-deps.ts';
import { registerSite } from '../../test/clients/registered.ts';
import { forEachDatabase } from '../../test/databases.ts';
import { inWorld } from '../../test/world.ts';
import { listClients } from '../clients/client.ts';
import { isAuthenticationSecret, listSigningSecrets } from '../clients/client-secret.ts';
import { rotateSecret } from '../clients/rotate-secret.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import { openSigningSecret } from '../sessions/access-token.ts';
import { settleDemo } from './demo.ts';
import { registerDemo } from './demo-clients.ts';
import { readDemoSecrets } from './demo-secrets.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-demo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Each app at a port of its own, from 4001 on, unless said otherwise. */
function placesAt(moved: Partial<Record<DemoApp, number>> = {}): DemoPlaces {
  const ports = Object.fromEntries(DEMO_APPS.map((app, at) => [app, moved[app] ?? 4001 + at])) as Record<DemoApp, number>;
  const host = (app: DemoApp) => (app === 'rtk' || app === 'secondary' ? 'localhost' : `${app}.localhost`);
  const origins = Object.fromEntries(DEMO_APPS.map((app) => [app, `http://${host(app)}:${ports[app]}`])) as Record<DemoApp, string>;
  return { ports, origins };
}

async function isGood(deps: Deps, app: 'notes' | 'wiki', secret: string | undefined): Promise<boolean> {
  return isAuthenticationSecret(deps.db, demoClientId(app), tokenHash(secret ?? ''), deps.now());
}

forEachDatabase('the demo is registered once, and a restart changes neither a site nor a secret', async (open, t) => {
  const db = await open();
  const dataDir = folderFor(t);
  const { deps, clock } = await bareDeps(db, { dataDir, demo: 'on' });
  const secrets = await registerDemo(deps, placesAt());
  const first = await listClients(db);
  assert.deepEqual(first.map(({ id }) => id).sort(), DEMO_CLIENTS.map(demoClientId).sort());
  assert.deepEqual(first.map(({ id, kind, accessAlg, confirmation }) => `${id} ${kind} ${accessAlg} ${confirmation}`).sort(), [
    'portico-demo-listener machine ES256 once',
    'portico-demo-notes web HS256 auto',
    'portico-demo-rtk spa ES256 auto',
    'portico-demo-secondary secondary ES256 auto',
    'portico-demo-snake spa ES256 auto',
    'portico-demo-wiki web ES256 auto',
  ]);
  assert.ok(await isGood(deps, 'notes', secrets.notes?.clientSecret));
  const [signing] = await listSigningSecrets(db, demoClientId('notes'), deps.now());
  assert.ok(signing);
  assert.equal(openSigningSecret(deps, signing).bytes.toString(), secrets.notes?.jwtSecret);
  const file = join(dataDir, 'demo-secrets.json');
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  const written = readFileSync(file, 'utf8');

  clock.advance(60_000);
  assert.deepEqual(await registerDemo(deps, placesAt()), secrets);
  assert.deepEqual(await listClients(db), first);
  assert.equal(readFileSync(file, 'utf8'), written);
});

forEachDatabase('where a port was taken, that app alone is registered anew, and apps may change places', async (open, t) => {
  const db = await open();
  const { deps } = await bareDeps(db, { dataDir: folderFor(t), demo: 'on' });
  const before = await registerDemo(deps, placesAt());
  // Both are origins at one host: the one must be free before the other takes it.
  const after = await registerDemo(deps, placesAt({ rtk: 4005, secondary: 4003 }));
  const origins = new Map((await listClients(db)).map(({ id, origins: [origin] }) => [id, origin]));
  assert.equal(origins.get(demoClientId('rtk')), 'http://localhost:4005');
  assert.equal(origins.get(demoClientId('secondary')), 'http://localhost:4003');
  assert.notDeepEqual(after.secondary, before.secondary);
  assert.deepEqual([after.notes, after.wiki, after.listener], [before.notes, before.wiki, before.listener]);
});

forEachDatabase(
  'secrets that are lost, ended, or that others could read are made anew; a link in their place is not followed',
  async (open, t) => {
    const db = await open();
    const dataDir = folderFor(t);
    const file = join(dataDir, 'demo-secrets.json');
    const { deps, clock } = await bareDeps(db, { dataDir, demo: 'on' });
    const first = await registerDemo(deps, placesAt());

    rmSync(file);
    const elsewhere = join(dataDir, 'elsewhere');
    symlinkSync(elsewhere, file);
    const second = await registerDemo(deps, placesAt());
    assert.notEqual(second.wiki?.clientSecret, first.wiki?.clientSecret);
    assert.ok((await isGood(deps, 'wiki', second.wiki?.clientSecret)) && !(await isGood(deps, 'wiki', first.wiki?.clientSecret)));
    assert.ok(!existsSync(elsewhere));

    await rotateSecret(deps, { requestId: 'r', address: '', userAgent: 'portico' }, demoClientId('wiki'), 0);
    clock.advance(1);
    const third = await registerDemo(deps, placesAt());
    assert.notEqual(third.wiki?.clientSecret, second.wiki?.clientSecret);
    assert.deepEqual(third.notes, second.notes);

    const folder = join(dataDir, 'other');
    mkdirSync(join(folder, 'demo-secrets.json'), { recursive: true, mode: 0o700 });
    assert.deepEqual(readDemoSecrets(folder), {});
    if (process.platform === 'win32') return;
    chmodSync(file, 0o644);
    assert.deepEqual(readDemoSecrets(dataDir), {});
    assert.notDeepEqual(await registerDemo(deps, placesAt()), third);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  },
);

inWorld('with the demo turned off its sites, its secrets and the sign-ins there are gone, and no others', async (world, t) => {
  const on: Config = { ...world.deps.config, dataDir: folderFor(t), demo: 'on' };
  await registerDemo({ ...world.deps, config: on }, placesAt());
  await registerSite(world, 'shop');
  await settleDemo({ ...world.deps, config: on });
  assert.equal((await listClients(world.deps.db)).length, DEMO_CLIENTS.length + 1);
  await settleDemo({ ...world.deps, config: { ...on, demo: 'off' } });
  assert.deepEqual(
    (await listClients(world.deps.db)).map(({ id }) => id),
    ['shop'],
  );
  assert.ok(!existsSync(join(on.dataDir, 'demo-secrets.json')));
});
