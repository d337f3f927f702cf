import type { Row } from '../platform/db.ts';

/** A refresh family as it is read from its table. */

export type FamilyState = 'active' | 'held' | 'revoked' | 'replaced';

export interface Family {
  readonly id: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly keyId: number;
  readonly gen: number;
  readonly curHash: string;
  readonly ring: string;
  /** Hash of the device cookie that this family is bound to, or null. */
  readonly deviceHash: string | null;
  readonly state: FamilyState;
  readonly rotatedAt: number;
  readonly expiresAt: number;
  readonly idleAt: number;
  /** What the user's site may be told and do, space-separated; '' for the browser's own family. */
  readonly scope: string;
  /** JWK thumbprint of the key that every refresh is proven with, or null. */
  readonly dpopKey: string | null;
}

/** Reads the columns that `refresh-token.ts` asks for. */
export function familyFrom(row: Row): Family {
  return {
    id: row['id'] as string,
    sessionId: row['session_id'] as string,
    clientId: row['client_id'] as string,
    userId: row['user_id'] as string,
    keyId: row['key_id'] as number,
    gen: row['gen'] as number,
    curHash: row['cur_hash'] as string,
    ring: row['ring'] as string,
    deviceHash: row['device_hash'] as string | null,
    state: row['state'] as FamilyState,
    rotatedAt: row['rotated_at'] as number,
    expiresAt: row['expires_at'] as number,
    idleAt: row['idle_at'] as number,
    scope: row['scope'] as string,
    dpopKey: row['dpop_key'] as string | null,
  };
}
