/** One entry of the `revocations` table, as verifiers hold it. */
export interface Revocation {
  readonly kind: 'sid' | 'family' | 'sub' | 'client' | 'kid';
  /** A session id, the id of a refresh family, a user id, a client id, or the name of a signing key. */
  readonly subject: string;
  /** For `sub` tokens with a smaller user version are refused, for `client` those with a smaller client version. */
  readonly minimumUv: number | null;
  /** Epoch milliseconds; by then every token it speaks of has expired by itself. */
  readonly expiresAt: number;
}

/** What of a token can be revoked. A machine's token has neither session nor user. */
export interface RevocableToken {
  readonly sid?: string;
  readonly fid?: string;
  readonly aud: string;
  readonly sub: string;
  readonly uv?: number;
  readonly cv?: number;
  readonly kid?: string;
}

/** What was revoked while tokens are still unexpired. The database is the truth; this is the copy that a request can read without waiting. */
export interface RevokedSet {
  add(entry: Revocation): void;
  isRevoked(token: RevocableToken): boolean;
  dropExpired(now: number): void;
  size(): number;
}

export function createRevokedSet(): RevokedSet {
  // Session, family and key: simply gone. User and client: gone below a version.
  const gone = new Map<string, number>();
  const below = new Map<string, { minimum: number; expiresAt: number }>();
  const minimumOf = (key: string) => below.get(key)?.minimum ?? 0;
  return {
    add: ({ kind, subject, minimumUv, expiresAt }) => {
      const key = `${kind} ${subject}`;
      if (kind !== 'sub' && kind !== 'client') gone.set(key, Math.max(expiresAt, gone.get(key) ?? 0));
      else {
        const known = below.get(key);
        below.set(key, { minimum: Math.max(minimumUv ?? 0, minimumOf(key)), expiresAt: Math.max(expiresAt, known?.expiresAt ?? 0) });
      }
    },
    isRevoked: ({ sid, fid, aud, sub, uv, cv, kid }) =>
      (sid !== undefined && gone.has(`sid ${sid}`)) ||
      (fid !== undefined && gone.has(`family ${fid}`)) ||
      (kid !== undefined && gone.has(`kid ${kid}`)) ||
      (uv !== undefined && minimumOf(`sub ${sub}`) > uv) ||
      minimumOf(`client ${aud}`) > (cv ?? Number.POSITIVE_INFINITY),
    dropExpired: (now) => {
      for (const [key, expiresAt] of gone) if (expiresAt <= now) gone.delete(key);
      for (const [key, entry] of below) if (entry.expiresAt <= now) below.delete(key);
    },
    size: () => gone.size + below.size,
  };
}
