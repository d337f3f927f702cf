import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AppKind, detectApp } from './detect-app.ts';

function folderWith(t: TestContext, manifest: string | null): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-app-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  if (manifest !== null) writeFileSync(join(folder, 'package.json'), manifest);
  return folder;
}

/** `kind framework`, or the problem. */
function found(t: TestContext, dependencies: string, kind: AppKind | null = null): string {
  const [own = '', dev = ''] = dependencies.split('|').map((list) => list.trim());
  const listed = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, '1.0.0']));
  const folder = folderWith(t, JSON.stringify({ name: 'app', dependencies: listed(own), devDependencies: listed(dev) }));
  const detected = detectApp(folder, { kind, name: null });
  if (detected.kind === 'app') return `${detected.app.kind} ${detected.app.framework}`;
  assert.ok(detected.usage);
  return detected.problem;
}

test('the framework and the kind are found from what package.json depends on, the whole framework before its parts', (t) => {
  // As the usual templates write them: dependencies | devDependencies.
  const apps: readonly (readonly [string, string])[] = [
    [' | vite', 'spa vite'],
    [' | vite typescript', 'spa vite'],
    ['react react-dom | vite @vitejs/plugin-react', 'spa react'],
    [' | vite svelte @sveltejs/vite-plugin-svelte', 'spa svelte'],
    ['vue | vite @vitejs/plugin-vue', 'spa vite'],
    [' | vite svelte @sveltejs/kit @sveltejs/adapter-node', 'web sveltekit'],
    ['next react react-dom', 'web next'],
    ['express', 'web express'],
    ['fastify', 'web fastify'],
    ['hono @hono/node-server', 'web hono'],
    ['fastify express @fastify/express', 'web fastify'],
    // Pages rendered by a server of the app's own.
    ['express react react-dom', 'web express'],
  ];
  for (const [dependencies, expected] of apps) assert.equal(found(t, dependencies), expected, dependencies);
});

test('where both sides are there, or neither is known, --kind is asked for, and taken', (t) => {
  for (const [dependencies, problem, spa, web] of [
    ['express | vite react', /Vite and express/, 'spa react', 'web express'],
    ['fastify | vite', /Vite and fastify/, 'spa vite', 'web fastify'],
    ['hono | vite svelte', /Vite and hono/, 'spa svelte', 'web hono'],
    ['nuxt', /uses nuxt/, 'spa vite', 'web node'],
    ['astro', /uses astro/, 'spa vite', 'web node'],
    ['react react-router | vite @react-router/dev', /uses @react-router\/dev/, 'spa react', 'web node'],
    ['left-pad', /no framework that is known/, 'spa vite', 'web node'],
  ] as const) {
    assert.match(found(t, dependencies), problem, dependencies);
    assert.match(found(t, dependencies), /--kind spa .* --kind web/, dependencies);
    assert.deepEqual([found(t, dependencies, 'spa'), found(t, dependencies, 'web')], [spa, web], dependencies);
  }
  assert.equal(found(t, ' | vite svelte @sveltejs/kit', 'spa'), 'spa svelte');
  assert.equal(found(t, 'next react', 'spa'), 'spa react');
});

test('the name is what is asked for, what package.json says without its scope, or that of the folder', (t) => {
  const named = (manifest: object, name: string | null = null) => {
    const folder = folderWith(t, JSON.stringify({ dependencies: { hono: '4' }, ...manifest }));
    const detected = detectApp(folder, { kind: null, name });
    return detected.kind === 'app' ? [detected.app.name, folder.split('/').at(-1)] : [];
  };
  assert.equal(named({ name: '@acme/notes' })[0], 'notes');
  assert.equal(named({ name: 'notes' }, 'My Notes')[0], 'My Notes');
  for (const name of [undefined, '', 7, null, '@acme/']) {
    const [got, folder] = named({ name });
    assert.equal(got, folder, String(name));
  }
});

test('a folder without package.json, and one whose package.json is broken, are told apart and change nothing', (t) => {
  const problemOf = (manifest: string | null) => {
    const detected = detectApp(folderWith(t, manifest), { kind: 'spa', name: null });
    return detected.kind === 'problem' ? `${detected.usage} ${detected.problem}` : 'none';
  };
  assert.match(problemOf(null), /^true there is no package\.json in \S+: run it in the folder of the app$/);
  for (const broken of ['', '{', '{"name": "a",}', 'null\n}'])
    assert.match(problemOf(broken), /^false \S+package\.json is broken: [^\n]+$/);
  for (const other of ['null', '[]', '"vite"', '3']) assert.match(problemOf(other), /^false \S+package\.json holds no JSON object$/);
  assert.equal(problemOf('\uFEFF{"dependencies":{"vite":"8"}}'), 'none');
  assert.equal(problemOf('{"dependencies":["vite"],"devDependencies":null}'), 'none');
});
