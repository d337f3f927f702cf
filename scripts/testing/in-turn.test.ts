import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn } from './in-turn.ts';

test('two files that drive a browser at a time, the others beside them, and at the end nobody stands idle', () => {
  const turns = inTurn(['a.test.ts', 'b.browser.test.ts', 'x/browser/c.test.ts', 'd.browser.test.ts', 'e.browser.test.ts', 'f.test.ts']);
  assert.deepEqual([turns.next(), turns.next(), turns.next()], ['b.browser.test.ts', 'x/browser/c.test.ts', 'a.test.ts']);
  turns.ended('x/browser/c.test.ts');
  assert.equal(turns.next(), 'd.browser.test.ts');
  assert.equal(turns.next(), 'f.test.ts');
  assert.equal(turns.next(), 'e.browser.test.ts', 'a third one, because nothing else is left');
  assert.equal(turns.next(), null);
});
