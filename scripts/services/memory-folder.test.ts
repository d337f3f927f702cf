import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryFolder } from './memory-folder.ts';

test('only a folder with room, in which programs may be started, is used; nothing is left in it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-room-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  assert.equal(memoryFolder(folder, 1), folder);
  assert.equal(memoryFolder(folder, Number.MAX_SAFE_INTEGER), null);
  assert.equal(memoryFolder(join(folder, 'nowhere'), 1), null);
  // No program may be started from there, and nothing written.
  assert.equal(memoryFolder('/proc', 0), null);
  assert.deepEqual(readdirSync(folder), []);
});
