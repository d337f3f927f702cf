import { randomInt } from 'node:crypto';
import type { Deps } from '../deps.ts';
import { hmac, sameText } from '../platform/crypto.ts';
import { type Db, one } from '../platform/db.ts';

/** Codes by mail: eight digits, bound to one waiting session (and browser), ten minutes, five tries. A new code kills the old. */

/** Tries per code (ASVS 6.5.5). */
export const TRIES = 5;
/** Codes per waiting session and browser. */
export const SENDS = 5;
/** Between two codes for one session, in milliseconds. */
export const RESEND_PAUSE = 60_000;

/** Where a code may be typed: one session, and for a held one (whose token a thief may hold too) one browser; '' otherwise. */
export interface CodePlace {
  readonly sessionId: string;
  readonly browserHash: string;
}

export interface CodeState {
  readonly triesLeft: number;
  readonly sends: number;
  readonly sentAt: number;
  readonly expiresAt: number;
}

export type CodeTry =
  | { readonly kind: 'right'; readonly codeHash: string }
  | { readonly kind: 'wrong'; readonly triesLeft: number }
  | { readonly kind: 'expired' };

/**
 * Makes the next code for a session in one browser. Null when the last one is too young or too many were made; the statement decides,
 * so that two requests at once make one code. A held session has a code per browser: the thief, who holds a genuine token too, cannot
 * kill the owner's code by asking for one. `again`: the session lives on after its code, so that a code that was used or has expired
 * begins a new count.
 */
export async function makeCode(
  tx: Db,
  deps: Pick<Deps, 'keys' | 'now' | 'config'>,
  { sessionId, browserHash }: CodePlace,
  { again = false }: { again?: boolean } = {},
): Promise<string | null> {
  const code = String(randomInt(100_000_000)).padStart(8, '0');
  const now = deps.now();
  const row = await one(
    tx,
    `insert into security_codes (session_id, browser_hash, code_hash, tries_left, sends, sent_at, expires_at) values ($1, $2, $3, ${TRIES}, 1, $4, $5)
     on conflict (session_id, browser_hash) do update set code_hash = excluded.code_hash, tries_left = ${TRIES},
       sends = case when security_codes.used_at is not null or ($7 = 1 and security_codes.expires_at <= $4) then 1 else security_codes.sends + 1 end,
       sent_at = excluded.sent_at, expires_at = excluded.expires_at, used_at = null
     where security_codes.sent_at <= $6 and ((security_codes.used_at is null and security_codes.sends < ${SENDS})
       or ($7 = 1 and (security_codes.used_at is not null or security_codes.expires_at <= $4)))
     returning sends`,
    [
      sessionId,
      browserHash,
      hashCode(deps.keys.currentChain(now).code, sessionId, code),
      now,
      now + deps.config.codeLife,
      now - RESEND_PAUSE,
      again ? 1 : 0,
    ],
  );
  return row === null ? null : code;
}

export async function findCode(db: Db, { sessionId, browserHash }: CodePlace): Promise<CodeState | null> {
  const row = await one(
    db,
    'select tries_left, sends, sent_at, expires_at from security_codes where session_id = $1 and browser_hash = $2 and used_at is null',
    [sessionId, browserHash],
  );
  if (row === null) return null;
  return {
    triesLeft: row['tries_left'] as number,
    sends: row['sends'] as number,
    sentAt: row['sent_at'] as number,
    expiresAt: row['expires_at'] as number,
  };
}

/** Spends one try, *then* compares: 64 parallel posts are still five tries. */
export async function tryCode(deps: Deps, { sessionId, browserHash }: CodePlace, typed: string): Promise<CodeTry> {
  const row = await one(
    deps.db,
    `update security_codes set tries_left = tries_left - 1
     where session_id = $1 and browser_hash = $2 and tries_left > 0 and expires_at > $3 and used_at is null
     returning code_hash, tries_left`,
    [sessionId, browserHash, deps.now()],
  );
  if (row === null) return { kind: 'expired' };
  const codeHash = row['code_hash'] as string;
  const right = deps.keys.chains().some((key) => sameText(hashCode(key.code, sessionId, typed), codeHash));
  return right ? { kind: 'right', codeHash } : { kind: 'wrong', triesLeft: row['tries_left'] as number };
}

/** Uses the code up, in the transaction that it opens the session in. False when a parallel call used it. */
export async function consumeCode(tx: Db, { sessionId, browserHash }: CodePlace, codeHash: string, now: number): Promise<boolean> {
  const row = await one(
    tx,
    `update security_codes set used_at = $4 where session_id = $1 and browser_hash = $2 and code_hash = $3 and used_at is null returning session_id`,
    [sessionId, browserHash, codeHash, now],
  );
  return row !== null;
}

/** A key and the session's name stand in for the salt: a database copy alone cannot be searched through (ASVS 6.5.2). */
function hashCode(key: Buffer, sessionId: string, code: string): string {
  return hmac(key, sessionId, ':', code).toString('base64url');
}
