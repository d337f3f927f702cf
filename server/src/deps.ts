import type { Config } from './config.ts';
import type { Db } from './platform/db.ts';
import type { Keyring } from './platform/keyring.ts';
import type { Log } from './platform/log.ts';
import type { Network } from './platform/network.ts';
import type { PasswordHasher } from './platform/password-hasher.ts';
import type { ReachedLimits } from './platform/reached-limits.ts';
import type { RevokedSet } from './platform/revoked-set.ts';
import type { Tally } from './platform/tally.ts';
import type { ThisNode } from './platform/this-node.ts';
import type { Vault } from './platform/vault.ts';

/** Everything a function may reach for, handed in as its first argument: no globals, so a test can hold the clock and open the mailbox. */
export interface Deps {
  readonly config: Config;
  readonly db: Db;
  readonly keys: Keyring;
  /** Seals and opens what the database keeps secret. */
  readonly vault: Vault;
  readonly hasher: PasswordHasher;
  /** Revocations of unexpired tokens, kept in memory and read again each second. */
  readonly revoked: RevokedSet;
  /** Counters that are over their limit, as far as this node knows. */
  readonly reached: ReachedLimits;
  readonly log: Log;
  /** This process among those that serve from the same database. */
  readonly node: ThisNode;
  /** What is counted, for `/metrics`. */
  readonly tally: Tally;
  /** Services that are not ours. */
  readonly network: Network;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Bytes from a cryptographically secure source. */
  readonly random: (bytes: number) => Buffer;
  /** Tells the outbox that a letter waits, so that it leaves now and not at the next tick. Never throws. */
  readonly mailWaits: () => void;
  /** Work that must not delay (nor colour the timing of) the answer; failures are logged. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}
