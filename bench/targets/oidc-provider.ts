import { join } from 'node:path';
import { oauthNextToken, oauthRefreshRequest, type Target } from '../target.ts';
import { startPeer } from './start-driven.ts';

export const oidcProviderOnSqlite: Target = {
  name: 'oidc-provider',
  database: 'SQLite',
  about:
    'oidc-provider 9.13.3; its storage adapter is ours (it ships none that is durable): node:sqlite, WAL, synchronous=FULL, with the same group commit as the floor; set: ES256 JWT access tokens',
  start: ({ folder, core }) =>
    startPeer({ script: join(import.meta.dirname, '../peers/oidc-provider.ts'), args: [join(folder, 'oidc-provider.db')], core }),
  refreshRequest: (token, port) => oauthRefreshRequest(port, '/token', 'bench', token),
  nextToken: oauthNextToken,
};
