/**
 * The modules of the OpenID Foundation's conformance suite (https://gitlab.com/openid/conformance-suite, also
 * github.com/openid-certification/conformance-suite, as of August 2026), plan by plan, in the order of the plans.
 */
export const PLANS = {
  basic: [
    'oidcc-server',
    'oidcc-response-type-missing',
    'oidcc-idtoken-signature',
    'oidcc-idtoken-unsigned',
    'oidcc-userinfo-get',
    'oidcc-userinfo-post-header',
    'oidcc-userinfo-post-body',
    'oidcc-ensure-request-without-nonce-succeeds-for-code-flow',
    'oidcc-scope-profile',
    'oidcc-scope-email',
    'oidcc-scope-address',
    'oidcc-scope-phone',
    'oidcc-scope-all',
    'oidcc-alternate-happy-flow',
    'oidcc-display-page',
    'oidcc-display-popup',
    'oidcc-prompt-login',
    'oidcc-prompt-none-not-logged-in',
    'oidcc-prompt-none-logged-in',
    'oidcc-max-age-1',
    'oidcc-max-age-10000',
    'oidcc-ensure-request-with-unknown-parameter-succeeds',
    'oidcc-id-token-hint',
    'oidcc-login-hint',
    'oidcc-ui-locales',
    'oidcc-claims-locales',
    'oidcc-ensure-request-with-acr-values-succeeds',
    'oidcc-codereuse',
    'oidcc-codereuse-30seconds',
    'oidcc-ensure-registered-redirect-uri',
    'oidcc-ensure-post-request-succeeds',
    'oidcc-server-client-secret-post',
    'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
    'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
    'oidcc-claims-essential',
    'oidcc-ensure-request-object-with-redirect-uri',
    'oidcc-refresh-token',
    'oidcc-ensure-request-with-valid-pkce-succeeds',
  ],
  'rp-logout': [
    'oidcc-rp-initiated-logout-discovery-endpoint-verification',
    'oidcc-rp-initiated-logout',
    'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri',
    'oidcc-rp-initiated-logout-modified-id-token-hint',
    'oidcc-rp-initiated-logout-no-id-token-hint',
    'oidcc-rp-initiated-logout-no-params',
    'oidcc-rp-initiated-logout-no-post-logout-redirect-uri',
    'oidcc-rp-initiated-logout-no-state',
    'oidcc-rp-initiated-logout-only-state',
    'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
    'oidcc-rp-initiated-logout-bad-id-token-hint',
  ],
  'back-channel': ['oidcc-backchannel-logout-discovery-endpoint-verification', 'oidcc-backchannel-rp-initiated-logout'],
  config: ['oidcc-discovery-endpoint-verification'],
} as const;

export type Plan = keyof typeof PLANS;

/** What a module tests that Portico does not offer, and how its discovery document says so. */
export const NOT_OFFERED: Readonly<Record<string, (discovery: Discovery) => boolean>> = {
  'oidcc-idtoken-unsigned': (discovery) => !discovery.id_token_signing_alg_values_supported.includes('none'),
  'oidcc-scope-address': (discovery) => !discovery.scopes_supported.includes('address'),
  'oidcc-scope-phone': (discovery) => !discovery.scopes_supported.includes('phone'),
  'oidcc-scope-all': (discovery) => !['address', 'phone'].some((scope) => discovery.scopes_supported.includes(scope)),
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported': (discovery) =>
    discovery.request_uri_parameter_supported === false,
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported': (discovery) =>
    discovery.request_parameter_supported === false,
  'oidcc-ensure-request-object-with-redirect-uri': (discovery) => discovery.request_parameter_supported === false,
};

/** OpenID Connect Discovery 3, as far as the modules read it. */
export interface Discovery {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly userinfo_endpoint: string;
  readonly end_session_endpoint: string;
  readonly scopes_supported: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly grant_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly claims_supported: readonly string[];
  readonly code_challenge_methods_supported: readonly string[];
  readonly request_parameter_supported?: boolean;
  readonly request_uri_parameter_supported?: boolean;
  readonly claims_parameter_supported?: boolean;
  readonly backchannel_logout_supported?: boolean;
  readonly backchannel_logout_session_supported?: boolean;
  readonly [name: string]: unknown;
}
