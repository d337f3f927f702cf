import { createHash } from 'node:crypto';
import { Refusal } from '@portico/protocol/errors';
import pg from 'pg';
import type { Row } from './db.ts';
import { type Bound, checkValues, inspectStatement } from './portable-sql.ts';

/** The server gives up a statement first, so that what reaches the client is an answer and the connection stays good. */
export const STATEMENT_LIMIT = 2_500;
const QUERY_LIMIT = 2_800;
const LOCK_LIMIT = 2_000;
const IDLE_TRANSACTION_LIMIT = 5_000;
const CONNECT_LIMIT = 2_500;
const NAMES_KEPT = 500;

/** https://www.postgresql.org/docs/current/catalog-pg-type.html, the types that are not text to us. */
const NUMERIC_TYPES = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN_TYPE = 16;

/** `bigint`, counts and sums are numbers and a comparison is 1 or 0, as on SQLite; everything else stays text. Belongs to the pool, not to `pg`. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number) {
    if (NUMERIC_TYPES.has(oid)) return wholeOrFraction;
    if (oid === BOOLEAN_TYPE) return (text: string) => (text === 't' ? 1 : 0);
    return (text: string) => text;
  },
};

function wholeOrFraction(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw new RangeError(`Too large for a number: ${text}`);
  return number;
}

export function connectionSettings(url: string, applicationName: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    types,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: CONNECT_LIMIT,
  };
}

export const REQUEST_LIMITS: pg.ClientConfig = {
  statement_timeout: STATEMENT_LIMIT,
  query_timeout: QUERY_LIMIT,
  lock_timeout: LOCK_LIMIT,
  idle_in_transaction_session_timeout: IDLE_TRANSACTION_LIMIT,
};

interface Prepared {
  /** Undefined for statements beyond the first 500 texts: the server keeps a named one as long as the connection lives. */
  readonly name: string | undefined;
  readonly parameters: number;
}

export type Query = (client: pg.ClientBase, sql: string, values: readonly Bound[]) => Promise<readonly Row[]>;

/** Sends statements by a name made of their text, so that the server parses and plans each only once a connection. */
export function createQuery(): Query {
  const known = new Map<string, Prepared>();

  function prepared(sql: string): Prepared {
    const found = known.get(sql);
    if (found !== undefined) return found;
    const { parameters } = inspectStatement(sql);
    if (known.size >= NAMES_KEPT) return { name: undefined, parameters };
    const made = { name: `portico_${createHash('sha256').update(sql).digest('base64url').slice(0, 22)}`, parameters };
    known.set(sql, made);
    return made;
  }

  return async (client, sql, values) => {
    const { name, parameters } = prepared(sql);
    checkValues(sql, parameters, values);
    try {
      const result = await client.query<Row>({ ...(name === undefined ? {} : { name }), text: sql, values: [...values] });
      // In a transaction that has failed, PostgreSQL answers COMMIT with a friendly ROLLBACK.
      if (sql === 'commit' && result.command !== 'COMMIT') throw new Refusal('unavailable', { cause: new Error('COMMIT rolled back') });
      return result.rows;
    } catch (error) {
      // Neither an answer of the server nor a value that we could not read: the network, a time-out, or a connection that died.
      if (error instanceof pg.DatabaseError || error instanceof RangeError || error instanceof Refusal) throw error;
      throw new Refusal('unavailable', { cause: error });
    }
  };
}

/** After this error the connection may be out of step with the server, closed, or (0A000) hold plans from before a migration: end it. */
export function spoilsConnection(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(?:08|57P|25P|0A000)/.test(error.code ?? '');
  return error instanceof Refusal;
}

/** Deadlock and serialization failure: PostgreSQL has rolled this one back so that the other can go on; trying again is right. */
export function isConflict(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001');
}

/**
 * What to throw for an error: trouble of the machine or the network is 503, a wrong statement stays what it is. By class
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): 08 connection, 28 and 3D access, 40 conflicts that did not end,
 * 53 resources, 55P03 lock not available, 57 operator and time-outs, 58 system, 25006 and 25P03 a standby or an abandoned transaction.
 */
export function refusalFor(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) {
    return /^(?:08|28|3D|40|53|55P03|57|58|25006|25P03)/.test(error.code ?? '') ? new Refusal('unavailable', { cause: error }) : error;
  }
  return error;
}
