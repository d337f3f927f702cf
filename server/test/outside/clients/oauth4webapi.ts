import * as oauth from 'oauth4webapi';
import { type Library, placesOf, type Tokens } from './library.ts';

/** Plain http is for the loopback of a test. */
const HTTP = { [oauth.allowInsecureRequests]: true };

interface Kept {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** The key pair of a site that signs its assertions: its public half is registered. */
export async function newAssertionKey(): Promise<{ readonly privateKey: CryptoKey; readonly jwks: { readonly keys: readonly object[] } }> {
  const { privateKey, publicKey } = await oauth.generateKeyPair('ES256', { extractable: true });
  const jwk = await crypto.subtle.exportKey('jwk', publicKey);
  return { privateKey, jwks: { keys: [{ ...jwk, kid: 'site-key', use: 'sig', alg: 'ES256' }] } };
}

/** oauth4webapi as the strictest kind of site: its requests are pushed, and it signs its assertions instead of having a secret. */
export function oauth4webapi(privateKey: CryptoKey): Library {
  return {
    name: 'oauth4webapi',
    connect: async (server, site) => {
      const { redirectUri, postLogoutUri } = placesOf(site);
      const issuer = new URL(server.issuer);
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, HTTP));
      const client: oauth.Client = { client_id: site.id, id_token_signed_response_alg: 'ES256' };
      const auth = oauth.PrivateKeyJwt({ key: privateKey, kid: 'site-key' });
      return {
        begin: async (extra = {}) => {
          const kept: Kept = {
            verifier: oauth.generateRandomCodeVerifier(),
            state: oauth.generateRandomState(),
            nonce: oauth.generateRandomNonce(),
          };
          const parameters = new URLSearchParams({
            redirect_uri: redirectUri,
            response_type: 'code',
            scope: server.scope,
            code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier),
            code_challenge_method: 'S256',
            state: kept.state,
            nonce: kept.nonce,
            ...extra,
          });
          const pushed = await oauth.processPushedAuthorizationResponse(
            as,
            client,
            await oauth.pushedAuthorizationRequest(as, client, auth, parameters, HTTP),
          );
          const address = new URL(as.authorization_endpoint ?? '');
          address.search = new URLSearchParams({ client_id: site.id, request_uri: pushed.request_uri }).toString();
          return { address: address.href, kept };
        },
        finish: async ({ kept }, cameBackTo) => {
          const { verifier, state, nonce } = kept as Kept;
          const parameters = oauth.validateAuthResponse(as, client, cameBackTo, state);
          const response = await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, redirectUri, verifier, HTTP);
          const result = await oauth.processAuthorizationCodeResponse(as, client, response, {
            expectedNonce: nonce,
            requireIdToken: true,
          });
          await oauth.validateApplicationLevelSignature(as, response, HTTP);
          return tokensOf(result);
        },
        refresh: async (tokens) => {
          const response = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refreshToken, HTTP);
          return tokensOf(await oauth.processRefreshTokenResponse(as, client, response), tokens);
        },
        userinfo: async ({ accessToken, subject }) =>
          oauth.processUserInfoResponse(as, client, subject, await oauth.userInfoRequest(as, client, accessToken, HTTP)),
        signOutAddress: async ({ idToken }, state) => {
          const address = new URL(as.end_session_endpoint ?? '');
          address.search = new URLSearchParams({
            id_token_hint: idToken,
            post_logout_redirect_uri: postLogoutUri,
            state,
          }).toString();
          return address.href;
        },
        close: async () => {},
      };
    },
  };
}

function tokensOf(result: oauth.TokenEndpointResponse, before?: Tokens): Tokens {
  return {
    accessToken: result.access_token,
    refreshToken: result.refresh_token ?? '',
    idToken: result.id_token ?? before?.idToken ?? '',
    subject: oauth.getValidatedIdTokenClaims(result)?.sub ?? before?.subject ?? '',
  };
}
