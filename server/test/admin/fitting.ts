import assert from 'node:assert/strict';
import type { FieldSchema, ObjectSchema } from '../../src/http/schemas.ts';

/** Bodies and queries that a route's own schema takes, made out of that schema. */
export interface Validated {
  readonly schema: { readonly body?: ObjectSchema; readonly querystring?: ObjectSchema; readonly params?: ObjectSchema };
}

/** Texts that one or another of our patterns takes. */
const TEXTS = [
  'A'.repeat(22),
  'A'.repeat(43),
  'notes',
  '1',
  'x',
  '/',
  '203.0.113.0/24',
  'true',
  '0'.repeat(16),
  `${'0'.repeat(17)}-${'A'.repeat(12)}`,
];

/** Where the first text that fits might name something. */
const UNKNOWN: Readonly<Record<string, string>> = { authProvider: 'github', clientId: 'nowhere' };

function valueFor(name: string, field: FieldSchema): unknown {
  const {
    type,
    pattern,
    minLength = 0,
    enum: words,
  } = field as FieldSchema & { pattern?: string; minLength?: number; enum?: readonly string[] };
  if (type === 'boolean') return false;
  if (type === 'integer') return 1;
  if (type === 'array') return [];
  if (words !== undefined) return words[0];
  if (/email/i.test(name)) return 'nobody@example.com';
  // `^(?:first|second)$`
  const first = /^\^\(\?:([\w-]+)[|)]/.exec(pattern ?? '')?.[1] ?? 'x';
  const text = [...TEXTS, first].find((one) => one.length >= minLength && (pattern === undefined || new RegExp(pattern, 'u').test(one)));
  assert.ok(text !== undefined, `no text for ${name} fits ${String(pattern)}`);
  return text;
}

/** A body that the route's own schema takes, so that nothing but the guard stands before the act. It names nothing that is there. */
export function bodyFor({ schema: { body } }: Validated): Record<string, unknown> {
  if (body?.properties === undefined) return {};
  return Object.fromEntries(body.required.map((name) => [name, valueFor(name, body.properties[name] as FieldSchema)]));
}

export function queryFor({ schema: { querystring } }: Validated): string {
  const required = querystring?.required ?? [];
  const pairs = required.map((name) => [name, String(valueFor(name, querystring?.properties[name] as FieldSchema))]);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

/** An address of this route, of things that are not there. */
export function pathFor(url: string, { schema: { params } }: Validated): string {
  return url.replace(/:(\w+)/g, (_, name: string) => {
    const field = params?.properties[name];
    return UNKNOWN[name] ?? (field === undefined ? 'A'.repeat(22) : String(valueFor(name, field)));
  });
}
