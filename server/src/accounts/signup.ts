import { type Db, one, type Row } from '../platform/db.ts';
import type { Email } from './email.ts';

/**
 * Sign-ups that wait for their code. An account is made only when the code was typed, so nobody can put a password on an address
 * that is not theirs and wait for its owner to come (A001). Many may wait for one address; the first right code wins.
 */
export interface SignUp {
  readonly sessionId: string;
  readonly email: string;
  readonly emailKey: string;
  readonly displayName: string;
  readonly passwordHash: string;
  /** The address had an account already: no code opens this one. */
  readonly decoy: boolean;
}

export async function insertSignUp(
  tx: Db,
  signUp: { sessionId: string; email: Email; displayName: string; passwordHash: string; decoy: boolean; now: number },
): Promise<void> {
  await tx.all(
    'insert into signups (session_id, email, email_key, display_name, password_hash, decoy_at, created_at) values ($1, $2, $3, $4, $5, $6, $7)',
    [
      signUp.sessionId,
      signUp.email.text,
      signUp.email.key,
      signUp.displayName,
      signUp.passwordHash,
      signUp.decoy ? signUp.now : null,
      signUp.now,
    ],
  );
}

export async function findSignUp(db: Db, sessionId: string): Promise<SignUp | null> {
  const row = await one(
    db,
    'select session_id, email, email_key, display_name, password_hash, decoy_at from signups where session_id = $1',
    [sessionId],
  );
  return row === null ? null : fromRow(row);
}

/** The newest sign-up that still waits for this address. */
export async function findWaitingSignUp(db: Db, email: Email, now: number): Promise<SignUp | null> {
  const row = await one(
    db,
    `select signups.session_id, email, email_key, display_name, password_hash, decoy_at
     from signups join sessions on sessions.id = signups.session_id
     where email_key = $1 and sessions.state = 'unverified' and sessions.expires_at > $2
     order by signups.created_at desc limit 1`,
    [email.key, now],
  );
  return row === null ? null : fromRow(row);
}

function fromRow(row: Row): SignUp {
  return {
    sessionId: row['session_id'] as string,
    email: row['email'] as string,
    emailKey: row['email_key'] as string,
    displayName: row['display_name'] as string,
    passwordHash: row['password_hash'] as string,
    decoy: row['decoy_at'] !== null,
  };
}
