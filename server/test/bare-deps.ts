import { randomBytes } from 'node:crypto';
import type { Config } from '../src/config.ts';
import type { Deps } from '../src/deps.ts';
import { openVault } from '../src/keys/open-vault.ts';
import { loadKeyring } from '../src/keys/rotate-keys.ts';
import type { Db } from '../src/platform/db.ts';
import type { Log } from '../src/platform/log.ts';
import { createPasswordHasher } from '../src/platform/password-hasher.ts';
import { createReachedLimits } from '../src/platform/reached-limits.ts';
import { createRevokedSet } from '../src/platform/revoked-set.ts';
import { createTally } from '../src/platform/tally.ts';
import { createThisNode } from '../src/platform/this-node.ts';
import { noNetwork } from './no-network.ts';
import { lendRsaKey } from './rsa-keys.ts';
import { type Clock, heldClock, testConfig } from './world.ts';

/** What one log entry said. */
export interface Entry {
  readonly level: 'info' | 'warn' | 'error';
  readonly facts: object;
  readonly sentence: string;
}

export interface Bare {
  readonly deps: Deps;
  readonly clock: Clock;
  readonly entries: readonly Entry[];
}

/** Portico without its HTTP face, for jobs and nouns: a held clock and an open log. Two on one database are two nodes. */
export async function bareDeps(db: Db, config: Partial<Config> = {}, clock: Clock = heldClock()): Promise<Bare> {
  const entries: Entry[] = [];
  const keep = (level: Entry['level']) => (facts: object, sentence: string) => void entries.push({ level, facts, sentence });
  const log: Log = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  const whole = testConfig(config);
  await lendRsaKey({ db, now: clock.now(), masterKey: whole.masterKey });
  const vault = await openVault({ db, now: clock.now, config: whole });
  const deps: Deps = {
    config: whole,
    db,
    keys: await loadKeyring({ db, now: clock.now, vault }),
    vault,
    hasher: createPasswordHasher(),
    revoked: createRevokedSet(),
    reached: createReachedLimits(null, clock.now),
    log,
    node: createThisNode(randomBytes),
    tally: createTally(),
    network: noNetwork(),
    now: clock.now,
    random: randomBytes,
    mailWaits: () => undefined,
    afterAnswer: () => undefined,
  };
  return { deps, clock, entries };
}
