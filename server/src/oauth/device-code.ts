import { type Db, one, type Row } from '../platform/db.ts';

/** Codes of devices without a browser (RFC 8628). The device polls with one code; a person types the other one elsewhere. Only hashes are kept. */

/** In milliseconds. */
export const DEVICE_CODE_LIFE = 10 * 60_000;
export const DEVICE_INTERVAL = 5000;

export interface DeviceCode {
  readonly deviceHash: string;
  readonly clientId: string;
  readonly scope: string;
  readonly dpopKey: string;
  readonly userAgent: string;
  readonly address: string;
  readonly state: 'waiting' | 'approved' | 'denied' | 'used';
  readonly userId: string | null;
  readonly uvRead: number | null;
  readonly amr: readonly string[];
  readonly authTime: number | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

const COLUMNS =
  'device_hash, client_id, scope, dpop_key, user_agent, address, state, user_id, uv_read, amr, auth_time, created_at, expires_at';

export type NewDeviceCode = Pick<DeviceCode, 'deviceHash' | 'clientId' | 'scope' | 'dpopKey' | 'userAgent' | 'address'> & {
  readonly userCodeHash: string;
};

/** False when another device waits under the same user code: choose another one. */
export async function insertDeviceCode(db: Db, code: NewDeviceCode, now: number): Promise<boolean> {
  const row = await one(
    db,
    `insert into device_codes (device_hash, user_code_hash, client_id, scope, dpop_key, user_agent, address, state, interval_ms, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $10) on conflict (user_code_hash) do nothing returning device_hash`,
    [
      code.deviceHash,
      code.userCodeHash,
      code.clientId,
      code.scope,
      code.dpopKey,
      code.userAgent,
      code.address,
      DEVICE_INTERVAL,
      now,
      now + DEVICE_CODE_LIFE,
    ],
  );
  return row !== null;
}

/** The device that waits under a typed code, from now on for this user's answer alone. Null: unknown, answered, too late, or somebody else's. */
export async function claimDevice(db: Db, userCodeHash: string, userId: string, now: number): Promise<DeviceCode | null> {
  return fromRow(
    await one(
      db,
      `update device_codes set user_id = $2
       where user_code_hash = $1 and state = 'waiting' and expires_at > $3 and (user_id is null or user_id = $2) returning ${COLUMNS}`,
      [userCodeHash, userId, now],
    ),
  );
}

/** Whoever typed the code says yes, with what their own session proved. Null: somebody answered already, or it is too late. */
export async function approveDevice(
  tx: Db,
  answer: { userCodeHash: string; userId: string; uvRead: number; amr: readonly string[]; authTime: number; now: number },
): Promise<DeviceCode | null> {
  return fromRow(
    await one(
      tx,
      `update device_codes set state = 'approved', uv_read = $3, amr = $4, auth_time = $5
       where user_code_hash = $1 and user_id = $2 and state = 'waiting' and expires_at > $6 returning ${COLUMNS}`,
      [answer.userCodeHash, answer.userId, answer.uvRead, JSON.stringify(answer.amr), answer.authTime, answer.now],
    ),
  );
}

/** Or no. */
export async function denyDevice(
  tx: Db,
  { userCodeHash, userId, now }: { userCodeHash: string; userId: string; now: number },
): Promise<DeviceCode | null> {
  return fromRow(
    await one(
      tx,
      `update device_codes set state = 'denied'
       where user_code_hash = $1 and user_id = $2 and state = 'waiting' and expires_at > $3 returning ${COLUMNS}`,
      [userCodeHash, userId, now],
    ),
  );
}

/** A yes that no device has fetched yet is taken back. */
export async function denyApprovedDevices(tx: Db, userId: string, clientId: string): Promise<void> {
  await tx.all(`update device_codes set state = 'denied' where user_id = $1 and client_id = $2 and state = 'approved'`, [userId, clientId]);
}

/** One look by the device. `tooSoon`: it came before its interval was over, which has now grown by five seconds (RFC 8628 3.5). */
export async function pollDevice(
  db: Db,
  deviceHash: string,
  clientId: string,
  now: number,
): Promise<{ readonly code: DeviceCode; readonly tooSoon: boolean } | null> {
  const before = await one(db, 'select polled_at, interval_ms from device_codes where device_hash = $1 and client_id = $2', [
    deviceHash,
    clientId,
  ]);
  if (before === null) return null;
  const polledAt = before['polled_at'] as number | null;
  const tooSoon = polledAt !== null && now < polledAt + (before['interval_ms'] as number) - 500;
  const row = await one(
    db,
    `update device_codes set polled_at = $2, interval_ms = interval_ms + $3 where device_hash = $1 returning ${COLUMNS}`,
    [deviceHash, now, tooSoon ? 5000 : 0],
  );
  const code = fromRow(row);
  return code === null ? null : { code, tooSoon };
}

/** The approved code is redeemed: of parallel callers one gets true. */
export async function spendDeviceCode(tx: Db, deviceHash: string, clientId: string, now: number): Promise<boolean> {
  const row = await one(
    tx,
    `update device_codes set state = 'used' where device_hash = $1 and client_id = $2 and state = 'approved' and expires_at > $3 returning device_hash`,
    [deviceHash, clientId, now],
  );
  return row !== null;
}

export async function deleteOldDeviceCodes(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    'delete from device_codes where device_hash in (select device_hash from device_codes where expires_at <= $1 limit $2) returning device_hash',
    [now - 3_600_000, limit],
  );
  return rows.length;
}

function fromRow(row: Row | null): DeviceCode | null {
  if (row === null) return null;
  return {
    deviceHash: row['device_hash'] as string,
    clientId: row['client_id'] as string,
    scope: row['scope'] as string,
    dpopKey: row['dpop_key'] as string,
    userAgent: row['user_agent'] as string,
    address: row['address'] as string,
    state: row['state'] as DeviceCode['state'],
    userId: row['user_id'] as string | null,
    uvRead: row['uv_read'] as number | null,
    amr: row['amr'] === null ? [] : (JSON.parse(row['amr'] as string) as string[]),
    authTime: row['auth_time'] as number | null,
    createdAt: row['created_at'] as number,
    expiresAt: row['expires_at'] as number,
  };
}
