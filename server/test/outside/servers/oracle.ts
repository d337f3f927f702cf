import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { type ClientMetadata, type Configuration, type JWK } from 'oidc-provider';
import { freePort } from '../../portico-process.ts';
import { newPerson } from '../person.ts';
import type { AuthServer, ClientWish } from './auth-server.ts';
import { newOracleStore } from './oracle-store.ts';

/** It gives `offline_access` with `prompt=consent` only, and refresh tokens without it where it is told to. */
const SCOPE = 'openid profile email';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export interface OracleOptions {
  /** A site may send its request as a form (OpenID Connect Core 3.1.2.1). */
  readonly takesForms?: boolean;
}

/**
 * oidc-provider, certified and by nobody of ours, set up as Portico is: PKCE for everybody, refresh tokens that rotate, nothing but the
 * code flow. Whoever types an address at its sign-in has it. What it answers is the second opinion on every refusal of ours.
 */
export async function startOracle({ takesForms = false }: OracleOptions = {}): Promise<AuthServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const store = newOracleStore();
  const provider = new Provider(issuer, { ...configuration(takesForms), adapter: store.adapter });
  const answer = provider.callback();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    name: 'oidc-provider',
    issuer,
    scope: SCOPE,
    signOutAddress: `${issuer}/session/end`,
    add: async (wish) => {
      const secret = hasSecret(wish) ? randomBytes(32).toString('base64url') : '';
      store.clients.set(wish.id, metadataOf(wish, secret));
      return { id: wish.id, secret, wish };
    },
    person: () => newPerson('ada@example.com', 'any password will do'),
    expireCodes: async () => store.expireCodes(),
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function configuration(takesForms: boolean): Configuration {
  return {
    jwks: { keys: [newKey('ES256'), newKey('RS256')] },
    // With forms it insists on cookies that browsers want https for.
    cookies: { keys: ['only for this test'], ...(takesForms ? { long: { sameSite: 'none', httpOnly: true, signed: true } } : {}) },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: true,
    clientBasedCORS: () => true,
    pkce: { required: () => true },
    responseTypes: ['code'],
    allowOmittingSingleRegisteredRedirectUri: false,
    enableHttpPostMethods: takesForms,
    // Its guard against internal addresses knows no exception for the loopback of a test.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    rotateRefreshToken: true,
    expiresWithSession: async () => true,
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: true, name: 'Ada' }),
    }),
    // "Confirmation: auto": whoever is signed in goes on.
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' });
      grant.addOIDCScope(SCOPE);
      grant.addOIDCClaims(['email', 'email_verified', 'name']);
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
    },
  };
}

function newKey(alg: 'ES256' | 'RS256'): JWK {
  const { privateKey } =
    alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: randomBytes(6).toString('hex') };
}

function hasSecret({ kind, jwks }: ClientWish): boolean {
  return (kind === 'web' || kind === 'machine') && jwks === undefined;
}

function metadataOf(wish: ClientWish, secret: string): ClientMetadata {
  const { kind, jwks } = wish;
  const grants = { web: ['authorization_code', 'refresh_token'], spa: ['authorization_code', 'refresh_token'] };
  return {
    client_id: wish.id,
    application_type: kind === 'native' ? 'native' : 'web',
    redirect_uris: [...(wish.redirectUris ?? [])],
    post_logout_redirect_uris: [...(wish.postLogoutUris ?? [])],
    grant_types: kind === 'machine' ? ['client_credentials'] : kind === 'native' ? [...grants.web, DEVICE_GRANT] : grants.web,
    response_types: kind === 'machine' ? [] : ['code'],
    ...(wish.scopes === undefined ? {} : { scope: wish.scopes.join(' ') }),
    id_token_signed_response_alg: 'ES256',
    ...(jwks !== undefined
      ? { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks }
      : secret === ''
        ? { token_endpoint_auth_method: 'none' }
        : { token_endpoint_auth_method: `client_secret_${wish.sendsSecret ?? 'basic'}`, client_secret: secret }),
    ...(wish.backchannelLogoutUri === undefined
      ? {}
      : { backchannel_logout_uri: wish.backchannelLogoutUri, backchannel_logout_session_required: true }),
  };
}
