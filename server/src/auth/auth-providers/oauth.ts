import { Refusal } from '@portico/protocol/errors';
import * as client from 'openid-client';
import type { ProviderTokens } from '../../accounts/identity.ts';
import type { Deps } from '../../deps.ts';
import { NetworkTrouble } from '../../platform/network.ts';
import { asClaims, type Claims, type ProviderAccess, type ProviderDefinition, type SignInProfileData } from './definition.ts';
import { AUTH_PROVIDERS } from './registry.ts';

/** A provider that this installation offers: what it is, and what the operator set. */
export interface OfferedProvider {
  readonly definition: ProviderDefinition;
  readonly access: ProviderAccess;
}

/** What only one browser and we know of a sign-in that is under way. */
export interface FlowSecrets {
  readonly verifier: string;
  readonly nonce: string;
}

export interface ProviderProof {
  readonly profile: SignInProfileData;
  readonly tokens: ProviderTokens;
  /** What the provider granted, in its own words; null: it does not say. */
  readonly scope: string | null;
}

/** 404 for a name that is no provider, 403 for one without credentials. */
export function requireOffered({ config }: Pick<Deps, 'config'>, name: string): OfferedProvider {
  const definition = AUTH_PROVIDERS.find((one) => one.name === name);
  if (definition === undefined) throw new Refusal('not_found');
  const access = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined;
  if (access === undefined) throw new Refusal('provider_not_offered');
  return { definition, access };
}

/** What the buttons say, in their order. */
export function offeredProviders({ config }: Pick<Deps, 'config'>): readonly { readonly name: string; readonly label: string }[] {
  return AUTH_PROVIDERS.filter(({ name }) => Object.hasOwn(config.providers, name)).map(({ name, label }) => ({ name, label }));
}

/** What people call a service; one that is offered no longer by the name in its addresses. */
export function serviceName(deps: Pick<Deps, 'config'>, provider: string): string {
  return offeredProviders(deps).find(({ name }) => name === provider)?.label ?? provider;
}

/** Where the browser is sent. `asking`: the provider is to ask the person, not to wave them through. */
export async function authorizationUrl(
  deps: Deps,
  offered: OfferedProvider,
  { redirectUri, state, secrets, asking }: { redirectUri: string; state: string; secrets: FlowSecrets; asking: boolean },
): Promise<string> {
  const { definition } = offered;
  return confirmed(deps, offered, async () => {
    const config = await configurationOf(deps, offered, deps.network.patience());
    return client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: definition.scope,
      state,
      // RFC 9700 2.1.1: to every provider; those that do not know it ignore it.
      code_challenge: await client.calculatePKCECodeChallenge(secrets.verifier),
      code_challenge_method: 'S256',
      ...(definition.protocol === 'openid' ? { nonce: secrets.nonce } : {}),
      ...(asking ? definition.asking : {}),
    }).href;
  });
}

/**
 * Redeems the code for the profile and the tokens. `provider_failed` when the provider cannot be reached, `provider_refused` when it
 * gives no valid profile.
 */
export async function redeemCode(
  deps: Deps,
  offered: OfferedProvider,
  answer: { redirectUri: string; code: string; iss: string | undefined; secrets: FlowSecrets },
): Promise<ProviderProof> {
  return confirmed(deps, offered, async () => {
    const until = deps.network.patience();
    const config = await configurationOf(deps, offered, until);
    const { definition, access } = offered;
    const openId = definition.protocol === 'openid';
    const returned = new URL(answer.redirectUri);
    returned.searchParams.set('code', answer.code);
    if (answer.iss !== undefined) returned.searchParams.set('iss', answer.iss);
    const granted = await client.authorizationCodeGrant(config, returned, {
      pkceCodeVerifier: answer.secrets.verifier,
      ...(openId ? { expectedNonce: answer.secrets.nonce, idTokenExpected: true } : {}),
    });
    const tokens = tokensOf(deps, granted);
    const profile = openId
      ? definition.profile(await claimsOf(config, granted, definition.userInfo))
      : await definition.profile(access.addresses, (url) => readApi(deps, url, tokens.accessToken, until));
    if (openId) await keepKeys(deps, offered, config);
    if (profile === null || !isProfile(profile)) throw new Error('no valid profile');
    return { profile, tokens, scope: granted.scope ?? null };
  });
}

/** Renews tokens whose end has come. Throws as `redeemCode`. */
export async function renewTokens(deps: Deps, offered: OfferedProvider, refreshToken: string): Promise<ProviderTokens> {
  return confirmed(deps, offered, async () => {
    const config = await configurationOf(deps, offered, deps.network.patience());
    return tokensOf(deps, await client.refreshTokenGrant(config, refreshToken), refreshToken);
  });
}

/** Gives one token back, in the standard way (RFC 7009) or the provider's own. False: it has no way. */
export async function revokeToken(deps: Deps, offered: OfferedProvider, token: string): Promise<boolean> {
  const { definition, access } = offered;
  return confirmed(deps, offered, async () => {
    const until = deps.network.patience();
    const own = definition.protocol === 'oauth' ? definition.giveBack?.(access, token) : undefined;
    if (own !== undefined) {
      const credentials = Buffer.from(`${access.clientId}:${access.clientSecret}`).toString('base64');
      const headers = { authorization: `Basic ${credentials}`, accept: 'application/json', 'content-type': 'application/json' };
      const { status } = await deps.network.ask(own.url, { method: own.method, headers, body: JSON.stringify(own.body) }, until);
      if (status >= 300) throw new Error(`status ${status}`);
      return true;
    }
    const config = await configurationOf(deps, offered, until);
    if (config.serverMetadata().revocation_endpoint === undefined) return false;
    await client.tokenRevocation(config, token);
    return true;
  });
}

async function configurationOf(deps: Deps, { definition, access }: OfferedProvider, until: AbortSignal): Promise<client.Configuration> {
  const { clientId, clientSecret, addresses } = access;
  const fetch: client.CustomFetch = (url, { body, headers, method }) =>
    deps.network.ask(url, { method, headers, ...(body instanceof URLSearchParams || typeof body === 'string' ? { body } : {}) }, until);
  // http only where the operator's own setting says so; in production that can only be this machine.
  const execute = Object.values(addresses).some((address) => address.startsWith('http:')) ? [client.allowInsecureRequests] : [];
  const authentication =
    definition.protocol === 'openid' && definition.clientAuthentication === 'basic'
      ? client.ClientSecretBasic(clientSecret)
      : client.ClientSecretPost(clientSecret);
  let metadata: client.ServerMetadata;
  if (definition.protocol === 'oauth') {
    const { issuer, authorize, token, revoke } = definition.endpoints(addresses);
    const revocation = revoke === undefined ? {} : { revocation_endpoint: revoke };
    metadata = { issuer, authorization_endpoint: authorize, token_endpoint: token, ...revocation };
  } else {
    const issuer = definition.issuer(addresses);
    metadata = await deps.network.remember(`openid ${issuer}`, async () => {
      const found = await client.discovery(new URL(issuer), clientId, clientSecret, authentication, {
        execute,
        [client.customFetch]: fetch,
      });
      return found.serverMetadata();
    });
  }
  const config = new client.Configuration(metadata, clientId, clientSecret, authentication);
  config[client.customFetch] = fetch;
  for (const extension of execute) extension(config);
  if (definition.protocol === 'openid') {
    // OpenID Connect Core 3.1.3.7 would let TLS stand for the signature of an ID token. The signature is checked all the same.
    client.enableNonRepudiationChecks(config);
    const { cache } = await keysOf(deps, metadata.issuer);
    if (cache !== undefined) client.setJwksCache(config, cache);
  }
  return config;
}

interface Keys {
  cache?: client.ExportedJWKSCache;
}
const keysOf = (deps: Deps, issuer: string) => deps.network.remember<Keys>(`keys ${issuer}`, async () => ({}));

async function keepKeys(deps: Deps, { definition }: OfferedProvider, config: client.Configuration): Promise<void> {
  const cache = client.getJwksCache(config);
  if (cache !== undefined && definition.protocol === 'openid') (await keysOf(deps, config.serverMetadata().issuer)).cache = cache;
}

async function claimsOf(
  config: client.Configuration,
  granted: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  userInfo: boolean,
): Promise<Claims> {
  const claims: Claims = granted.claims() ?? {};
  if (!userInfo) return claims;
  const info: Claims = await client.fetchUserInfo(config, granted.access_token, String(claims['sub']));
  // An address and its verification belong together: they come from one place or from the other.
  return { ...info, ...claims, ...('email' in claims ? { email_verified: claims['email_verified'] } : {}) };
}

async function readApi(deps: Deps, url: string, accessToken: string, until: AbortSignal): Promise<unknown> {
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json', 'user-agent': 'portico' };
  const response = await deps.network.ask(url, { method: 'GET', headers }, until);
  if (response.status !== 200) throw new Error(`the API answered ${response.status}`);
  return (await response.json()) as unknown;
}

function tokensOf(deps: Deps, granted: client.TokenEndpointResponse, oldRefreshToken: string | null = null): ProviderTokens {
  const seconds = granted.expires_in;
  return {
    accessToken: granted.access_token,
    refreshToken: granted.refresh_token ?? oldRefreshToken,
    expiresAt: seconds === undefined ? null : deps.now() + seconds * 1000,
  };
}

/** PostgreSQL text cannot hold NUL, a key has a length, and two subjects that look alike are two people. */
function isProfile({ subject }: SignInProfileData): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(subject);
}

/** Runs a conversation with a provider; whatever goes wrong in it becomes one of two refusals. Nothing that was said is kept. */
async function confirmed<T>(deps: Deps, { definition: { name } }: OfferedProvider, conversation: () => Promise<T>): Promise<T> {
  try {
    return await conversation();
  } catch (error) {
    const trouble = networkTroubleIn(error);
    if (trouble !== null) {
      deps.log.warn({ provider: name, reason: trouble.message }, 'a provider cannot be reached');
      throw new Refusal('provider_failed', { cause: trouble });
    }
    deps.log.warn({ provider: name, reason: reasonOf(error) }, 'a provider did not confirm a sign-in');
    throw new Refusal('provider_refused');
  }
}

function networkTroubleIn(error: unknown): NetworkTrouble | null {
  if (error instanceof NetworkTrouble) return error;
  return error instanceof Error && error.cause !== undefined ? networkTroubleIn(error.cause) : null;
}

/**
 * Enough for an operator to find a wrong secret, and nothing of the answer itself: the library hangs whole bodies, tokens included, on
 * its errors. An OAuth error code is one word, and GitHub says it with status 200.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const word = (value: unknown) => (typeof value === 'string' && /^[A-Za-z_]{1,40}$/.test(value) ? value : null);
  const body = asClaims(asClaims(asClaims(error.cause)?.['cause'])?.['body']) ?? asClaims(asClaims(error.cause)?.['body']);
  const said = word('error' in error ? error.error : null) ?? word(body?.['error']);
  const kind = word('code' in error ? error.code : null);
  return [kind, said].filter((part) => part !== null).join(' ') || error.message.slice(0, 80);
}
