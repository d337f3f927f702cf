import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';

const RUNNER = join(import.meta.dirname, 'run-tests.ts');

const FILES = {
  'server/right.test.ts': `import { test } from 'node:test'; test('right', () => {}); test.skip('left out', () => {});`,
  'server/wrong.test.ts': `import { test } from 'node:test'; test('wrong', () => { throw new Error('as it should'); });`,
  'server/long.prove.ts': `import { test } from 'node:test'; test('long', (t) => t.diagnostic('prove ' + process.env.PROVE));`,
  'server/settings.test.ts': `import { test } from 'node:test';
    test('settings', () => { throw new Error([process.env.PORTICO_PORT, process.env.NODE_ENV, process.env.PROVE].join()); });`,
  'server/careless.test.ts': `import { test } from 'node:test'; import { mkdtempSync } from 'node:fs'; import { tmpdir } from 'node:os';
    test('careless', () => { throw new Error('left in ' + mkdtempSync(tmpdir() + '/left-')); });`,
  'server/endless.test.ts': `import { test } from 'node:test'; test('endless', () => new Promise((resolve) => setTimeout(resolve, 600_000)));`,
  'server/dist/old.test.ts': `throw new Error('a built file is no source');`,
};

function tree(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'portico-tree-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, source] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), source);
  }
  return root;
}

interface RunResult {
  readonly code: number | null;
  readonly output: string;
  readonly lastLine: string;
}

async function runTests(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const child = spawn(process.execPath, [RUNNER, ...args], {
    cwd: tree(t),
    env: { ...process.env, CI: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await once(child, 'close');
  return { code: child.exitCode, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' };
}

test('a run without failures ends with its totals and exit code 0', async (t) => {
  const { code, output, lastLine } = await runTests(t, ['server/right']);
  assert.equal(lastLine, '1 passed, 0 failed, 1 skipped');
  assert.equal(code, 0, output);
  assert.match(output, /SKIPPED\n {2}left out/);
});

test('one failing test is shown whole and makes the exit code 1', async (t) => {
  const { code, output, lastLine } = await runTests(t, ['right', 'wrong']);
  assert.equal(lastLine, '1 passed, 1 failed, 1 skipped');
  assert.equal(code, 1);
  assert.match(output, /FAILED {2}server\/wrong\.test\.ts\n {2}wrong\n[\s\S]*Error: as it should/);
});

test('a run that finds no test fails', async (t) => {
  const { code, lastLine } = await runTests(t, ['nowhere']);
  assert.equal(lastLine, '0 passed, 0 failed');
  assert.equal(code, 1);
});

test('an option that nobody knows is refused with the usage', async (t) => {
  const { code, output } = await runTests(t, ['--faster']);
  assert.equal(code, 2);
  assert.match(output, /^Usage: npm test/);
});

test('the full counts run only with --prove, the tests are told, and what they measured is printed', async (t) => {
  assert.match((await runTests(t, ['long'])).output, /No test file matches/);
  const { code, output, lastLine } = await runTests(t, ['long', '--prove']);
  assert.match(output, /Figures of server\/long\.prove\.ts\n {4}prove 1\n/);
  assert.equal(lastLine, '1 passed, 0 failed', output);
  assert.equal(code, 0);
});

test("a developer's own settings do not reach the tests", async (t) => {
  const { output } = await runTests(t, ['settings'], { PORTICO_PORT: '1', PROVE: '1', NODE_ENV: 'production' });
  assert.match(output, /Error: ,test,0\n/);
});

test('what a test leaves in the folder for temporary files is gone after the run', async (t) => {
  const { output } = await runTests(t, ['careless']);
  const left = output.match(/Error: left in (\S+)/)?.[1];
  assert.ok(left !== undefined, output);
  assert.equal(existsSync(left), false);
});

test('a missing service is named, and fails the run where CI=true', async (t) => {
  const env = { CHROMIUM: '/nowhere/chromium' };
  const local = await runTests(t, ['right'], env);
  assert.match(local.output, /NOT THERE: Chromium[\s\S]*\/nowhere\/chromium/);
  assert.equal(local.code, 0);
  const server = await runTests(t, ['right'], { ...env, CI: 'true' });
  assert.equal(server.lastLine, '1 passed, 1 failed, 1 skipped');
  assert.equal(server.code, 1);
});

test('SIGTERM ends a run at once, with the tests that are under way', async (t) => {
  const child = spawn(process.execPath, [RUNNER, 'endless'], { cwd: tree(t), stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  setTimeout(() => child.kill('SIGTERM'), 1_500);
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(60_000) });
  assert.equal(code, 130);
});
