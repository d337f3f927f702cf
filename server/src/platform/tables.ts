import type { Migration } from './migrate.ts';

/** What the migrations make, read from their text: names only of letters, digits and underscores, so that they may stand in a statement. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
}

export interface Column {
  readonly name: string;
  readonly type: 'text' | 'bigint';
  readonly nullable: boolean;
}

/** What stands between the commas of a table; those in brackets part nothing. */
const PARTS = /(?:\((?:[^()]|\([^()]*\))*\)|[^,()])+/g;
/** What changes no table. */
const NO_TABLE = /^(?:create (?:unique )?index|drop index|insert into|update|delete from)\b/;

/**
 * The tables after these migrations, in the order in which they were made: a table stands after those that it refers to. Throws for a
 * statement that it does not know, because rows that nobody reads would be lost when a database is moved.
 */
export function tablesOf(migrations: readonly Pick<Migration, 'name' | 'statements'>[]): readonly Table[] {
  const tables = new Map<string, Table>();
  for (const { name, statements } of migrations) {
    for (const statement of statements) {
      const text = statement.replaceAll(/\s+/g, ' ');
      if (NO_TABLE.test(text)) continue;
      const next = made(text) ?? widened(text, tables);
      if (next === null) throw new Error(`Migration ${name} changes tables in a way that cannot be moved: ${text.slice(0, 120)}`);
      tables.set(next.name, next);
    }
  }
  return [...tables.values()];
}

/** A name that may be written into a statement. */
export function plainName(name: string): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new Error(`${name} is no plain name`);
  return name;
}

function made(text: string): Table | null {
  const [, name, inside] = /^create table (\w+) \((.*)\)$/.exec(text) ?? [];
  if (name === undefined || inside === undefined) return null;
  const parts = (inside.match(PARTS) ?? []).map((part) => part.trim());
  const together = parts.flatMap((part) => /^primary key \((.+)\)$/.exec(part)?.[1]?.split(', ') ?? []);
  const columns = parts.map(columnFrom).filter((column) => column !== null);
  const alone = parts.filter((part) => /^\w+ (?:text|bigint) primary key\b/.test(part)).map((part) => part.slice(0, part.indexOf(' ')));
  const key = [...alone, ...together];
  const known = columns.length + (together.length > 0 ? 1 : 0) === parts.length;
  return known && key.length > 0 ? { name, columns, key } : null;
}

function widened(text: string, tables: ReadonlyMap<string, Table>): Table | null {
  const [, name = '', column = ''] = /^alter table (\w+) add column (.+)$/.exec(text) ?? [];
  const before = tables.get(name);
  const added = columnFrom(column);
  return before === undefined || added === null ? null : { ...before, columns: [...before.columns, added] };
}

function columnFrom(text: string): Column | null {
  const [, name, type, rest = ''] = /^(\w+) (text|bigint)\b(.*)$/.exec(text) ?? [];
  if (name === undefined || (type !== 'text' && type !== 'bigint')) return null;
  return { name, type, nullable: !/not null|primary key/.test(rest) };
}
