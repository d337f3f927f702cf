import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inWorld } from '../../../test/world.ts';
import { listClients } from '../../clients/client.ts';
import type { App } from './detect-app.ts';
import { registerApp } from './register-app.ts';

const SITE: App = { framework: 'fastify', kind: 'web', name: 'notes', typed: false, modules: true };
const PAGES: App = { framework: 'vite', kind: 'spa', name: 'notes', typed: false, modules: true };

inWorld('twenty that add one app at once register one client, with one secret', async (world, t) => {
  for (const [app, origin] of [
    [SITE, 'http://localhost:3000'],
    [PAGES, 'http://localhost:5173'],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'portico-race-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const before = (await listClients(world.deps.db)).length;
    const added = await Promise.all(Array.from({ length: 20 }, () => registerApp(world.deps, { app, origin, id: null, folder })));
    assert.deepEqual(added.map(({ kind }) => kind).sort(), ['registered', ...Array.from({ length: 19 }, () => 'there')], app.kind);
    const ids = new Set(added.map((one) => (one.kind === 'refused' ? '' : one.client.id)));
    assert.equal(ids.size, 1);
    assert.equal((await listClients(world.deps.db)).length, before + 1);
    if (app === SITE)
      assert.deepEqual(
        readdirSync(join(folder, '.portico')),
        [...ids].map((id) => `${id}.secret`),
      );
    assert.deepEqual(readdirSync(folder).sort(), app === SITE ? ['.gitignore', '.portico'] : []);
  }
});

inWorld('an app that is there already is found before anything is written', async (world, t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-there-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const wanted = { app: SITE, origin: 'http://localhost:3000', id: null, folder };
  assert.equal((await registerApp(world.deps, wanted)).kind, 'registered');
  // Nothing could be written any more.
  rmSync(join(folder, '.gitignore'));
  mkdirSync(join(folder, '.gitignore'));
  assert.equal((await registerApp(world.deps, wanted)).kind, 'there');
});
