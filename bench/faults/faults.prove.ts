import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Every fault for as long as `npm run faults` takes for it. Eight starts at once are proved by the file of the tests that is about them. */

const PROGRAM = fileURLToPath(new URL('./run.ts', import.meta.url));
const NAMES = [
  'detector',
  'node-killed',
  'postgres-killed',
  'postgres-restarted',
  'redis-flushed',
  'redis-frozen',
  'wire-cut',
  'wire-frozen',
  'wire-one-way',
  'smtp-silent',
  'disk-full',
  'clock-jumped',
];

for (const name of NAMES) {
  void test(`npm run faults -- ${name} finds what must be, and nothing else`, async (t) => {
    const child = spawn(process.execPath, [PROGRAM, name], { stdio: ['ignore', 'pipe', 'ignore'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const [code] = (await once(child, 'close')) as [number | null];
    for (const line of printed.trimEnd().split('\n')) t.diagnostic(line);
    assert.equal(code, 0, printed);
  });
}
