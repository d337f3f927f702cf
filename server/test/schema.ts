import { readdirSync, readFileSync } from 'node:fs';

/** Every table that has rows of a user, as the migrations make them. */
export function tablesWithUser(): readonly string[] {
  const folder = new URL('../migrations/', import.meta.url);
  return readdirSync(folder).flatMap((name) => {
    const sql = readFileSync(new URL(name, folder), 'utf8');
    return [...sql.matchAll(/create table (\w+) \(([\s\S]*?)\n\);/g)]
      .filter(([, , columns = '']) => /^\s+user_id /m.test(columns))
      .map(([, table = '']) => table);
  });
}

/** Every table there is. */
export function allTables(): readonly string[] {
  const folder = new URL('../migrations/', import.meta.url);
  return readdirSync(folder).flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/create table (\w+)/g)].map(([, table = '']) => table),
  );
}
