import { durabilityOf, groupCommit, openDurable } from './durable-sqlite.ts';
import type { Families } from './families.ts';

export async function openFamiliesOnSqlite(file: string): Promise<Families> {
  const db = openDurable(file);
  db.exec(
    'create table families (id text primary key, user_id text not null, cur_hash text not null, rotated_at bigint, expires_at bigint not null)',
  );
  const write = groupCommit(db);
  const insert = db.prepare('insert into families (id, user_id, cur_hash, expires_at) values ($id, $userId, $current, $expiresAt)');
  const rotate = db.prepare(
    'update families set cur_hash = $next, rotated_at = $now where id = $id and cur_hash = $current and expires_at > $now returning user_id',
  );
  return {
    durability: durabilityOf(db),
    async rotate(id, current, next, now) {
      const [row] = await write(rotate, { id, current, next, now });
      return row ? String(row['user_id']) : null;
    },
    async insert(families, expiresAt) {
      await Promise.all(families.map((family) => write(insert, { ...family, expiresAt })));
    },
  };
}
