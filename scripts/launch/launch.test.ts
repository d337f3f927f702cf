import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';

const SCRIPTS = dirname(import.meta.dirname);

/** Stands in for npm: `ci` takes half a second and leaves the record that npm leaves, `run build` builds. Each call is written to npm-calls. */
const NPM = `
const fs = require('fs');
fs.appendFileSync('npm-calls', process.argv.slice(2).filter((word) => !/^--(?!workspace|include)|^--engine/.test(word)).join(' ') + '\\n');
if (process.env.NPM_FAILS) { console.error('npm error the network is gone'); process.exit(9); }
if (process.argv[2] === 'ci') {
  fs.mkdirSync('node_modules', { recursive: true });
  setTimeout(() => fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json'), 500);
}
if (process.argv[2] === 'run') fs.mkdirSync('ui/dist', { recursive: true });
`;

const SERVER = `
if (process.argv.includes('--stay')) {
  process.on('SIGTERM', () => process.exit(3));
  setInterval(() => {}, 1000);
}
console.log('server', process.argv.slice(2).join(' '), process.env.NODE_ENV);
`;

const LOCK_FILE = { packages: { '': {}, server: {}, 'node_modules/fastify': { version: '5.0.0', integrity: 'sha512-a' } } };

/** A fresh clone in a temporary folder: the real scripts, with an npm and a server that only write down what happens. */
function freshClone(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'portico-clone-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(SCRIPTS, join(root, 'scripts'), { recursive: true });
  for (const folder of ['npm', 'server/bin', 'ui/src', 'protocol/src']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'npm/npm-cli.js'), NPM);
  writeFileSync(join(root, 'server/bin/portico.js'), SERVER);
  writeFileSync(join(root, 'ui/src/page.svelte'), '<h1>Sign in</h1>');
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(LOCK_FILE));
  return root;
}

function start(root: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { NODE_ENV: _, ...inherited } = process.env;
  return spawn(process.execPath, [join(root, 'scripts/start.cjs'), ...args], {
    env: { ...inherited, npm_execpath: join(root, 'npm/npm-cli.js'), npm_node_execpath: process.execPath, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  await once(child, 'close');
  return { code: child.exitCode, output };
}

function npmCalls(root: string): readonly string[] {
  const file = join(root, 'npm-calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

test('the first start installs, builds and serves; the second only serves', async (t) => {
  const root = freshClone(t);
  const first = await ended(start(root, ['--port', '5000']));
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /Installing packages[\s\S]*Building the pages[\s\S]*server start --port 5000 development/);
  assert.deepEqual(npmCalls(root), ['ci --include=dev', 'run build --workspace=ui']);
  const second = await ended(start(root));
  assert.equal(second.output, 'server start development\n');
  assert.deepEqual(npmCalls(root), ['ci --include=dev', 'run build --workspace=ui']);
});

test('two starts at once in a fresh clone install and build once', async (t) => {
  const root = freshClone(t);
  const both = await Promise.all([ended(start(root)), ended(start(root))]);
  for (const { code, output } of both) {
    assert.equal(code, 0, output);
    assert.match(output, /server start/);
  }
  assert.deepEqual(npmCalls(root), ['ci --include=dev', 'run build --workspace=ui']);
  assert.equal(both.filter(({ output }) => output.includes('waiting for it')).length, 1);
});

test('a changed lock file installs again, a changed page or message builds again, a changed test does neither', async (t) => {
  const root = freshClone(t);
  await ended(start(root));
  const callsAfter = async (change: () => void) => {
    rmSync(join(root, 'npm-calls'));
    writeFileSync(join(root, 'npm-calls'), '');
    change();
    await ended(start(root));
    return readFileSync(join(root, 'npm-calls'), 'utf8').trim();
  };
  assert.equal(await callsAfter(() => appendFileSync(join(root, 'ui/src/page.svelte'), '<p>')), 'run build --workspace=ui');
  assert.equal(await callsAfter(() => writeFileSync(join(root, 'protocol/src/texts.ts'), '')), 'run build --workspace=ui');
  assert.equal(await callsAfter(() => writeFileSync(join(root, 'ui/src/page.test.ts'), '')), '');
  const packages = { ...LOCK_FILE.packages, 'node_modules/jose': { version: '6.0.0', integrity: 'sha512-b' } };
  const added = await callsAfter(() => writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages })));
  assert.match(added, /^ci --include=dev/);
});

test('the pages of the demo are built with the others, and again when one of them or the client that they use changes', async (t) => {
  const root = freshClone(t);
  for (const folder of ['examples/demo/page', 'sdk/client/src']) mkdirSync(join(root, folder), { recursive: true });
  const callsAfter = async (file: string) => {
    writeFileSync(join(root, 'npm-calls'), '');
    writeFileSync(join(root, file), '');
    await ended(start(root));
    return readFileSync(join(root, 'npm-calls'), 'utf8');
  };
  assert.match(await callsAfter('examples/demo/page/snake.ts'), /^run build --workspace=ui --workspace=examples\/demo$/m);
  assert.equal(await callsAfter('examples/demo/page/site.ts'), 'run build --workspace=ui --workspace=examples/demo\n');
  assert.equal(await callsAfter('sdk/client/src/index.ts'), 'run build --workspace=ui --workspace=examples/demo\n');
  writeFileSync(join(root, 'npm-calls'), '');
  await ended(start(root));
  assert.equal(readFileSync(join(root, 'npm-calls'), 'utf8'), '');
});

test('packages that somebody installed with npm install are not installed again', async (t) => {
  const root = freshClone(t);
  mkdirSync(join(root, 'node_modules'));
  const other = { 'node_modules/only-on-a-mac': { version: '1.0.0', optional: true } };
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify(LOCK_FILE));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { ...LOCK_FILE.packages, ...other } }));
  await ended(start(root));
  assert.deepEqual(npmCalls(root), ['run build --workspace=ui']);
});

test("when npm fails, the start ends with npm's words and npm's exit code, and leaves no lock", async (t) => {
  const root = freshClone(t);
  const { code, output } = await ended(start(root, [], { NPM_FAILS: '1' }));
  assert.equal(code, 9);
  assert.match(output, /Installing failed[\s\S]*npm error the network is gone/);
  assert.doesNotMatch(output, /server start/);
  assert.ok(!existsSync(join(root, '.cache/install.lock')));
});

test('SIGTERM reaches the server, and its exit code comes back', async (t) => {
  const root = freshClone(t);
  const child = start(root, ['--stay']);
  const end = ended(child);
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('server start')) child.kill('SIGTERM');
  });
  assert.equal((await end).code, 3);
});

// npm runs scripts through a shell; the second command keeps each shell from stepping aside for its child.
const INNER = `"${process.execPath}" scripts/start.cjs --stay; true`;
const CALLERS = { shell: INNER, npm: `sh -c '${INNER}'; true` };

for (const [killed, command] of Object.entries(CALLERS)) {
  test(`a server does not outlive the ${killed} that started it`, async (t) => {
    const root = freshClone(t);
    await ended(start(root));
    const env = { ...process.env, npm_lifecycle_event: 'start' };
    const caller = spawn('sh', ['-c', command], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => caller.stdout.destroy());
    await once(caller.stdout, 'data');
    caller.kill('SIGKILL');
    // Standard output closes when the last process that holds it is gone.
    await once(caller, 'close', { signal: AbortSignal.timeout(60_000) });
  });
}

const LEFT_BEHIND = [
  { name: 'of a process that is gone', content: `${2 ** 22 + 1} ${hostname()} 0 0`, age: 0 },
  { name: 'without a heart-beat for a minute', content: `${process.pid} another-machine 0 0`, age: 60 },
];

for (const { name, content, age } of LEFT_BEHIND) {
  test(`a lock ${name} holds nobody up`, async (t) => {
    const root = freshClone(t);
    const lock = join(root, '.cache/install.lock');
    mkdirSync(dirname(lock));
    writeFileSync(lock, content);
    utimesSync(lock, Date.now() / 1000 - age, Date.now() / 1000 - age);
    const { code, output } = await ended(start(root));
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /waiting for it/);
    assert.ok(!existsSync(lock));
  });
}
