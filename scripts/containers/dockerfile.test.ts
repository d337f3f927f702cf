import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as { readonly workspaces: readonly string[]; readonly devDependencies: object };

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Comments out, continued lines joined. */
const instructions: readonly Instruction[] = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [name = '', ...rest] = line.trim().split(/\s+/);
    return { name, rest: rest.join(' ') };
  });
const all = (name: string) => instructions.filter((each) => each.name === name).map(({ rest }) => rest);
/** The last stage is what people run. */
const final = instructions.slice(instructions.map(({ name }) => name).lastIndexOf('FROM'));
const last = (name: string) => final.filter((each) => each.name === name).map(({ rest }) => rest);

test('the image runs as uid 1000, says how it is ended and how it is asked whether it lives, each without a shell', () => {
  assert.deepEqual(last('USER'), ['1000:1000']);
  assert.deepEqual(last('STOPSIGNAL'), ['SIGTERM']);
  const program = '/portico/server/bin/portico.js';
  assert.deepEqual(JSON.parse(last('ENTRYPOINT')[0] ?? ''), ['node', program]);
  assert.deepEqual(JSON.parse(last('CMD')[0] ?? ''), ['start']);
  const [check = ''] = last('HEALTHCHECK');
  assert.deepEqual(JSON.parse(check.slice(check.indexOf('[', check.indexOf(' CMD ')))), ['node', program, 'health']);
  // A step that runs as root after this would make files that uid 1000 owns no more.
  const after = final.slice(final.findIndex(({ name }) => name === 'USER'));
  assert.deepEqual(
    after.filter(({ name }) => ['RUN', 'COPY', 'ADD', 'USER'].includes(name)).map(({ name }) => name),
    ['USER'],
  );
});

test('it is built from a named release of the official image, of the Node that the tests run on, and from nothing that a build fetches by address', () => {
  const images = all('FROM').map((rest) => rest.split(' ')[0] ?? '');
  assert.ok(images.length > 1);
  const major = String((manifest.devDependencies as { readonly node: string }).node).split('.')[0];
  for (const image of images) assert.equal(image, `node:${major}-slim`);
  assert.deepEqual(all('ADD'), []);
  assert.doesNotMatch(all('RUN').join('\n'), /https?:|curl|wget|apt|npm install|sudo|chmod 777/);
});

test('npm runs no script of a package, and puts nothing of development into the image', () => {
  const installs = all('RUN').filter((line) => line.includes('npm ci'));
  assert.ok(installs.length > 0);
  for (const line of installs) assert.match(line, /--include-workspace-root=false .*--ignore-scripts/);
  const stages = read('Dockerfile').split(/^FROM /m);
  const packages = stages.find((stage) => stage.includes('AS packages')) ?? '';
  assert.match(packages, /npm ci --omit=dev --workspace=server /);
  assert.deepEqual(
    last('COPY').filter((line) => line.startsWith('--from=packages')),
    ['--from=packages /portico ./'],
  );
  assert.match(last('RUN').join(), /rm -rf \/usr\/local\/lib\/node_modules /);
});

test('every file that is copied is there and let through by .dockerignore, and what is secret is not', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(rules[0], '*');
  const open = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
  const copied = all('COPY')
    .filter((line) => !line.startsWith('--from'))
    .flatMap((line) => line.split(' ').slice(0, -1));
  assert.ok(copied.length > 8);
  for (const path of copied) {
    assert.ok(existsSync(join(ROOT, path)), path);
    assert.ok(
      open.some((name) => path === name || path.startsWith(`${name}/`)),
      path,
    );
  }
  for (const name of ['secrets', '.env', '.git', 'portico-data']) assert.ok(!open.some((path) => path.startsWith(name)), name);
  for (const rule of ['**/node_modules', '**/dist', '**/portico-data', '**/*.test.ts']) assert.ok(rules.includes(rule), rule);
});

test('whatever the server imports at run time is in the image', () => {
  const sources = globSync(['server/src/**/*.ts', 'server/bin/*.js', 'protocol/src/**/*.ts'], { cwd: ROOT }).filter(
    (path) => !path.endsWith('.test.ts'),
  );
  const copied = last('COPY').map((line) => line.split(' ').at(-1) ?? '');
  const used = new Set(
    sources.flatMap((path) =>
      [...read(path).matchAll(/^(?:import|export) (?!type )[^;]*?from '(@portico\/[^']+)'/gm)].map(([, name]) => name),
    ),
  );
  for (const name of used) {
    const [, workspace = '', entry = ''] = /^@portico\/([^/]+)\/(.+)$/.exec(name ?? '') ?? [];
    const target = (
      JSON.parse(read(`${workspace}/package.json`)) as { readonly exports: Record<string, string | { readonly default: string }> }
    ).exports[`./${entry}`];
    const file = join(workspace, typeof target === 'object' ? target.default : (target ?? ''));
    assert.ok(
      copied.some((folder) => file.startsWith(`${folder}/`)),
      `${name} leads to ${file}`,
    );
  }
  const text = sources.map(read).join('\n');
  for (const [folder] of text.matchAll(/(?<=new URL\('(?:\.\.\/)+)(?:data|migrations)/g))
    assert.ok(copied.includes(`server/${folder}`), folder);
});
