/** One entry of the `revocations` table, as verifiers hold it. */
export interface Revocation {
  readonly kind: 'sid' | 'sid_client' | 'sub';
  /** A session id, `<session id> <client id>`, or a user id. */
  readonly subject: string;
  /** For `sub`: tokens with a smaller user version are refused. */
  readonly minimumUv: number | null;
  /** Epoch milliseconds; by then every token it speaks of has expired by itself. */
  readonly expiresAt: number;
}

/** What was revoked while tokens are still unexpired. The database is the truth; this is the copy that a request can read without waiting. */
export interface RevokedSet {
  add(entry: Revocation): void;
  isRevoked(token: { readonly sid: string; readonly aud: string; readonly sub: string; readonly uv: number }): boolean;
  dropExpired(now: number): void;
  size(): number;
}

export function createRevokedSet(): RevokedSet {
  const sessions = new Map<string, number>();
  const users = new Map<string, { minimumUv: number; expiresAt: number }>();
  return {
    add: (entry) => {
      if (entry.kind !== 'sub') sessions.set(entry.subject, entry.expiresAt);
      else {
        const known = users.get(entry.subject);
        users.set(entry.subject, {
          minimumUv: Math.max(entry.minimumUv ?? 0, known?.minimumUv ?? 0),
          expiresAt: Math.max(entry.expiresAt, known?.expiresAt ?? 0),
        });
      }
    },
    isRevoked: (token) =>
      sessions.has(token.sid) || sessions.has(`${token.sid} ${token.aud}`) || (users.get(token.sub)?.minimumUv ?? 0) > token.uv,
    dropExpired: (now) => {
      for (const [sid, expiresAt] of sessions) if (expiresAt <= now) sessions.delete(sid);
      for (const [sub, entry] of users) if (entry.expiresAt <= now) users.delete(sub);
    },
    size: () => sessions.size + users.size,
  };
}
