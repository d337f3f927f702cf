import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

function logged(facts: object): string {
  const lines: string[] = [];
  createLogger({ logLevel: 'trace' }, { write: (line) => void lines.push(line) }).info(facts, 'sentence');
  return lines.join('');
}

test('a secret that is logged by mistake is censored by its name', () => {
  const mistakes: readonly object[] = [
    { password: 'canary' },
    { body: { password: 'canary', securityCode: 'canary' } },
    { request: { headers: { cookie: 'canary', authorization: 'canary' } } },
    { reply: { headers: { 'set-cookie': ['canary'] } } },
    { 'set-cookie': 'canary' },
    { answer: { accessToken: 'canary', refreshToken: 'canary', token: 'canary' } },
    { config: { masterKey: 'canary' } },
    { body: { code: 'canary' } },
    { request: { query: { code: 'canary' } } },
    {
      err: Object.assign(new Error('duplicate key'), {
        detail: 'Key (email_key)=(canary) exists',
        where: 'canary',
        parameters: ['canary'],
      }),
    },
    { err: new Error('outer', { cause: Object.assign(new Error('duplicate key'), { detail: 'canary' }) }) },
  ];
  for (const mistake of mistakes) {
    const line = logged(mistake);
    assert.doesNotMatch(line, /canary/, JSON.stringify(mistake));
    assert.match(line, /sentence/);
  }
});

test('what is no secret stays, with its moment in a form that people and programs read', () => {
  const entry = JSON.parse(
    logged({ job: 'deliver-mail', err: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), code: 'signed_out' }),
  ) as Record<string, unknown>;
  assert.equal(entry['code'], 'signed_out');
  assert.deepEqual([entry['job'], entry['msg'], entry['level']], ['deliver-mail', 'sentence', 30]);
  assert.match(JSON.stringify(entry['err']), /ECONNREFUSED/);
  assert.match(String(entry['time']), /^\d{4}-\d\d-\d\dT/);
});
