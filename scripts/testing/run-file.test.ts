import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FileResult, runFile } from './run-file.ts';

async function runSource(t: TestContext, source: string, fileTimeout = 20_000): Promise<FileResult> {
  const root = mkdtempSync(join(tmpdir(), 'portico-run-file-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'logs'));
  writeFileSync(join(root, 'a.test.mjs'), `import { describe, test, before } from 'node:test';\n${source}`);
  const signal = new AbortController().signal;
  return runFile({ root, logs: join(root, 'logs'), env: { ...process.env, FROM_RUNNER: 'yes' }, fileTimeout, signal }, 'a.test.mjs');
}

function told(result: FileResult): readonly string[] {
  return result.outcomes.map(({ kind, name }) => `${kind}: ${name}`);
}

test('tests, subtests and skipped tests are counted, suites are not', async (t) => {
  const source = `
    test('one', () => {});
    test('outer', async (t) => { await t.test('inner', () => {}); });
    describe('suite', () => { test('within', () => {}); test.skip('not today', () => {}); });
    describe.skip('whole suite', () => { test('unseen', () => {}); });`;
  const expected = ['passed: one', 'passed: inner', 'passed: outer', 'passed: within', 'skipped: not today', 'skipped: whole suite'];
  assert.deepEqual(told(await runSource(t, source)), expected);
});

test('a failure says where and why, and keeps what the file printed', async (t) => {
  const result = await runSource(
    t,
    `console.log('on the way', process.env.FROM_RUNNER); test('wrong', () => { throw new Error('because'); });`,
  );
  const [failure] = result.outcomes;
  assert.equal(failure?.kind, 'failed');
  assert.match(failure.where, /a\.test\.mjs:2$/);
  assert.match(failure.why, /Error: because/);
  assert.match(result.output, /on the way yes/);
});

const CUT_SHORT = [
  { source: `throw new Error('at once');`, failure: 'the file can be loaded' },
  { source: '', failure: 'the file holds a test' },
  { source: `test('quits', () => process.exit(0));`, failure: 'the file holds a test' },
  { source: `test('done', () => {}); test('quits', async () => { await null; process.exit(0); });`, failure: 'the file ' },
  { source: `test('late', () => { setTimeout(() => { throw new Error('late'); }, 5); });`, failure: 'the process ends well' },
  { source: `test('announced', { todo: true }, () => {});`, failure: 'announced' },
  { source: `describe('hooked', () => { before(() => { throw new Error('no'); }); test('never', () => {}); });`, failure: 'never' },
];

for (const { source, failure } of CUT_SHORT) {
  test(`a file never passes with: ${source || 'nothing in it'}`, async (t) => {
    const result = await runSource(t, source);
    assert.ok(
      told(result).some((line) => line.startsWith(`failed: ${failure}`)),
      told(result).join('\n'),
    );
  });
}

/** What a careless test starts: a process that listens, holds the output pipe, and never ends by itself. */
const LISTENER = `
  import { spawn } from 'node:child_process';
  import { once } from 'node:events';
  async function listen() {
    const program = "require('net').createServer().listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port) })";
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    console.log(String(line));
    child.stdout.destroy();
    child.unref();
  }`;

async function isListening(output: string): Promise<boolean> {
  const port = Number(output.match(/port (\d+)/)?.[1]);
  assert.ok(port > 0, output);
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('a file that outlives its time is killed with all that it started, and named with its unfinished test', async (t) => {
  const source = `${LISTENER}
    test('quick', () => {});
    test('stuck', async () => {
      await listen();
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const result = await runSource(t, source, 3_000);
  assert.deepEqual(told(result), ['passed: quick', 'failed: the file ends in time']);
  assert.match(result.outcomes[1]?.why ?? '', /after 3 s; unfinished: 'stuck'/);
  assert.equal(await isListening(result.output), false);
});

test('a file that leaves a server behind ends, and the server with it', async (t) => {
  const result = await runSource(t, `${LISTENER} test('careless', listen);`);
  assert.deepEqual(told(result), ['passed: careless']);
  assert.equal(await isListening(result.output), false);
});
