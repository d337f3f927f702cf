import { join } from 'node:path';
import { oauthNextToken, oauthRefreshRequest, type Target } from '../target.ts';
import { startPeer } from './start-driven.ts';

const SCRIPT = join(import.meta.dirname, '../peers/better-auth.ts');
const VERSIONS = 'better-auth 1.7.25 with @better-auth/oauth-provider 1.7.5';

const wire = {
  refreshRequest: (token, port) => oauthRefreshRequest(port, '/api/auth/oauth2/token', 'bench', token),
  nextToken: oauthNextToken,
} satisfies Pick<Target, 'refreshRequest' | 'nextToken'>;

export const betterAuthOnSqlite: Target = {
  ...wire,
  name: 'better-auth',
  database: 'SQLite',
  about: `${VERSIONS} on node:sqlite; set: WAL with synchronous=FULL (default: rollback journal), ES256, client and resource cached, rate limit off`,
  start: ({ folder, core }) => startPeer({ script: SCRIPT, args: ['sqlite', join(folder, 'better-auth.db')], core }),
};

export const betterAuthOnPostgres: Target = {
  ...wire,
  name: 'better-auth',
  database: 'PostgreSQL',
  about: `${VERSIONS} on a pg pool; set: ES256, client and resource cached, rate limit off`,
  start: ({ databaseUrl, core }) => startPeer({ script: SCRIPT, args: ['postgres', databaseUrl ?? ''], core }),
};
