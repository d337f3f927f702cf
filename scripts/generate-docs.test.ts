import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { generatedPages } from './docs/generated-pages.ts';

const ROOT = dirname(import.meta.dirname);

for (const { path, text } of generatedPages()) {
  test(`${path} says what the program says (else: npm run docs)`, () => {
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), text);
  });
}
