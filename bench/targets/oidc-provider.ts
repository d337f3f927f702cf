import { join } from 'node:path';
import {
  codeExchanged,
  codeRequest,
  introspected,
  introspectRequest,
  oauthNextToken,
  oauthRefreshRequest,
  SPARE_CODES,
  type Target,
} from '../target.ts';
import { startPeer } from './start-driven.ts';

const startWith =
  (kind: 'tokens' | 'codes'): Target['start'] =>
  ({ folder, core }) =>
    startPeer({ script: join(import.meta.dirname, '../peers/oidc-provider.ts'), args: [join(folder, 'oidc-provider.db'), kind], core });
const start = startWith('tokens');

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
  unraced: true,
  start,
  refreshRequest: (token, port) => introspectRequest(port, '/token/introspection', { id: 'verifier', secret: 'verifier-secret' }, token),
  nextToken: introspected,
};

export const oidcProviderExchanging: Target = {
  name: 'oidc-provider-code',
  database: 'SQLite',
  about: 'the same oidc-provider, asked at /token by a public client with codes and PKCE; the codes were made before',
  counterpart: 'portico-code',
  unraced: true,
  spare: SPARE_CODES,
  start: startWith('codes'),
  refreshRequest: (token, port) => codeRequest(port, '/token', 'bench', token),
  nextToken: codeExchanged,
};
