import * as client from 'openid-client';
import { type Library, placesOf, type Tokens } from './library.ts';

interface Kept {
  readonly pkceCodeVerifier: string;
  readonly expectedState: string;
  readonly expectedNonce: string;
}

/** openid-client 6, a confidential site with its secret in the Authorization header. */
export const openidClient: Library = {
  name: 'openid-client',
  connect: async (server, site) => {
    const { id, secret } = site;
    const { redirectUri, postLogoutUri } = placesOf(site);
    const config = await client.discovery(
      new URL(server.issuer),
      id,
      { id_token_signed_response_alg: 'ES256' },
      client.ClientSecretBasic(secret),
      { execute: [client.allowInsecureRequests] },
    );
    return {
      begin: async (extra = {}) => {
        const kept: Kept = {
          pkceCodeVerifier: client.randomPKCECodeVerifier(),
          expectedState: client.randomState(),
          expectedNonce: client.randomNonce(),
        };
        const address = client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          scope: server.scope,
          code_challenge: await client.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
          code_challenge_method: 'S256',
          state: kept.expectedState,
          nonce: kept.expectedNonce,
          ...extra,
        });
        return { address: address.href, kept };
      },
      finish: async ({ kept }, cameBackTo) =>
        tokensOf(await client.authorizationCodeGrant(config, cameBackTo, { ...(kept as Kept), idTokenExpected: true })),
      refresh: async (tokens) => tokensOf(await client.refreshTokenGrant(config, tokens.refreshToken), tokens),
      userinfo: async ({ accessToken, subject }) => client.fetchUserInfo(config, accessToken, subject),
      signOutAddress: async ({ idToken }, state) =>
        client.buildEndSessionUrl(config, { post_logout_redirect_uri: postLogoutUri, id_token_hint: idToken, state }).href,
      close: async () => {},
    };
  },
};

function tokensOf(response: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers, before?: Tokens): Tokens {
  return {
    accessToken: response.access_token,
    refreshToken: response.refresh_token ?? '',
    idToken: response.id_token ?? before?.idToken ?? '',
    subject: response.claims()?.sub ?? before?.subject ?? '',
  };
}
