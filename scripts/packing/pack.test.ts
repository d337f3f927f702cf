import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runPortico, startPortico } from '../../server/test/portico-process.ts';
import { launchChromium, reasonToSkip } from '../../ui/test/browser.ts';
import { fetchNode24 } from './node-24.ts';
import { packAll } from './pack.ts';
import { installedProject, lend } from './project.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folders: string[] = [];
let project = '';

before(async () => {
  const target = mkdtempSync(join(tmpdir(), 'portico-packed-'));
  folders.push(target);
  project = installedProject(ROOT, await packAll(ROOT, target));
  folders.push(project);
});

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

type Manifest = Readonly<Record<string, unknown>> & {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
};

const placeOf = (name: string) => join(project, 'node_modules', '@portico', name);
const manifestOf = (name: string) => JSON.parse(readFileSync(join(placeOf(name), 'package.json'), 'utf8')) as Manifest;
const filesOf = (name: string) => globSync('**/*.*', { cwd: placeOf(name) });

test('a package is compiled JavaScript with its types, licence and README, and leads to nothing of this repository', () => {
  for (const name of ['client', 'server']) {
    const manifest = manifestOf(name);
    const source = JSON.parse(readFileSync(join(ROOT, 'sdk', name, 'package.json'), 'utf8')) as Manifest;
    assert.deepEqual(
      ['private', 'devDependencies', 'scripts', 'workspaces'].filter((field) => field in manifest),
      [],
    );
    assert.deepEqual(
      [manifest['version'], manifest['license'], manifest['type'], manifest['sideEffects']],
      [source['version'], 'Apache-2.0', 'module', false],
    );
    assert.deepEqual(Object.keys(manifest.exports), [...Object.keys(source.exports), './package.json']);
    for (const entry of Object.values(manifest.exports))
      for (const path of typeof entry === 'string' ? [entry] : [entry.types, entry.default])
        assert.ok(existsSync(join(placeOf(name), path)), path);
    const files = filesOf(name);
    assert.ok(existsSync(join(placeOf(name), 'LICENSE')));
    assert.equal(files.includes('README.md'), existsSync(join(ROOT, 'sdk', name, 'README.md')));
    assert.deepEqual(
      files.filter((file) => /test|example|fake/.test(file) || (file.endsWith('.ts') && !file.endsWith('.d.ts'))),
      [],
    );
    for (const file of files.filter((one) => /\.(js|ts)$/.test(one))) {
      const text = readFileSync(join(placeOf(name), file), 'utf8');
      assert.doesNotMatch(text, /@portico\/protocol|\/work\/|from ["']\.[^"']*\.ts["']/, file);
    }
  }
});

/** Signs a token, serves its key as Portico does, and asks the installed verifier about good and bad ones. */
const PROGRAM = `
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createVerifier, PorticoError } from '@portico/server';

const { publicKey, privateKey } = await generateKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
const keys = createServer((_, answer) => answer.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] })));
await new Promise((ready) => keys.listen(0, '127.0.0.1', ready));
const issuer = 'http://127.0.0.1:' + keys.address().port;
const sign = (audience) => new SignJWT({ sid: 's', fid: 'f', uv: 1, cv: 1, jti: 'j' }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
  .setIssuer(issuer).setAudience(audience).setSubject('ada').setIssuedAt().setExpirationTime('5m').sign(privateKey);
const verifier = createVerifier({ issuer, audience: 'notes', warn: () => {} });
const answers = [(await verifier.verify(await sign('notes'))).id];
for (const token of [await sign('wiki'), 'garbage'])
  answers.push(await verifier.verify(token).catch((error) => error instanceof PorticoError && error.code));
verifier.close();
keys.close();
const loaded = [];
for (const entry of process.argv.slice(2)) loaded.push(typeof (await import(entry)));
console.log(JSON.stringify({ answers, loaded: new Set(loaded).size, major: process.versions.node.split('.')[0] }));
`;

function runAt(node: string): unknown {
  writeFileSync(join(project, 'program.js'), PROGRAM);
  // What the adapters name is for their frameworks' types; none of them is needed to load one.
  const entries = ['server', 'client'].flatMap((name) =>
    Object.keys(manifestOf(name).exports)
      .filter((path) => !['./package.json', './react', './svelte', './rtk'].includes(path))
      .map((path) => `@portico/${name}${path.slice(1)}`),
  );
  return JSON.parse(execFileSync(node, ['program.js', ...entries], { cwd: project, encoding: 'utf8' }));
}

test('what is installed verifies tokens on the pinned Node', () => {
  assert.deepEqual(runAt(process.execPath), {
    answers: ['ada', 'token_invalid', 'token_invalid'],
    loaded: 1,
    major: process.versions.node.split('.')[0],
  });
});

test('what is installed verifies tokens on the oldest Node that is promised', (t) => {
  const node = fetchNode24();
  if (typeof node === 'string') {
    const sentence = `SKIPPED, NOT TESTED ON NODE 24: ${node}`;
    if (process.env['CI'] === 'true') throw new Error(sentence);
    console.error(sentence);
    t.skip(sentence);
    return;
  }
  folders.push(node.folder);
  assert.deepEqual(runAt(node.path), { answers: ['ada', 'token_invalid', 'token_invalid'], loaded: 1, major: '24' });
});

/** The frameworks that adapters are for; without Redux Toolkit, whose own declarations do not stand exactOptionalPropertyTypes. */
const LENT = ['@types/node', 'undici-types', 'fastify', '@types/express', 'hono', '@types/react', 'react', 'svelte'];

/** Lines as the documentation writes them; the types say what they are, and that a mistake is one (`@ts-expect-error`). */
const SAMPLE = readFileSync(join(import.meta.dirname, 'sample.ts'), 'utf8');

for (const resolution of ['nodenext', 'bundler'])
  test(`the types stand a strict check without skipLibCheck (${resolution})`, () => {
    lend(ROOT, project, LENT);
    writeFileSync(join(project, 'sample.ts'), SAMPLE);
    const config = {
      compilerOptions: {
        target: 'es2024',
        lib: ['es2024', 'dom', 'dom.iterable'],
        module: resolution === 'bundler' ? 'esnext' : resolution,
        moduleResolution: resolution,
        types: ['node'],
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        skipLibCheck: false,
      },
      files: ['sample.ts'],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
    assert.equal(tsc(), '');
  });

/** In bytes. */
const COOKIE_MODE_MAX = 6 * 1024;

test('what a browser loads to begin with is small, and the other modes are loaded when they are needed', (t) => {
  const dist = join(placeOf('client'), 'dist');
  const loaded = new Set<string>();
  const load = (file: string) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const [, next = ''] of readFileSync(file, 'utf8').matchAll(/(?:import|from)["'](\.[^"']+)["']/g)) load(join(dirname(file), next));
  };
  load(join(dist, 'index.js'));
  const size = gzipSync(Buffer.concat([...loaded].map((file) => readFileSync(file))), { level: 9 }).length;
  t.diagnostic(`${size} bytes gzipped in ${loaded.size} files`);
  assert.ok(size < COOKIE_MODE_MAX, `${size} bytes`);
});

test('a page loads the package as it is, with an import map and no bundler, and learns who is signed in', {
  skip: reasonToSkip(),
}, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-packed-'));
  folders.push(dataDir);
  const portico = await startPortico({ PORTICO_DATA_DIR: dataDir });
  const page = `<!doctype html><title>App</title><script type="importmap">{"imports":{"@portico/client":"/dist/index.js"}}</script>
<script type="module">
import { createPortico } from '@portico/client';
const portico = createPortico({ issuer: '${portico.origin}', clientId: 'notes' });
await portico.ready;
document.title = JSON.stringify(portico.session);
</script>`;
  const app = createServer(({ url = '/' }, response) => {
    const isScript = /^\/dist\/[\w./-]+\.js$/.test(url);
    response
      .setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      .end(isScript ? readFileSync(join(placeOf('client'), url)) : page);
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  const words = `client add --name Notes --id notes --kind spa --origin ${origin} --redirect-uri ${origin}/`;
  assert.equal((await runPortico(words.split(' '), { PORTICO_DATA_DIR: dataDir })).code, 0);
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    app.closeAllConnections();
    app.close();
    await portico.end();
  });
  const tab = await browser.newPage();
  await tab.goto(origin);
  await tab.waitForFunction(() => document.title !== 'App');
  assert.deepEqual(JSON.parse(await tab.title()), { status: 'signed-out', user: null, expiresAt: null, verifyUrl: null });
});

function tsc(): string {
  try {
    return execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project], {
      cwd: project,
      encoding: 'utf8',
    });
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}
