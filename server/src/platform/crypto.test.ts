import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hmac, macKey } from './crypto.ts';

test('a message authentication code is the one that node:crypto computes, whatever the lengths of key and parts', () => {
  for (let length = 0; length <= 64; length += 1) {
    const [secret, parts] = [randomBytes(length), [randomBytes(length), 'zwölf', randomBytes(130 - length)]];
    const theirs = createHmac('sha256', secret);
    for (const part of parts) theirs.update(part);
    assert.deepEqual(hmac(macKey(secret), ...parts), theirs.digest());
  }
});

test('a message authentication code is that of RFC 4231, test case 2', () => {
  const code = hmac(macKey(Buffer.from('Jefe')), 'what do ya want ', Buffer.from('for nothing?'));
  assert.equal(code.toString('hex'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

test('a secret longer than a block is refused, because RFC 2104 hashes it first', () => {
  assert.throws(() => macKey(Buffer.alloc(65)), RangeError);
});
