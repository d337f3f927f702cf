import { join } from 'node:path';
import { cookieFrom, postRequest, type Target } from '../target.ts';
import { startDriven } from './start-driven.ts';

const SCRIPT = join(import.meta.dirname, '../servers/floor.ts');

const wire = {
  refreshRequest: (token, port) => postRequest(port, '/refresh', [`Cookie: rt=${token}`], ''),
  nextToken: (answer) => cookieFrom(answer, 'rt'),
} satisfies Pick<Target, 'refreshRequest' | 'nextToken'>;

export const floorOnSqlite: Target = {
  ...wire,
  name: 'floor',
  database: 'SQLite',
  about: 'bare Fastify, one update … returning, one ES256 signature; the updates of one event-loop turn share one commit',
  start: ({ folder, core }) => startDriven({ script: SCRIPT, args: ['sqlite', join(folder, 'floor.db')], core }),
};

export const floorOnPostgres: Target = {
  ...wire,
  name: 'floor',
  database: 'PostgreSQL',
  about: 'the same with one named prepared statement on a pg pool, one commit a refresh',
  start: ({ databaseUrl, core }) => startDriven({ script: SCRIPT, args: ['postgres', databaseUrl ?? ''], core }),
};
