import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Db, one } from '../platform/db.ts';

/** Browsers that a user has signed in from, known by the hash of a cookie of their own. */

/** Notes that the user is here with this device now. */
export async function rememberDevice(tx: Db, deps: Pick<Deps, 'now'>, from: Origin, userId: string, deviceHash: string): Promise<void> {
  await tx.all(
    `insert into devices (user_id, device_hash, user_agent, address, first_seen_at, last_seen_at) values ($1, $2, $3, $4, $5, $5)
     on conflict (user_id, device_hash) do update set user_agent = excluded.user_agent, address = excluded.address, last_seen_at = excluded.last_seen_at`,
    [userId, deviceHash, from.userAgent, from.address, deps.now()],
  );
}

/** The device loses its trust: after a hold nobody can say who else has its cookie. */
export async function forgetDevice(tx: Db, userId: string, deviceHash: string): Promise<void> {
  await tx.all('delete from devices where user_id = $1 and device_hash = $2', [userId, deviceHash]);
}

/** A browser that the user has signed in from. */
export interface Device {
  readonly userAgent: string;
  readonly address: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/** Newest first. */
export async function listDevices(db: Db, userId: string): Promise<Device[]> {
  const rows = await db.all(
    'select user_agent, address, first_seen_at, last_seen_at from devices where user_id = $1 order by last_seen_at desc limit 1000',
    [userId],
  );
  return rows.map((row) => ({
    userAgent: row['user_agent'] as string,
    address: row['address'] as string,
    firstSeenAt: row['first_seen_at'] as number,
    lastSeenAt: row['last_seen_at'] as number,
  }));
}

/** All of them: somebody else had the account. */
export async function forgetDevices(tx: Db, userId: string): Promise<void> {
  await tx.all('delete from devices where user_id = $1', [userId]);
}

/** Since when the user is known with this device. Null: not known. */
export async function findDeviceAge(db: Db, userId: string, deviceHash: string): Promise<number | null> {
  const row = await one(db, 'select first_seen_at from devices where user_id = $1 and device_hash = $2', [userId, deviceHash]);
  return row === null ? null : (row['first_seen_at'] as number);
}

export async function isKnownDevice(db: Db, userId: string, deviceHash: string): Promise<boolean> {
  return (await one(db, 'select 1 as known from devices where user_id = $1 and device_hash = $2', [userId, deviceHash])) !== null;
}
