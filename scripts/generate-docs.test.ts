import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ERRORS, OAUTH_ERRORS } from '@portico/protocol/errors';
import { CODES as CLIENT_CODES, DOCS_BASE, PorticoError } from '../sdk/client/src/error.ts';
import { CODES as VERIFIER_CODES } from '../sdk/server/src/errors.ts';
import { generatedPages } from './docs/generated-pages.ts';

const ROOT = dirname(import.meta.dirname);

for (const { path, text } of generatedPages()) {
  test(`${path} says what the program says (else: npm run docs)`, () => {
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), text);
  });
}

test('every code that Portico or its packages say has a page, at the address that an error gives, and no page is about another', () => {
  const codes = new Set([ERRORS, OAUTH_ERRORS, VERIFIER_CODES, CLIENT_CODES].flatMap((table) => Object.keys(table)));
  assert.deepEqual(readdirSync(join(ROOT, DOCS_BASE)).sort(), [...codes].map((name) => `${name}.md`).sort());
  for (const name of codes) assert.match(readFileSync(join(ROOT, new PorticoError(name).docs), 'utf8'), new RegExp(`^# \`${name}\`$`, 'm'));
});

test('no two codes are explained by the same sentence, and none by few words', () => {
  const sentences = readdirSync(join(ROOT, DOCS_BASE)).flatMap((name) => {
    const text = readFileSync(join(ROOT, DOCS_BASE, name), 'utf8');
    return [...text.matchAll(/^\*\*When\.\*\* (.+)$/gm)].map(([, sentence = '']) => sentence);
  });
  assert.equal(new Set(sentences).size, sentences.length);
  assert.deepEqual(
    sentences.filter((sentence) => sentence.length < 30),
    [],
  );
});
