import { silentLog } from '../platform/log.ts';
import { openRedis, type Redis } from '../platform/redis.ts';
import { messageOf } from '../wire.ts';
import type { Check, Examination } from './check.ts';

/** So many pings are timed; the middle one counts. */
const PINGS = 5;
const TRIES = 3;
/** In milliseconds. */
const TRIED_FOR = 1000;
/** Requests wait for Redis for 100 ms at most: one that takes half of that is of little use. In milliseconds. */
const SLOW = 50;

/** Whether the Redis that the settings name answers, soon, and takes what is written. */
export async function checkRedis({ settings: { redisUrl } }: Examination): Promise<readonly Check[]> {
  if (redisUrl === '') return [];
  const redis = await openRedis(redisUrl, silentLog);
  const { hostname, port } = new URL(redisUrl);
  const place = `${hostname}:${port === '' ? '6379' : port}`;
  try {
    await insist(() => redis.ping());
    return [await checkAnswer(redis, place), ...checkMemory(await insist(() => redis.describe()))];
  } catch (cause) {
    const fix = 'start it, or check PORTICO_REDIS_URL; until then revocations arrive by the database, within a second';
    return [{ name: 'redis', state: 'fail', finding: `${place} does not answer: ${messageOf(cause)}`, fix }];
  } finally {
    redis.close();
  }
}

/** A busy machine misses the tenth of a second that a request would wait: one silence is no verdict. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await ask();
      if (answer !== null || tries === TRIES) return answer;
    } catch (cause) {
      if (tries === TRIES || performance.now() - begun > TRIED_FOR) throw cause;
    }
  }
}

async function checkAnswer(redis: Redis, place: string): Promise<Check> {
  const times: number[] = [];
  for (let round = 0; round < PINGS; round += 1) {
    const begun = performance.now();
    await redis.ping().catch(() => undefined);
    times.push(performance.now() - begun);
  }
  const middle = times.sort((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
  const finding = `${place} answers in ${middle.toFixed(1)} ms`;
  if (middle <= SLOW) return { name: 'redis', state: 'ok', finding };
  return { name: 'redis', state: 'warn', finding, fix: 'give Portico one that is nearer: the database is sooner asked' };
}

/** Nothing that is kept there is missed when it is gone; what cannot be written makes news slower. */
function checkMemory(facts: ReadonlyMap<string, string> | null): Check[] {
  const name = 'redis memory';
  if (facts === null) return [];
  const version = facts.get('valkey_version') ?? facts.get('redis_version') ?? 'unknown';
  const [limit, used] = [Number(facts.get('maxmemory') ?? 0), Number(facts.get('used_memory') ?? 0)];
  const policy = facts.get('maxmemory_policy') ?? 'unknown';
  const finding = `version ${version}, ${limit === 0 ? 'no limit' : `${Math.round((100 * used) / limit)} % of its limit used`}, ${policy}; needs no persistence`;
  if (limit === 0 || policy !== 'noeviction') return [{ name, state: 'ok', finding }];
  const fix = 'set maxmemory-policy to volatile-ttl or allkeys-lru: a full Redis would take no news, and all of it may be forgotten';
  return [{ name, state: 'warn', finding, fix }];
}
