/** Cases in which Portico means to say something else than oidc-provider. */
export interface Difference {
  readonly why: string;
  /** What oidc-provider says, and what Portico says. */
  readonly cases: Readonly<Record<string, readonly [oracle: string, portico: string]>>;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    why: 'RFC 6749 5.2: whoever shows no good proof, or none, failed to authenticate; nobody learns which part of it was wrong',
    cases: {
      'token: the client shows an empty secret': ['400 invalid_request', '401 invalid_client'],
      'token: the client shows a header that is not base64': ['400 invalid_request', '401 invalid_client'],
      'token: the client shows a header without a colon': ['400 invalid_request', '401 invalid_client'],
      'token: the client shows nothing at all': ['400 invalid_request', '401 invalid_client'],
      'token: the client shows an assertion where it has a secret': ['400 invalid_request', '401 invalid_client'],
      'introspect: by nobody': ['400 invalid_request', '401 invalid_client'],
      'revoke: by nobody': ['400 invalid_request', '401 invalid_client'],
      'push: by nobody': ['400 invalid_request', '401 invalid_client'],
      'device: asked for by nobody': ['400 invalid_request', '401 invalid_client'],
    },
  },
  {
    why: 'RFC 6749 5.2: a grant type that exists, and that this client may not use, is unauthorized_client',
    cases: {
      'token: a client with users that asks for itself': ['400 invalid_request', '400 unauthorized_client'],
      'token: a client without users that brings a code': ['400 invalid_request', '400 unauthorized_client'],
      'device: a client that has no devices': ['400 invalid_request', '400 unauthorized_client'],
      'device: polled by a client that has no devices': ['400 invalid_request', '400 unauthorized_client'],
    },
  },
  {
    why: 'RFC 6749 3.3: a scope that is not given is refused, and not left out silently: the site would find out later',
    cases: {
      'authorize: scope that nobody knows': ['back code', 'back invalid_scope'],
      'token: a client without users, for a scope that nobody knows': ['200', '400 invalid_scope'],
    },
  },
  {
    why: 'a parameter that comes twice is two requests in one; nothing of it is believed, not even where the answer goes',
    cases: {
      'authorize: state twice': ['back invalid_request', 'page 400'],
      'authorize: scope twice': ['back invalid_request', 'page 400'],
    },
  },
  {
    why: 'RFC 9126 4: what stands beside the name of a pushed request is ignored, so nobody is left to answer to',
    cases: { 'authorize: request_uri that was never pushed': ['back invalid_request_uri', 'page 400'] },
  },
  {
    why: 'RFC 9126 2.1: a request that is pushed must not name another one; that it is malformed is all there is to say',
    cases: { 'push: a request_uri within': ['400 request_uri_not_supported', '400 invalid_request'] },
  },
  {
    why: 'a code never stands in a fragment, and `unsupported_response_mode` is no registered word',
    cases: {
      'authorize: response_mode=fragment': ['back code', 'back invalid_request'],
      'authorize: response_mode that nobody knows': ['back unsupported_response_mode', 'back invalid_request'],
    },
  },
  {
    why: 'a hint that cannot be read says nothing; but who asks silently learns nothing by it (OpenID Connect Core 3.1.2.1)',
    cases: {
      'authorize: id_token_hint that is no token': ['back invalid_request', 'back code'],
      'authorize: id_token_hint that is no token, with prompt=none': ['back invalid_request', 'back login_required'],
      'authorize: an id_token_hint of another client, with prompt=none': ['back invalid_request', 'back login_required'],
    },
  },
  {
    why: 'what can be no thumbprint binds a code to nothing',
    cases: { 'authorize: dpop_jkt that is no thumbprint': ['back code', 'back invalid_request'] },
  },
  {
    why: 'RFC 7636 4.6: a verifier that does not fit is invalid_grant, however it does not fit',
    cases: { 'token: code_verifier that is too short': ['400 invalid_request', '400 invalid_grant'] },
  },
  {
    why: 'the path exists, the method does not (RFC 9110 15.5.6)',
    cases: { 'token: a GET': ['404', '405'] },
  },
  {
    why: 'a lost answer is no theft: who proves itself and repeats its last refresh is given the same successor again (FAPI 2.0 5.3.2.1)',
    cases: { 'refresh: a token for the second time': ['400 invalid_grant', '200'] },
  },
  {
    why: 'OAuth 2.1 5.1: a token in an address is not seen at all',
    cases: { 'userinfo: the token in the address': ['400 invalid_request', '401 invalid_token'] },
  },
  {
    why: 'RFC 7662 4: a token of another client is none of its business',
    cases: { 'introspect: the token of another client': ['200 active', '200 inactive'] },
  },
  {
    why: 'RFC 9449 5: a proof that is not good is invalid_dpop_proof',
    cases: { 'proof: for the second time': ['400 invalid_grant', '400 invalid_dpop_proof'] },
  },
];
