import pg from 'pg';
import { DURABILITY_OF, describeDurability } from './durability.ts';
import type { Families } from './families.ts';

export async function openFamiliesOnPostgres(url: string): Promise<Families> {
  const pool = openPool(url);
  await pool.query(
    'create table families (id text primary key, user_id text not null, cur_hash text not null, rotated_at bigint, expires_at bigint not null)',
  );
  return {
    durability: await durabilityOf(pool),
    async rotate(id, current, next, now) {
      const { rows } = await pool.query<{ user_id: string }>({
        name: 'rotate',
        text: 'update families set cur_hash = $3, rotated_at = $4 where id = $1 and cur_hash = $2 and expires_at > $4 returning user_id',
        values: [id, current, next, now],
      });
      return rows[0]?.user_id ?? null;
    },
    async insert(families, expiresAt) {
      await pool.query(
        'insert into families (id, user_id, cur_hash, expires_at) select *, $4 from unnest($1::text[], $2::text[], $3::text[])',
        [families.map(({ id }) => id), families.map(({ userId }) => userId), families.map(({ current }) => current), expiresAt],
      );
    },
  };
}

/** One connection for most callers, and none closed while the other targets have their turn: reconnecting is not what is measured. */
export function openPool(url: string): pg.Pool {
  return new pg.Pool({ connectionString: url, max: 20, idleTimeoutMillis: 0 });
}

export async function durabilityOf(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<Record<string, unknown>>(DURABILITY_OF.postgres);
  return describeDurability(rows[0]);
}
