import { clockAhead } from './database-clock.ts';
import type { Database } from './db.ts';

/**
 * What time it is for a process. With PostgreSQL that is what the database's clock says, reckoned on between two readings by a clock that nobody
 * sets: the time of a machine may jump by an hour, and a node that believed it would delete what still lives, end sign-ins early, and write
 * revocations that are over before anybody has read them. SQLite has no other clock than this machine's.
 */
export interface SteadyClock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Reads the database's clock. Throws Refusal when that does not answer; then time simply goes on. */
  follow(): Promise<void>;
}

/** How often the database's clock is read, in milliseconds: a machine that was suspended is behind for no longer. */
export const CLOCK_READ_EVERY = 1000;
/** What is less apart may be the way of the answer, and changes nothing. In milliseconds. */
const APART = 500;
/** An answer that took longer says too little about the moment at which it was given. In milliseconds. */
const ANSWER_WITHIN = 1000;

export function createSteadyClock(database: Database, machine: () => number = Date.now): SteadyClock {
  if (database.dialect === 'sqlite') return { now: machine, follow: async () => undefined };
  let start = machine() - performance.now();
  let reading: Promise<void> | null = null;
  const now = () => Math.round(start + performance.now());
  const read = async () => {
    const asked = performance.now();
    const ahead = await clockAhead(database, now);
    if (ahead !== null && Math.abs(ahead) > APART && performance.now() - asked < ANSWER_WITHIN) start -= ahead;
  };
  return {
    now,
    follow: () => {
      // Two readings at once would both make up for the same difference.
      reading ??= read().finally(() => {
        reading = null;
      });
      return reading;
    },
  };
}
