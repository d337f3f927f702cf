import type { DatabaseSync } from 'node:sqlite';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import { groupCommit } from '../servers/durable-sqlite.ts';

/** The adapter contract of oidc-provider on one SQLite table; every write is on the disk before it resolves. */
export function sqliteAdapter(db: DatabaseSync): AdapterFactory {
  db.exec(`
    create table entities (model text, id text, payload text not null, grant_id text, uid text, user_code text, consumed_at bigint, expires_at bigint, primary key (model, id));
    create index entities_grant on entities (grant_id);
    create index entities_uid on entities (uid) where uid is not null;
    create index entities_user_code on entities (user_code) where user_code is not null`);
  const write = groupCommit(db);
  const upsert = db.prepare(`
    insert into entities (model, id, payload, grant_id, uid, user_code, expires_at) values ($model, $id, $payload, $grantId, $uid, $userCode, $expiresAt)
    on conflict (model, id) do update set payload = $payload, grant_id = $grantId, uid = $uid, user_code = $userCode, expires_at = $expiresAt`);
  const byId = db.prepare(
    'select payload, consumed_at from entities where model = $model and id = $key and (expires_at is null or expires_at > $now)',
  );
  const byUid = db.prepare(
    'select payload, consumed_at from entities where model = $model and uid = $key and (expires_at is null or expires_at > $now)',
  );
  const byUserCode = db.prepare(
    'select payload, consumed_at from entities where model = $model and user_code = $key and (expires_at is null or expires_at > $now)',
  );
  const consume = db.prepare('update entities set consumed_at = $now where model = $model and id = $id');
  const destroy = db.prepare('delete from entities where model = $model and id = $id');
  const revokeGrant = db.prepare('delete from entities where model = $model and grant_id = $grantId');

  const nowSeconds = (): number => Math.floor(Date.now() / 1000);
  const find = (statement: typeof byId, model: string, key: string): AdapterPayload | undefined => {
    const row = statement.get({ model, key, now: nowSeconds() });
    if (!row) return undefined;
    return { ...JSON.parse(String(row['payload'])), ...(row['consumed_at'] === null ? {} : { consumed: row['consumed_at'] }) };
  };

  return (model): Adapter => ({
    async upsert(id, payload, expiresIn) {
      const { grantId = null, uid = null, userCode = null } = payload;
      const expiresAt = expiresIn ? nowSeconds() + expiresIn : null;
      await write(upsert, { model, id, payload: JSON.stringify(payload), grantId, uid, userCode, expiresAt });
    },
    find: async (id) => find(byId, model, id),
    findByUid: async (uid) => find(byUid, model, uid),
    findByUserCode: async (userCode) => find(byUserCode, model, userCode),
    consume: async (id) => void (await write(consume, { model, id, now: nowSeconds() })),
    destroy: async (id) => void (await write(destroy, { model, id })),
    revokeByGrantId: async (grantId) => void (await write(revokeGrant, { model, grantId })),
  });
}
