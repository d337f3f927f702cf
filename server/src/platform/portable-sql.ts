import type { Value } from './db.ts';

/** A value, or on PostgreSQL as many as there are callers. */
export type Bound = Value | readonly Value[];

/** What is true of a statement on either database, read from its text. */
export interface Statement {
  /** How many `$n` it takes. */
  readonly parameters: number;
  /** The same text with `?` for every `$n`, and the numbers in the order in which they stood. */
  readonly positional: { readonly sql: string; readonly places: readonly number[] };
  /** It is a plain query: it cannot change anything. */
  readonly reads: boolean;
}

const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"\-/;]+|[\s\S]/g;
const WRITES = /\b(?:insert|update|delete|replace|create|drop|alter|pragma)\b/i;

/** Cuts a file of plain statements at its semicolons; comments are dropped, quoted text is left alone. */
export function splitStatements(text: string): readonly string[] {
  const statements: string[] = [];
  let current = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "'" || token === '"') throw new Error(`A quotation mark is never closed: ${text.slice(0, 80)}`);
    if (token === ';') {
      statements.push(current);
      current = '';
    } else {
      current += token.startsWith('--') || token.startsWith('/*') ? ' ' : token;
    }
  }
  statements.push(current);
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}

/** SQLite silently ignores a second statement in one text, PostgreSQL refuses it: both refuse it here. */
export function inspectStatement(sql: string): Statement {
  const [only, ...others] = splitStatements(sql);
  if (only === undefined || others.length > 0) throw new Error(`Exactly one statement at a time: ${sql}`);
  const code = only.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "''");
  const places = Array.from(code.matchAll(/\$(\d+)/g), (match) => Number(match[1]));
  return {
    parameters: Math.max(0, ...places),
    positional: { sql: only.replaceAll(/('(?:[^']|'')*'|"(?:[^"]|"")*")|\$\d+/g, (_, quoted?: string) => quoted ?? '?'), places },
    reads: /^(?:select|with)\b/i.test(code) && !WRITES.test(code),
  };
}

/**
 * Refuses what the two databases would treat differently: SQLite binds a missing value as null and a fraction into a `bigint` column,
 * and stores NUL bytes, which PostgreSQL cannot hold.
 */
export function checkValues(sql: string, parameters: number, values: readonly Bound[]): void {
  if (values.length !== parameters) throw new Error(`${values.length} values for ${parameters} parameters: ${sql}`);
  for (const bound of values) {
    if (typeof bound === 'object' && bound !== null) for (const value of bound) checkValue(sql, value);
    else checkValue(sql, bound);
  }
}

function checkValue(sql: string, value: Value): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error(`Only whole numbers up to 2^53 can be stored: ${sql}`);
  if (typeof value === 'string' && value.includes('\0')) throw new Error(`Text with a NUL byte cannot be stored: ${sql}`);
}
