/** oidc-provider with one public client and JWT access tokens, on a durable SQLite adapter. */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';
import { durabilityOf, openDurable } from '../servers/durable-sqlite.ts';
import { serveDriver } from '../servers/serve-driver.ts';
import { CODE_REDIRECT, CODE_VERIFIER } from '../target.ts';
import { sqliteAdapter } from './oidc-provider-adapter.ts';

const RESOURCE = 'http://127.0.0.1/api';
const MONTH_SECONDS = 30 * 24 * 3600;
const [file = '', kind = 'tokens'] = process.argv.slice(2);

const db = openDurable(file);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider('http://127.0.0.1', {
  adapter: sqliteAdapter(db),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }] },
  clients: [
    {
      client_id: 'bench',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['https://site.example/callback'],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: 'verifier',
      client_secret: 'verifier-secret',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: [],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  cookies: { keys: [randomUUID()] },
  ttl: { AccessToken: 300, AuthorizationCode: 3600, Grant: MONTH_SECONDS, RefreshToken: MONTH_SECONDS },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'api', audience: RESOURCE, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
});

const server = provider.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  serveDriver({
    port: address.port,
    durability: durabilityOf(db),
    prepare: (count) => (kind === 'codes' ? issueCodes(count) : Promise.all(Array.from({ length: count }, issueRefreshToken))),
  });
});

/** The two rows that its authorization code grant leaves behind, through its own models. */
async function issueRefreshToken(): Promise<string> {
  const accountId = randomUUID();
  const client = await provider.Client.find('bench');
  if (!client) throw new Error('The client is missing.');
  const grantId = await saveGrant(accountId);
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId,
    gty: 'authorization_code',
    resource: RESOURCE,
    scope: 'api offline_access',
  });
  return token.save();
}

async function saveGrant(accountId: string): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId: 'bench' });
  grant.addResourceScope(RESOURCE, 'api');
  grant.addOIDCScope('offline_access');
  return grant.save();
}

/** People whose codes they are: each of them signs in again and again. */
const PEOPLE = 1000;

/** What its authorization endpoint leaves behind for the token endpoint. */
async function issueCodes(count: number): Promise<string[]> {
  const client = await provider.Client.find('bench');
  if (!client) throw new Error('The client is missing.');
  const people = await Promise.all(
    Array.from({ length: Math.min(PEOPLE, count) }, async () => {
      const accountId = randomUUID();
      return { accountId, grantId: await saveGrant(accountId) };
    }),
  );
  const codeChallenge = createHash('sha256').update(CODE_VERIFIER).digest('base64url');
  const issue = ({ accountId, grantId }: { accountId: string; grantId: string }) =>
    new provider.AuthorizationCode({
      accountId,
      client,
      grantId,
      codeChallenge,
      codeChallengeMethod: 'S256',
      redirectUri: CODE_REDIRECT,
      resource: RESOURCE,
      scope: 'api offline_access',
    }).save();
  const codes: string[] = [];
  while (codes.length < count) codes.push(...(await Promise.all(people.slice(0, count - codes.length).map(issue))));
  return codes;
}
