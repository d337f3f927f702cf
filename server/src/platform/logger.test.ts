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

test('of an error only kind, code, place and a message that repeats nothing are written, however deep it is', () => {
  const emptied = Object.assign(new Error('canary of a first message'), { message: '' });
  const framed = new Error('outer\n    at canary (file:///canary.ts:1:1)');
  const carrying = Object.assign(new Error('refused: 451 canary'), {
    responseCode: 451,
    response: 'canary',
    command: 'canary',
    code: 'EMESSAGE',
  });
  const quoting = Object.assign(new Error('invalid input syntax for type bigint: "canary"'), { severity: 'ERROR', code: '22P02' });
  const forms = new Error(
    'ptr_canary0123456789 eyJjYW5hcnk.canary.canary postgres://u:canary@db/x https://a.example/?token=canary canary@example.com',
  );
  const parsed = new SyntaxError('"canary" is not valid JSON');
  for (const err of [emptied, carrying, quoting, forms, parsed, 'canary', { canary: 'canary' }, new AggregateError([carrying], '')]) {
    for (const wrapped of [err, new Error('outer', { cause: err })])
      assert.doesNotMatch(logged({ err: wrapped }).replaceAll('logger.test', ''), /canary/);
  }
  assert.match(logged({ err: carrying }), /EMESSAGE/);
  const { err } = JSON.parse(logged({ err: framed })) as { readonly err: { readonly at: readonly string[] } };
  assert.doesNotMatch(err.at.join(), /canary/);
  assert.match(logged({ err: new Error('a plain sentence') }), /a plain sentence.*logger\.test\.ts:\d+/);
});
