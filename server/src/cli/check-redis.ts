import type { Settings } from '../config.ts';
import { silentLog } from '../platform/log.ts';
import { openRedis } from '../platform/redis.ts';
import { messageOf } from '../wire.ts';
import type { Check } from './check.ts';

/** Whether the Redis that the settings name answers. */
export async function checkRedis({ redisUrl }: Settings): Promise<Check[]> {
  if (redisUrl === '') return [];
  const redis = await openRedis(redisUrl, silentLog);
  const { hostname, port } = new URL(redisUrl);
  const place = `${hostname}:${port === '' ? '6379' : port}`;
  try {
    await redis.ping();
    return [{ name: 'redis', state: 'ok', finding: place }];
  } catch (cause) {
    const fix = 'start it, or check PORTICO_REDIS_URL; until then revocations arrive by the database, within a second';
    return [{ name: 'redis', state: 'fail', finding: `${place} does not answer: ${messageOf(cause)}`, fix }];
  } finally {
    redis.close();
  }
}
