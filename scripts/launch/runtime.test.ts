import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

interface Runtime {
  findRuntime(root: string): string | null;
  isNewEnough(version: string): boolean;
  runtimeAdvice(root: string): string;
}

const { findRuntime, isNewEnough, runtimeAdvice }: Runtime = createRequire(import.meta.url)('./runtime.cjs');
const ROOT = dirname(dirname(import.meta.dirname));

test('Node 24.15 is the oldest that runs Portico', () => {
  for (const version of ['v24.15.0', 'v24.16.1', 'v25.0.0', 'v26.10.0', 'v100.0.0']) assert.ok(isNewEnough(version), version);
  for (const version of ['v24.14.9', 'v24.2.0', 'v22.99.0', 'v20.20.2', 'v9.0.0']) assert.ok(!isNewEnough(version), version);
});

test('package.json, the launcher and the command line name the same oldest Node', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.equal(engines.node, '>=24.15');
  assert.match(runtimeAdvice(ROOT), /Portico needs 24\.15 or newer/);
  const commandLine = readFileSync(join(ROOT, 'server/bin/portico.js'), 'utf8');
  assert.match(commandLine, /found\[0\] < 24 \|\| \(found\[0\] === 24 && found\[1\] < 15\)/);
  assert.match(commandLine, /needs Node 24\.15 or newer/);
});

test('a pinned runtime that is missing, broken or too old is passed over for the Node that runs us', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'portico-runtime-'));
  t.after(() => rmSync(root, { recursive: true }));
  assert.equal(findRuntime(root), process.execPath);
  const pinned = join(root, 'node_modules/node/bin/node');
  mkdirSync(dirname(pinned), { recursive: true });
  const answers = { '': process.execPath, 'exit 1': process.execPath, 'echo v20.20.2': process.execPath, 'echo v26.10.0': pinned };
  for (const [script, expected] of Object.entries(answers)) {
    writeFileSync(pinned, script === '' ? '' : `#!/bin/sh\n${script}\n`);
    chmodSync(pinned, 0o755);
    assert.equal(findRuntime(root), expected, script);
  }
});

test('somebody without a runtime is told whether npm left it out or it does not run here', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'portico-runtime-'));
  t.after(() => rmSync(root, { recursive: true }));
  assert.match(runtimeAdvice(root), /npm was told not to run install scripts/);
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
  assert.match(runtimeAdvice(root), /does not run on this machine/);
});
