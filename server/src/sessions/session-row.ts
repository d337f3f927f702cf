import type { AccessAlg, Role, UnusualReason } from '@portico/protocol/tokens';
import type { Row } from '../platform/db.ts';

/** A session as it is read from its table. */

export type SessionState = 'unverified' | 'active' | 'held' | 'revoked';
/** Whether "keep me signed in" was ticked: `kept` outlives the browser, `browser` ends with it. */
export type Persistence = 'kept' | 'browser';

export interface Session {
  readonly id: string;
  readonly userId: string | null;
  readonly state: SessionState;
  readonly persistence: Persistence;
  /** An approved device has a session of its own. */
  readonly kind: 'browser' | 'device';
  readonly amr: readonly string[];
  readonly authTime: number;
  readonly csrfFrom: number;
  readonly userAgent: string;
  readonly address: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly heldUntil: number | null;
  /** When its user last proved who they are, after the sign-in itself; null = not since. */
  readonly provedAt: number | null;
  /** Why this sign-in was found unusual, while it waits for its code; null = it is no waiting sign-in. */
  readonly unusual: readonly UnusualReason[] | null;
  /** The user version that was read before the proof of a waiting sign-in was checked. */
  readonly uvRead: number | null;
}

/** A session with the user and client that a token speaks for, read by primary keys in one statement. */
export interface Grant {
  readonly session: Session & { readonly userId: string };
  readonly user: {
    readonly id: string;
    readonly email: string;
    readonly displayName: string;
    readonly role: Role;
    readonly uv: number;
    readonly verifiedAt: number | null;
  };
  readonly clientId: string;
  /** How the client's tokens are made. */
  readonly client: GrantClient;
  /** What the client may ask for today: a scope that was taken from it is in nothing that is answered, whatever was granted once. */
  readonly scopes: readonly string[];
  /** What the user may do at this client, in the client's words. */
  readonly roles: readonly string[];
  /** Session active, user not suspended, client not disabled. */
  readonly alive: boolean;
}

export interface GrantClient {
  readonly accessAlg: AccessAlg;
  /** Milliseconds; null = the setting. */
  readonly accessLife: number | null;
  /** Client version. */
  readonly cv: number;
  /** Of HS256: the secret that signs now, sealed. */
  readonly signingSecret: { readonly id: string; readonly sealed: string } | null;
}

/** Portico's own pages and dashboard: the built-in client, whose tokens are as the settings say. */
export const OWN_PAGES: GrantClient = { accessAlg: 'ES256', accessLife: null, cv: 1, signingSecret: null };

/**
 * When the user last proved who they are, in whole seconds, as `auth_time` says it: a site that asks for a fresh proof (prompt=login,
 * max_age) is told of it, while the session itself, and every other site in it, goes on.
 */
export function authTimeOf({ authTime, provedAt }: Pick<Session, 'authTime' | 'provedAt'>): number {
  return Math.floor(provedAtOf({ authTime, provedAt }) / 1000);
}

/** The same moment in milliseconds. */
export function provedAtOf({ authTime, provedAt }: Pick<Session, 'authTime' | 'provedAt'>): number {
  return Math.max(authTime, provedAt ?? 0);
}

/** Reads the columns that `session.ts` asks for. */
export function sessionFrom(row: Row): Session {
  return {
    id: row['id'] as string,
    userId: row['user_id'] as string | null,
    state: row['state'] as SessionState,
    persistence: row['persistence'] as Persistence,
    kind: row['kind'] as Session['kind'],
    amr: JSON.parse(row['amr'] as string) as string[],
    authTime: row['auth_time'] as number,
    csrfFrom: row['csrf_from'] as number,
    userAgent: row['user_agent'] as string,
    address: row['address'] as string,
    createdAt: row['created_at'] as number,
    expiresAt: row['expires_at'] as number,
    heldUntil: row['held_until'] as number | null,
    provedAt: row['proved_at'] as number | null,
    unusual: row['unusual'] === null ? null : (JSON.parse(row['unusual'] as string) as UnusualReason[]),
    uvRead: row['uv_read'] as number | null,
  };
}

export function grantedUserFrom(row: Row): Grant['user'] {
  return {
    id: row['user_id'] as string,
    email: row['email'] as string,
    displayName: row['display_name'] as string,
    role: row['role'] as Role,
    uv: row['uv'] as number,
    verifiedAt: row['verified_at'] as number | null,
  };
}

/** One statement reads all three, and the version: a role that the site has given up is in no token of the new one. */
export function wordsOf(row: Row): Pick<Grant, 'scopes' | 'roles'> {
  const defined = wordsIn(row, 'defined_roles');
  return { scopes: wordsIn(row, 'scopes'), roles: wordsIn(row, 'client_roles').filter((role) => defined.includes(role)) };
}

/** A list as it is kept; none where there is no row. */
function wordsIn(row: Row, column: string): string[] {
  const text = row[column];
  return typeof text === 'string' ? (JSON.parse(text) as string[]) : [];
}

/** What of a grant's scope the client may still have. */
export function livingScope({ scopes }: Pick<Grant, 'scopes'>, scope: string): string {
  return scope
    .split(' ')
    .filter((word) => scopes.includes(word))
    .join(' ');
}
