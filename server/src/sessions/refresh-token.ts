import { type Db, one, type Row } from '../platform/db.ts';
import type { ChainKey } from '../platform/keyring.ts';
import { type Family, type FamilyState, familyFrom } from './family-row.ts';
import { EMPTY_RING, formatRefreshToken, linkHash, RING_SIZE } from './refresh-chain.ts';

/**
 * The table of refresh families: one row per grant, rotated in place. This file knows SQL and nothing of the rules;
 * the rules stand in `spend-refresh-token.ts`.
 */

export type { Family, FamilyState };

/** Live families of one client in one session; older ones become `replaced`. Two sign-ins at one site in two tabs both work. */
export const LIVE_FAMILIES = 4;

const COLUMNS =
  'id, session_id, client_id, user_id, key_id, gen, cur_hash, ring, device_hash, state, rotated_at, expires_at, idle_at, scope, dpop_key';

export interface NewFamily {
  readonly sessionId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly deviceHash: string | null;
  readonly expiresAt: number;
  readonly idleAt: number;
  readonly scope?: string;
  readonly dpopKey?: string | null;
  /** Where it was named before it is made, as what an authorization code issues. */
  readonly id?: string;
}

export interface IssuedFamily {
  readonly id: string;
  readonly gen: number;
  readonly refreshToken: string;
  readonly idleAt: number;
}

/** Adds a family. Only inside a transaction that has locked the session (`lockActiveSession`), or it could be born after a revocation. */
export async function insertFamily(
  tx: Db,
  { key, random, now }: { key: ChainKey; random: (bytes: number) => Buffer; now: number },
  family: NewFamily,
): Promise<IssuedFamily> {
  const id = family.id ?? newFamilyId(random);
  const secret = random(20);
  await tx.all(
    `insert into refresh_tokens (id, session_id, client_id, user_id, key_id, gen, cur_hash, ring, device_hash, state, created_at, rotated_at, expires_at, idle_at, scope, dpop_key)
     values ($1, $2, $3, $4, $5, 0, $6, $7, $8, 'active', $9, $10, $11, $12, $13, $14)`,
    [
      id,
      family.sessionId,
      family.clientId,
      family.userId,
      key.id,
      linkHash(secret),
      EMPTY_RING,
      family.deviceHash,
      now,
      now,
      family.expiresAt,
      family.idleAt,
      family.scope ?? '',
      family.dpopKey ?? null,
    ],
  );
  // The new one first, whatever the clock of another node has written into the others.
  await tx.all(
    `update refresh_tokens set state = 'replaced', ended_at = $3
     where session_id = $1 and client_id = $2 and state = 'active' and id not in (
       select id from refresh_tokens where session_id = $1 and client_id = $2 and state = 'active'
       order by case when id = $4 then 0 else 1 end, created_at desc, id limit ${LIVE_FAMILIES})`,
    [family.sessionId, family.clientId, now, id],
  );
  return { id, gen: 0, refreshToken: formatRefreshToken(key, { familyId: id, gen: 0, issuedAt: now, secret }), idleAt: family.idleAt };
}

export function newFamilyId(random: (bytes: number) => Buffer): string {
  return random(16).toString('base64url');
}

export interface Rotation {
  readonly familyId: string;
  readonly clientId: string;
  readonly gen: number;
  readonly hash: string;
  readonly nextHash: string;
  readonly slot: string;
  /** Hash of the device cookie that came along, or ''. */
  readonly deviceHash: string;
  /** Thumbprint of the key that this call was proven with, or ''. */
  readonly dpopKey: string;
  readonly now: number;
  readonly idleAt: number;
}

const ROTATION = `update refresh_tokens set gen = gen + 1, cur_hash = $5, ring = $6 || substr(ring, 1, ${(RING_SIZE - 1) * 22}), rotated_at = $8, idle_at = $9
     where id = $1 and client_id = $2 and gen = $3 and cur_hash = $4 and state = 'active' and expires_at > $8 and idle_at > $8
       and (device_hash is null or device_hash = $7) and (dpop_key is null or dpop_key = $10)
     returning session_id, scope`;

/**
 * The same for the families of many callers, each compared and set by itself. It takes only rows that nobody else holds: whoever waits
 * with several families locked could wait in a circle with a sign-out that locks the same ones.
 */
const ROTATIONS = {
  together: `with free as materialized (select id from refresh_tokens where id = any($1) for no key update skip locked)
     update refresh_tokens as f set gen = f.gen + 1, cur_hash = a.next_hash, ring = a.slot || substr(f.ring, 1, ${(RING_SIZE - 1) * 22}),
       rotated_at = a.now, idle_at = a.idle_at
     from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::text[])
       as a (id, client_id, gen, hash, next_hash, slot, device_hash, now, idle_at, dpop_key), free
     where f.id = free.id and f.id = a.id and f.client_id = a.client_id and f.gen = a.gen and f.cur_hash = a.hash and f.state = 'active' and f.expires_at > a.now
       and f.idle_at > a.now and (f.device_hash is null or f.device_hash = a.device_hash)
       and (f.dpop_key is null or f.dpop_key = a.dpop_key)
     returning f.id, f.session_id, f.scope`,
};

/** The only write of a refresh. The statement decides the race: one caller gets a row, everybody else gets null. */
export async function rotateFamily(db: Db, rotation: Rotation): Promise<Row | null> {
  return one(
    db,
    ROTATION,
    [
      rotation.familyId,
      rotation.clientId,
      rotation.gen,
      rotation.hash,
      rotation.nextHash,
      rotation.slot,
      rotation.deviceHash,
      rotation.now,
      rotation.idleAt,
      rotation.dpopKey,
    ],
    ROTATIONS,
  );
}

/**
 * Takes a genuine token that is ahead of its row: commits were lost (a fail-over, a restored backup), and the client must not pay for it.
 * Compare-and-set on the row as it was read.
 */
export async function advanceLostFamily(
  db: Db,
  row: Family,
  to: { gen: number; hash: string; ring: string; now: number; idleAt: number },
): Promise<boolean> {
  const won = await one(
    db,
    `update refresh_tokens set gen = $4, cur_hash = $5, ring = $6, rotated_at = $7, idle_at = $8
     where id = $1 and gen = $2 and cur_hash = $3 and state = 'active' and expires_at > $7 and idle_at > $7 returning id`,
    [row.id, row.gen, row.curHash, to.gen, to.hash, to.ring, to.now, to.idleAt],
  );
  return won !== null;
}

/** Writes an attempt into a slot that a lost commit left blank. Compare-and-set on the row as it was read: the first one wins. */
export async function fillLostSlot(db: Db, row: Family, ring: string, now: number): Promise<boolean> {
  const won = await one(
    db,
    `update refresh_tokens set ring = $5
     where id = $1 and gen = $2 and cur_hash = $3 and ring = $4 and state = 'active' and expires_at > $6 and idle_at > $6 returning id`,
    [row.id, row.gen, row.curHash, row.ring, ring, now],
  );
  return won !== null;
}

export async function findFamily(db: Db, id: string): Promise<Family | null> {
  const row = await one(db, `select ${COLUMNS} from refresh_tokens where id = $1`, [id]);
  return row === null ? null : familyFrom(row);
}

/** The newest family of a client in a session that lives or is held; with `id`, that one alone. Null: the site is not open there. */
export async function findFamilyAt(
  db: Db,
  { sessionId, clientId, id, now }: { sessionId: string; clientId: string; id: string | null; now: number },
): Promise<Family | null> {
  const row = await one(
    db,
    `select ${COLUMNS} from refresh_tokens where session_id = $1 and client_id = $2 and id = coalesce($3, id)
       and (state = 'held' or (state = 'active' and expires_at > $4 and idle_at > $4)) order by created_at desc, id limit 1`,
    [sessionId, clientId, id, now],
  );
  return row === null ? null : familyFrom(row);
}

/** Moves the idle end of a living family. Written only where at least an hour is gained, so that an eager client costs no writes. */
export async function slideFamilyIdle(db: Db, id: string, now: number, idleAt: number): Promise<void> {
  await db.all(
    `update refresh_tokens set idle_at = $3 where id = $1 and state = 'active' and expires_at > $2 and idle_at > $2 and idle_at + 3600000 <= $3`,
    [id, now, idleAt],
  );
}

/** Ends one family, such as that of a client site whose token was copied. */
export async function endFamily(db: Db, id: string, now: number): Promise<boolean> {
  const row = await one(db, `update refresh_tokens set state = 'revoked', ended_at = $2 where id = $1 and state = 'active' returning id`, [
    id,
    now,
  ]);
  return row !== null;
}

/** Every living family of one site in one session: somebody leaves the site and stays signed in. Answers which ended. */
export async function endFamiliesAt(tx: Db, sessionId: string, clientId: string, now: number): Promise<string[]> {
  const rows = await tx.all(
    `update refresh_tokens set state = 'revoked', ended_at = $3 where session_id = $1 and client_id = $2 and state in ('active', 'held') returning id`,
    [sessionId, clientId, now],
  );
  return rows.map((row) => row['id'] as string);
}

/** The session was updated first, in this transaction: whoever makes a family waits for that lock, so none is born behind our back. */
export async function endFamiliesOfSession(tx: Db, sessionId: string, state: 'held' | 'revoked', now: number): Promise<void> {
  await tx.all(`update refresh_tokens set state = $2, ended_at = $3 where session_id = $1 and state in ('active', 'held')`, [
    sessionId,
    state,
    now,
  ]);
}

/** Up to `limit` living families of one site, over all sessions: the site is taken out of service. Answers whose ended. */
export async function endFamiliesOfClient(
  tx: Db,
  clientId: string,
  now: number,
  limit: number,
): Promise<{ readonly sessionId: string; readonly userId: string }[]> {
  const rows = await tx.all(
    `update refresh_tokens set state = 'revoked', ended_at = $2
     where id in (select id from refresh_tokens where client_id = $1 and state in ('active', 'held') order by id limit $3) and state in ('active', 'held')
     returning session_id, user_id`,
    [clientId, now, limit],
  );
  return rows.map((row) => ({ sessionId: row['session_id'] as string, userId: row['user_id'] as string }));
}

/** Up to `limit` families of a site that is removed, ended ones too. Answers how many went. */
export async function deleteFamiliesOfClient(tx: Db, clientId: string, limit: number): Promise<number> {
  const rows = await tx.all(
    'delete from refresh_tokens where id in (select id from refresh_tokens where client_id = $1 order by id limit $2) returning id',
    [clientId, limit],
  );
  return rows.length;
}

/** Living families of one key, those of a session together. */
export async function listFamiliesOfKey(
  db: Db,
  keyId: number,
  limit: number,
): Promise<readonly Pick<Family, 'id' | 'sessionId' | 'clientId' | 'userId'>[]> {
  const rows = await db.all(
    `select ${COLUMNS} from refresh_tokens where key_id = $1 and state in ('active', 'held') order by session_id, id limit $2`,
    [keyId, limit],
  );
  return rows.map(familyFrom);
}
