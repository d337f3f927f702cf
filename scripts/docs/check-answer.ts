import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import type { Answered } from '../../server/test/browser.ts';
import { type Call, FIELDS, SHAPES } from './api-calls.ts';

/** Holds one answer of a running server against the words about its call. */
export function checkAnswer(name: string, call: Call | undefined, { status, body, text, setCookies }: Answered): void {
  assert.ok(call, name);
  assert.equal(status, call.redirects ? 302 : call.answer.length === 0 ? 204 : 200, `${name}: ${text}`);
  const answered = Object.keys(body);
  const missing = call.answer.filter((field) => !field.endsWith('?') && !answered.includes(field));
  const undescribed = answered.filter((field) => !call.answer.includes(field) && !call.answer.includes(`${field}?`));
  assert.deepEqual({ missing, undescribed }, { missing: [], undescribed: [] }, name);
  checkTypes(name, body);
  const items = (body['items'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  for (const item of items) checkShape(name, item, SHAPES[call.items ?? 'session']);
  const spelled = (names: readonly (keyof typeof COOKIES)[]) => names.map((cookie) => COOKIES[cookie]).sort();
  const named = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf('='))).sort();
  const cleared = setCookies.filter((line) => line.includes('Max-Age=0'));
  assert.deepEqual(named(cleared), spelled(call.clears), `${name} clears`);
  assert.deepEqual(named(setCookies.filter((line) => !cleared.includes(line))), spelled(call.sets), `${name} sets`);
}

function checkTypes(name: string, body: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(body)) {
    const type = Array.isArray(value) ? 'array' : value === null ? 'string' : typeof value;
    assert.equal(type, FIELDS[field]?.type, `${name} ${field}`);
  }
  const user = body['user'] as Readonly<Record<string, unknown>> | undefined;
  if (user !== undefined) checkShape(name, user, 'role' in user ? SHAPES.user : SHAPES.siteUser);
}

function checkShape(name: string, value: Readonly<Record<string, unknown>>, fields: readonly string[]): void {
  const optional = fields.filter((field) => field.endsWith('?')).map((field) => field.slice(0, -1));
  const named = Object.keys(value).filter((field) => !optional.includes(field));
  assert.deepEqual(named.sort(), fields.filter((field) => !field.endsWith('?')).sort(), name);
  checkTypes(name, value);
}
