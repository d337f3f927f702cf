import { join } from 'node:path';
import { introspected, introspectRequest, oauthNextToken, oauthRefreshRequest, type Target } from '../target.ts';
import { startPeer } from './start-driven.ts';

const start: Target['start'] = ({ folder, core }) =>
  startPeer({ script: join(import.meta.dirname, '../peers/oidc-provider.ts'), args: [join(folder, 'oidc-provider.db')], core });

export const oidcProviderOnSqlite: Target = {
  name: 'oidc-provider',
  counterpart: 'portico-oauth',
  database: 'SQLite',
  about:
    'oidc-provider 9.13.3; its storage adapter is ours (it ships none that is durable): node:sqlite, WAL, synchronous=FULL, with the same group commit as the floor; set: ES256 JWT access tokens',
  start,
  refreshRequest: (token, port) => oauthRefreshRequest(port, '/token', 'bench', token),
  nextToken: oauthNextToken,
};

export const oidcProviderIntrospecting: Target = {
  name: 'oidc-provider-introspect',
  database: 'SQLite',
  about: 'the same oidc-provider, asked at /token/introspection by a client with a secret',
  counterpart: 'portico-introspect',
  reads: true,
  start,
  refreshRequest: (token, port) => introspectRequest(port, '/token/introspection', { id: 'verifier', secret: 'verifier-secret' }, token),
  nextToken: introspected,
};
