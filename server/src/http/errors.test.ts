import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@portico/protocol/errors';
import { asRefusal } from './errors.ts';

test('what the framework throws becomes a code of the table, and what nobody foresaw is internal', () => {
  const cases: readonly (readonly [object, string])[] = [
    [Object.assign(new Error('slow'), { statusCode: 408 }), 'request_timeout'],
    [Object.assign(new Error('big'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 'too_large'],
    [Object.assign(new Error('text'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }), 'unsupported_media_type'],
    [Object.assign(new SyntaxError('json'), { statusCode: 400 }), 'bad_request'],
    [Object.assign(new Error('odd'), { statusCode: 418 }), 'bad_request'],
    [new TypeError('x is not a function'), 'internal'],
    [Object.assign(new Error('pool'), { statusCode: 503 }), 'internal'],
    [new Refusal('busy'), 'busy'],
  ];
  for (const [thrown, code] of cases) assert.equal(asRefusal(thrown).code, code);
});
