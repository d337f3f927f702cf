import {
  createRevokedSet as createPlainSet,
  type RevokedSet as PlainSet,
  type RevocableToken,
  type Revocation,
} from '@portico/protocol/revocations';

export type { RevocableToken, Revocation } from '@portico/protocol/revocations';

/**
 * What was revoked while tokens are still unexpired. The database is the truth; this is the copy that a request can read without waiting,
 * and from which verifiers are told.
 */
export interface RevokedSet extends Omit<PlainSet, 'add'> {
  /** What this process has just committed: known here at once, and announced to others. */
  add(entry: Revocation): void;
  /** What was read of the database by a reading that began at `startedAt`. Answers what of it is new here. */
  learn<Entry extends Revocation>(entries: readonly Entry[], startedAt: number): readonly Entry[];
  /** How long ago the last completed reading began, in milliseconds. Infinite before the first. */
  age(now: number): number;
  /** Whether a reading was completed lately: otherwise others may know of more, and nobody is to rely on this copy. */
  isCurrent(now: number): boolean;
  /** As `isRevoked`, after a look at the shared denylist where there is one. Never fails and never waits for long. */
  isDenied(token: RevocableToken): Promise<boolean>;
  /** Calls `hear` with each fact that is new here. Answers how to stop. */
  subscribe(listener: string, hear: (entry: Revocation) => void): () => void;
  /** How many subscriptions there are in the name of `listener`. */
  subscriptions(listener: string): number;
  /** How many there are in all, but those of this process itself. */
  listeners(): number;
}

/** Subscribers that are no verifiers: parts of this process. */
export const OWN_LISTENER = 'own:';

/** Makes a fact known to other processes at once; the database tells them within a second anyway. Nothing here throws. */
export interface Announcer {
  announce(entry: Revocation): void;
}

/** Facts that several processes share outside the database, and that may be lost at any moment. */
export interface Denylist extends Announcer {
  /** False when the token is not on it, and when nobody answers. */
  isDenied(token: RevocableToken): Promise<boolean>;
}

/** A copy that was not read again for this long is not relied on, in milliseconds. */
export const CURRENT_FOR = 3000;

export function createRevokedSet(announcers: readonly Announcer[] = [], denylist: Denylist | null = null): RevokedSet {
  const set = createPlainSet();
  const hearers = new Map<symbol, { readonly listener: string; readonly hear: (entry: Revocation) => void }>();
  let readAt = Number.NEGATIVE_INFINITY;
  const take = (entry: Revocation): boolean => {
    if (!set.add(entry)) return false;
    for (const { hear } of hearers.values()) hear(entry);
    return true;
  };
  return {
    ...set,
    add: (entry) => {
      take(entry);
      for (const announcer of announcers) announcer.announce(entry);
      denylist?.announce(entry);
    },
    learn: (entries, startedAt) => {
      const fresh = entries.filter(take);
      readAt = startedAt;
      return fresh;
    },
    age: (now) => Math.abs(now - readAt),
    // Both ways: a clock that was set back has to be read by anew.
    isCurrent: (now) => Math.abs(now - readAt) < CURRENT_FOR,
    isDenied: async (token) => (denylist !== null && (await denylist.isDenied(token))) || set.isRevoked(token),
    subscribe: (listener, hear) => {
      const key = Symbol(listener);
      hearers.set(key, { listener, hear });
      return () => hearers.delete(key);
    },
    listeners: () => [...hearers.values()].filter(({ listener }) => !listener.startsWith(OWN_LISTENER)).length,
    subscriptions: (listener) => [...hearers.values()].filter((one) => one.listener === listener).length,
  };
}
