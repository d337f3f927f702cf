import { type Found, findProgram, type Service } from './service.ts';

/** For the denylist; each test starts one of its own from REDIS_SERVER_PATH, to empty it and to freeze it. */
export const redis: Service = { name: 'Redis', packages: ['redis-server'], find: findRedis };

async function findRedis(): Promise<Found | null> {
  const path = findProgram('redis-server') ?? findProgram('valkey-server');
  return path === null ? null : { what: path, env: { REDIS_SERVER_PATH: path }, stop: async () => {} };
}
