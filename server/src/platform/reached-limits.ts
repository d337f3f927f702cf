import { createHash } from 'node:crypto';
import { prefixOf } from './denylist.ts';
import type { Redis } from './redis.ts';

/**
 * Fast copies of counters that are over their limit, so that a flood of refused tries asks the database once a second and not once each. The
 * database is the truth: a copy is believed for a second after it was asked, whatever becomes of Redis, and what is let in there is let in
 * everywhere before that second is over.
 */
export interface ReachedLimits {
  /** When the window ends, in epoch milliseconds. Null: it is not known to be over its limit, and the database has to say. */
  findEnd(name: string): Promise<number | null>;
  /** The moment before the database is asked, for `note`. */
  clock(): number;
  /** The database said so, when it was asked at `askedAt`. */
  note(name: string, endsAt: number, askedAt: number): void;
  /** An honest try was taken back: this node asks the database again at once, others within the second. */
  forget(name: string): void;
  /** Somebody was let in. */
  forgetAll(): void;
}

/** Milliseconds. */
export const BELIEVED_FOR = 1000;
/** What a flood from many networks may fill. */
const KEPT = 10_000;

interface Copy {
  readonly endsAt: number;
  /** By `performance.now()`. */
  readonly askedAt: number;
}

export function createReachedLimits(shared: { readonly redis: Redis; readonly origin: string } | null, now: () => number): ReachedLimits {
  const copies = new Map<string, Copy>();
  // Names hold addresses.
  const keyOf = (name: string) => `${prefixOf(shared?.origin ?? '')}:over:${createHash('sha256').update(name).digest('base64url')}`;
  const forget = (name: string) => {
    // What this node has never noted another one may have: that one's second is not over.
    if (copies.delete(name)) void shared?.redis.write(keyOf(name), '0', 1);
  };
  return {
    findEnd: async (name) => {
      const copy = copies.get(name);
      if (copy !== undefined && performance.now() - copy.askedAt < BELIEVED_FOR && copy.endsAt > now()) return copy.endsAt;
      if (copy !== undefined) copies.delete(name);
      const [text] = (await shared?.redis.read([keyOf(name)])) ?? [];
      const endsAt = Number(text ?? 0);
      return endsAt > now() ? endsAt : null;
    },
    clock: () => performance.now(),
    note: (name, endsAt, askedAt) => {
      const oldest = copies.size >= KEPT ? copies.keys().next() : undefined;
      if (oldest?.done === false) copies.delete(oldest.value);
      copies.set(name, { endsAt, askedAt });
      const life = Math.floor(BELIEVED_FOR - (performance.now() - askedAt));
      if (shared !== null && life > 0) void shared.redis.write(keyOf(name), String(endsAt), life);
    },
    forget,
    forgetAll: () => {
      for (const name of copies.keys()) forget(name);
    },
  };
}
