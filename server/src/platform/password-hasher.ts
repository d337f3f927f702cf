import { availableParallelism } from 'node:os';
import { hash, type Options, verify } from '@node-rs/argon2';
import { Refusal } from '@portico/protocol/errors';
import { isGivenUp } from './deadline.ts';

/** OWASP's first choice for argon2id; 7 ms of one core. Raise them, and hashes grow at the next sign-in (`needsRehash`). */
export const ARGON2: Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Longer input is refused before hashing: it would cost time and says nothing more. In bytes. */
export const PASSWORD_BYTES_MAX = 4096;

export interface PasswordHasher {
  /** Throws Refusal('busy') when too many wait. */
  hash(password: string): Promise<string>;
  /** With no stored hash it does the same work and answers false: an unknown account costs what a known one costs. */
  verify(stored: string | null, password: string): Promise<boolean>;
  needsRehash(stored: string): boolean;
  /** Throws Refusal('busy') when too many wait: before anything is asked of the database for whoever would be refused anyway. */
  requireRoom(): void;
  /** For the metrics: how many run, how many wait for a turn, and how many were refused since the start. */
  figures(): { readonly running: number; readonly waiting: number; readonly refused: number };
}

/**
 * At most `parallel` hashes run at a time and at most `queue` wait; the rest is answered 503 at once. Without this a flood of sign-ins
 * would take every core and with it health checks and refreshes.
 */
export function createPasswordHasher({
  parallel = Math.max(1, availableParallelism() - 1),
  queue = 64,
  options = ARGON2,
}: {
  parallel?: number;
  queue?: number;
  options?: Options;
} = {}): PasswordHasher {
  const turns: (() => void)[] = [];
  let running = 0;
  let refused = 0;
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= parallel) {
      if (turns.length >= queue) {
        refused += 1;
        throw new Refusal('busy', { retryAfter: 2 });
      }
      await new Promise<void>((resolve) => turns.push(resolve));
    } else running += 1;
    try {
      // The answer is given up already: the hash would be for nobody.
      if (isGivenUp()) throw new Refusal('busy', { retryAfter: 2 });
      return await work();
    } finally {
      // The turn is handed on: `running` falls only when nobody waits.
      const next = turns.shift();
      if (next) next();
      else running -= 1;
    }
  };
  const hashInTurn = (password: string) => inTurn(() => hash(Buffer.from(password), options));
  let decoy: Promise<string> | null = null;
  return {
    hash: hashInTurn,
    verify: async (stored, password) => {
      if (stored === null) {
        decoy ??= hash('a password that nobody has', options);
        await inTurn(async () => verify(await (decoy as Promise<string>), Buffer.from(password)));
        return false;
      }
      return inTurn(() => verify(stored, Buffer.from(password)));
    },
    requireRoom: () => {
      if (running < parallel || turns.length < queue) return;
      refused += 1;
      throw new Refusal('busy', { retryAfter: 2 });
    },
    needsRehash: (stored) => {
      const [, kind, , costs = ''] = stored.split('$');
      const cost = Object.fromEntries(costs.split(',').map((part) => part.split('='))) as Record<string, string>;
      return (
        kind !== 'argon2id' ||
        Number(cost['m']) < (options.memoryCost ?? 0) ||
        Number(cost['t']) < (options.timeCost ?? 0) ||
        Number(cost['p']) < (options.parallelism ?? 0)
      );
    },
    figures: () => ({ running, waiting: turns.length, refused }),
  };
}
