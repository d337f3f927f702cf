import { type OAuthErrorCode, OAuthRefusal, Refusal } from '@portico/protocol/errors';
import type { Client } from '../clients/client.ts';
import { isRedirectAllowed } from '../clients/redirect-uri.ts';
import type { Deps } from '../deps.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { GRANT_TYPES, mayUseGrant } from './grant-types.ts';
import type { Parameters } from './parameters.ts';
import { allowedScope, hasScope } from './scope.ts';
import { isOurRequestUri, requireSite, requireStoredRequest } from './stored-request.ts';

/** A request of a site that is registered, to be answered at an address of that site. Only from here on may an error be sent to the site. */
export interface OpenedRequest {
  readonly client: Client;
  readonly redirectUri: string;
  readonly parameters: Parameters;
  readonly stored: AuthorizationRequest | null;
  /** What it is called by, where it is stored. */
  readonly requestUri: string | null;
}

export interface AuthorizeRequest extends OpenedRequest {
  readonly scope: string;
  readonly nonce: string | null;
  /** Nothing is sent to the site: its sign-in is a cookie of this browser (OAuth 2.0 Multiple Response Type Encoding Practices 4). */
  readonly byCookie: boolean;
  /** S256; '' for a client that is allowed to go without. */
  readonly challenge: string;
  /** JWK thumbprint; '' = the code is bound to no key. */
  readonly dpopKey: string;
  readonly prompt: ReadonlySet<string>;
  /** Seconds. */
  readonly maxAge: number | null;
}

const STATE_MAX = 2048;
const NONCE_MAX = 1024;
export const RESPONSE_TYPES: readonly string[] = ['code', 'none'];
const PROMPTS = ['none', 'login', 'consent', 'select_account'];

/**
 * Whose request this is and where its answer goes. Throws `site_unknown`, `redirect_refused` or `request_expired`, which are told on our
 * own page: whatever is wrong with these is never sent anywhere (RFC 6749 4.1.2.1).
 */
export async function openRequest(deps: Pick<Deps, 'db' | 'now'>, sent: Parameters): Promise<OpenedRequest> {
  const client = await requireSite(deps, sent['client_id']);
  const uri = sent['request_uri'];
  const requestUri = uri !== undefined && isOurRequestUri(uri) ? uri : null;
  // RFC 9126 4: what stands beside the name of a stored request is ignored.
  const stored = requestUri === null ? null : await requireStoredRequest(deps, client, requestUri);
  const parameters = stored?.parameters ?? sent;
  const redirectUri = parameters['redirect_uri'];
  if (redirectUri === undefined || !isRedirectAllowed(client, redirectUri)) throw new Refusal('redirect_refused');
  return { client, redirectUri, parameters, stored, requestUri };
}

/** What is wrong, and how the site is told. In this order; the first one that is wrong is said. */
const CHECKS: readonly (readonly [wrong: (sent: Parameters, client: Client) => boolean, code: OAuthErrorCode, description: string])[] = [
  [({ state = '' }) => state.length > STATE_MAX, 'invalid_request', 'state is longer than 2048 characters'],
  [({ request }) => request !== undefined, 'request_not_supported', 'request objects are not taken'],
  [({ request_uri }) => request_uri !== undefined, 'request_uri_not_supported', 'only request_uri values from the PAR endpoint are taken'],
  [({ registration }) => registration !== undefined, 'registration_not_supported', 'registration is not taken'],
  [(_, { kind }) => !mayUseGrant(kind, GRANT_TYPES.code), 'unauthorized_client', 'this client has no users'],
  [({ response_type }) => response_type === undefined, 'invalid_request', 'response_type is missing'],
  // Tokens in an address are read by whoever reads addresses (RFC 9700 2.1.2).
  [
    ({ response_type = '' }) => !RESPONSE_TYPES.includes(response_type),
    'unsupported_response_type',
    `response_type must be ${RESPONSE_TYPES.join(' or ')}`,
  ],
  [
    ({ response_type, redirect_uri }, client) => response_type === 'none' && !isAtItsOrigin(client, redirect_uri),
    'unauthorized_client',
    'response_type none is for apps in the browser, answered at their own origin',
  ],
  // A cookie cannot be bound to a key: who asks for that must not believe that it is.
  [({ response_type, dpop_jkt }) => response_type === 'none' && dpop_jkt !== undefined, 'invalid_request', 'dpop_jkt is for codes'],
  [({ response_mode = 'query' }) => response_mode !== 'query', 'invalid_request', 'response_mode must be query'],
  [missesChallenge, 'invalid_request', 'code_challenge is missing (PKCE)'],
  // `plain` is what a missing method means, and protects nothing from who reads the request (RFC 9700 2.1.1).
  [
    ({ code_challenge_method: method = 'plain', code_challenge }) => code_challenge !== undefined && method !== 'S256',
    'invalid_request',
    'code_challenge_method must be S256',
  ],
  [({ code_challenge }) => code_challenge !== undefined && !isThumbprint(code_challenge), 'invalid_request', 'code_challenge is malformed'],
  [
    ({ code_challenge, code_challenge_method }) => code_challenge === undefined && code_challenge_method !== undefined,
    'invalid_request',
    'code_challenge is missing',
  ],
  [({ dpop_jkt }) => dpop_jkt !== undefined && !isThumbprint(dpop_jkt), 'invalid_request', 'dpop_jkt is malformed'],
  [({ nonce = '' }) => nonce.length > NONCE_MAX, 'invalid_request', 'nonce is longer than 1024 characters'],
  [({ scope }, client) => allowedScope(client, scope) === null, 'invalid_scope', 'a scope is unknown or not for this client'],
  [
    ({ resource, audience }, { id }) => [resource, audience].some((target) => target !== undefined && target !== id),
    'invalid_target',
    'tokens are for the client itself',
  ],
  [({ prompt }) => promptOf(prompt).some((word) => !PROMPTS.includes(word)), 'invalid_request', 'prompt has an unknown value'],
  [({ prompt }) => promptOf(prompt).includes('none') && promptOf(prompt).length > 1, 'invalid_request', 'prompt=none stands alone'],
  [({ max_age }) => max_age !== undefined && !/^\d{1,9}$/.test(max_age), 'invalid_request', 'max_age is no number of seconds'],
];

/** Throws `OAuthRefusal`, which the site is told at its own address. */
export function readAuthorizeRequest(opened: OpenedRequest): AuthorizeRequest {
  const { parameters: sent, client } = opened;
  for (const [wrong, code, description] of CHECKS) if (wrong(sent, client)) throw new OAuthRefusal(code, description);
  return {
    ...opened,
    scope: allowedScope(client, sent['scope']) ?? '',
    nonce: sent['nonce'] ?? null,
    byCookie: sent['response_type'] === 'none',
    challenge: sent['code_challenge'] ?? '',
    dpopKey: sent['dpop_jkt'] ?? '',
    prompt: new Set(promptOf(sent['prompt'])),
    maxAge: sent['max_age'] === undefined ? null : Number(sent['max_age']),
  };
}

/** An app without a backend whose page gets the answer: that page has the exact origin from which its cookie counts. */
function isAtItsOrigin({ kind, authentication, origins }: Client, redirectUri: string | undefined): boolean {
  const origin = redirectUri === undefined ? undefined : URL.parse(redirectUri)?.origin;
  return kind === 'spa' && authentication === 'none' && origin !== undefined && origins.includes(origin);
}

/** RFC 9700 2.1.1: only an OpenID client that is allowed to may bring a nonce instead. What it does bring is enforced. */
function missesChallenge({ response_type, code_challenge, nonce, scope = '' }: Parameters, client: Client): boolean {
  // PKCE protects a code, and there is none.
  if (code_challenge !== undefined || response_type === 'none') return false;
  return client.pkce !== 'nonce' || nonce === undefined || !hasScope(scope, 'openid');
}

/** SHA-256 in base64url, as challenges and thumbprints are. */
function isThumbprint(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}

function promptOf(prompt: string | undefined): readonly string[] {
  return (prompt ?? '').split(' ').filter((word) => word !== '');
}

/** The site's address with an answer in its query. The address is one that is registered, so nothing of it is taken apart. */
export function answerAddress(
  { config }: Pick<Deps, 'config'>,
  { redirectUri, parameters }: Pick<OpenedRequest, 'redirectUri' | 'parameters'>,
  answer: Readonly<Record<string, string>>,
): string {
  const state = parameters['state'];
  const echoed = state === undefined || state.length > STATE_MAX ? {} : { state };
  // RFC 9207: who answered, so that a site with several sign-in services is not mixed up about it.
  const query = new URLSearchParams({ ...answer, ...echoed, iss: config.origin });
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query.toString()}`;
}
