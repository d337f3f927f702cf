import { Refusal } from '@portico/protocol/errors';
import { databasePlace } from './config/database-place.ts';
import { outgoingRules } from './config/outgoing-rules.ts';
import type { Config } from './config.ts';
import type { Deps } from './deps.ts';
import { keepKeys } from './keys/keep-keys.ts';
import { openVault, proveMasterKey } from './keys/open-vault.ts';
import { loadKeyring } from './keys/rotate-keys.ts';
import { createAfterwork } from './platform/afterwork.ts';
import type { Database } from './platform/db.ts';
import { createDenylist } from './platform/denylist.ts';
import type { Keyring } from './platform/keyring.ts';
import type { Log } from './platform/log.ts';
import { messageOf } from './platform/message-of.ts';
import { migrate, pendingMigrations } from './platform/migrate.ts';
import { createNetwork } from './platform/network.ts';
import type { Notices } from './platform/notices.ts';
import { openDatabase } from './platform/open-database.ts';
import { openNotices } from './platform/open-notices.ts';
import { createPasswordHasher } from './platform/password-hasher.ts';
import { createRandom } from './platform/random.ts';
import { createReachedLimits } from './platform/reached-limits.ts';
import { openRedis, type RedisResult } from './platform/redis.ts';
import { createRevokedSet } from './platform/revoked-set.ts';
import { CLOCK_READ_EVERY, createSteadyClock, type SteadyClock } from './platform/steady-clock.ts';
import { createTally } from './platform/tally.ts';
import { createThisNode, type ThisNode } from './platform/this-node.ts';
import { isUnknownDataKey, type Vault } from './platform/vault.ts';
import { watchRevocations } from './revocations/watch.ts';
import { StartProblem } from './start-problem.ts';

export { databasePlace, messageOf };

export interface Wired {
  readonly deps: Deps;
  readonly database: Database;
  readonly clock: SteadyClock;
  readonly notices: readonly Notices[];
  /** Waits for the work that runs after answers, then closes the database. */
  close(): Promise<void>;
}

/**
 * Opens the database, brings it up to date, loads the keys, and puts together what every function is handed. Throws StartProblem.
 * `onMailWaits` is called when a letter has been queued.
 */
export async function createDeps(
  config: Config,
  log: Log,
  onMailWaits: () => void = () => undefined,
  node: ThisNode = createThisNode(createRandom()),
): Promise<Wired> {
  const database = await connect(config);
  try {
    const clock = createSteadyClock(database);
    const { now } = clock;
    // A database that falls silent here is told of by what comes next.
    await clock.follow().catch(() => undefined);
    const pending = await pendingMigrations(database).catch(() => []);
    await proveMasterKey({ db: database, now, config }, pending).catch(failOnKeys);
    await migrate(database).catch((cause: unknown) => fail(`the database cannot be brought up to date: ${messageOf(cause)}`, cause));
    const { vault, keys } = await openKeys(database, now, config).catch(failOnKeys);
    const after = createAfterwork(log);
    const tally = createTally();
    const heard = (result: RedisResult) => tally.count('redis', { result });
    const direct = openNotices(config, database, log);
    const redis = config.redisUrl === '' ? null : await openRedis(config.redisUrl, log, heard);
    const denylist = redis === null ? null : createDenylist(redis, config.origin, now);
    const notices = denylist === null ? [direct] : [direct, denylist];
    const deps: Deps = {
      config,
      db: database,
      keys,
      vault,
      hasher: createPasswordHasher(),
      revoked: createRevokedSet([direct], denylist),
      reached: createReachedLimits(redis === null ? null : { redis, origin: config.origin }, now),
      log,
      node,
      tally,
      network: createNetwork({ outgoing: outgoingRules(config) }),
      now,
      random: createRandom(),
      mailWaits: onMailWaits,
      afterAnswer: after.begin,
    };
    const close = async () => {
      await after.settled();
      for (const notice of notices) await notice.close();
      await database.close();
    };
    return { deps, database, clock, notices, close };
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

async function openKeys(db: Database, now: () => number, config: Config): Promise<{ vault: Vault; keys: Keyring }> {
  const vault = await openVault({ db, now, config });
  return { vault, keys: await loadKeyring({ db, now, vault }) };
}

/** Keeps what a node holds in memory true: revocations, and keys that other nodes or the command line made. */
export async function keepCurrent({ deps, clock, notices }: Pick<Wired, 'deps' | 'clock' | 'notices'>): Promise<{ stop(): void }> {
  const revocations = await watchRevocations(deps, notices);
  const keys = keepKeys(deps);
  // Where the database does not answer, nothing that needs the time comes to an end either.
  const following = setInterval(() => void clock.follow().catch(() => undefined), CLOCK_READ_EVERY).unref();
  return {
    stop: () => {
      revocations.stop();
      keys.stop();
      clearInterval(following);
    },
  };
}

/** Opens the database and asks it something. Throws StartProblem. */
export async function connect(config: Pick<Config, 'databaseUrl' | 'dataDir' | 'databaseConnections'>): Promise<Database> {
  const unreachable = (cause: unknown) => fail(`the database cannot be reached (${databasePlace(config)}): ${messageOf(cause)}`, cause);
  let database: Database;
  try {
    database = openDatabase(config, { max: config.databaseConnections });
  } catch (cause) {
    return unreachable(cause);
  }
  try {
    await database.all('select 1 as reached');
    return database;
  } catch (cause) {
    await database.close();
    return unreachable(cause);
  }
}

function failOnKeys(cause: unknown): never {
  if (cause instanceof Refusal && !isUnknownDataKey(cause)) return fail(`the database stopped answering: ${messageOf(cause)}`, cause);
  return fail('the keys in the database do not open: restore the master key that sealed them (PORTICO_MASTER_KEY, or master.key)', cause);
}

function fail(sentence: string, cause: unknown): never {
  throw new StartProblem(sentence, cause);
}
