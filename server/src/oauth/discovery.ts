import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import { SCOPES, SIGNING_ALGS } from '@portico/protocol/tokens';
import { ASSERTION_ALGS } from '../clients/client-keys.ts';
import type { Config } from '../config.ts';
import { RESPONSE_TYPES } from './authorize-request.ts';
import { DPOP_ALGS } from './dpop.ts';
import { GRANT_TYPES } from './grant-types.ts';

/** What this server can do (OpenID Connect Discovery 1.0, RFC 8414). Nothing stands here that it cannot, and no option that it refuses. */
export function describeServer({ origin, apiOrigin }: Pick<Config, 'origin' | 'apiOrigin'>): object {
  const at = (path: string) => apiOrigin + path;
  const proofs = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
  return {
    issuer: origin,
    authorization_endpoint: at(OAUTH.authorize),
    pushed_authorization_request_endpoint: at(OAUTH.pushed),
    token_endpoint: at(OAUTH.token),
    device_authorization_endpoint: at(OAUTH.deviceAuthorization),
    userinfo_endpoint: at(OAUTH.userinfo),
    revocation_endpoint: at(OAUTH.revoke),
    introspection_endpoint: at(OAUTH.introspect),
    end_session_endpoint: at(OAUTH.logout),
    jwks_uri: at(SYSTEM.jwks),
    scopes_supported: SCOPES,
    response_types_supported: RESPONSE_TYPES,
    response_modes_supported: ['query'],
    grant_types_supported: Object.values(GRANT_TYPES),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: SIGNING_ALGS,
    token_endpoint_auth_methods_supported: [...proofs, 'none'],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    revocation_endpoint_auth_methods_supported: [...proofs, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    introspection_endpoint_auth_methods_supported: proofs,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    dpop_signing_alg_values_supported: DPOP_ALGS,
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'auth_time', 'nonce', 'amr', 'sid', 'name', 'email', 'email_verified', 'roles'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    require_pushed_authorization_requests: false,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  };
}
