import { SCOPES } from '@portico/protocol/tokens';
import { CLIENT_ID_FORM } from './authenticate-client.ts';
import { findOriginProblem, findRedirectProblem, findWebProblem } from './check-address.ts';
import { type ClientAuthentication, type ClientKind, type NewClient, PLAIN_CLIENT } from './client.ts';
import { readClientKeys } from './client-keys.ts';

/** What somebody wants to register; what is left out is as it usually is. */
export type ClientWish = Pick<NewClient, 'name' | 'kind'> & Partial<Omit<NewClient, 'name' | 'kind'>>;
/** A client as it can be kept, but for the name that is made for it. */
export type CheckedClient = Required<Omit<NewClient, 'id'>> & Pick<ClientWish, 'id'>;

export type Checked =
  | { readonly kind: 'good'; readonly client: CheckedClient }
  | { readonly kind: 'bad'; readonly problems: readonly string[] };

/** In milliseconds. */
const ACCESS_LIVES = [2 * 60_000, 15 * 60_000] as const;
const IDLE_LIVES = [15 * 60_000, 400 * 86_400_000] as const;
const ADDRESSES_MAX = 50;
const ROLES_MAX = 100;
export const ROLE_FORM = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/;
/** RFC 6749 3.3. */
const SCOPE_FORM = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
/** No control characters, no line ends, nothing that turns the direction of writing around or cannot be seen: people read it when they agree. */
const NAME_FORM = /^[^\p{C}\p{Zl}\p{Zp}]{1,80}$/u;

/** Clients whose program runs where nobody else can look into it, and so may have a secret. */
export const isConfidential = (kind: ClientKind): boolean => kind === 'web' || kind === 'machine' || kind === 'secondary';

/** All that is wrong with a registration by itself, at once; what only the other clients can tell comes when it is registered. */
export function checkClient(wish: ClientWish): Checked {
  const client = withUsual(wish);
  const keys = client.jwks === null ? null : readClientKeys(client.jwks);
  const problems = [
    ...findNameProblems(client),
    ...findAddressProblems(client),
    ...findWordProblems(client),
    ...findProofProblems(client),
    ...findTokenProblems(client),
    ...(keys?.kind === 'bad' ? [keys.problem] : []),
  ];
  if (problems.length > 0) return { kind: 'bad', problems };
  return { kind: 'good', client: keys?.kind === 'good' ? { ...client, jwks: keys.text } : client };
}

/**
 * A native app cannot show who it is: another one may claim the same scheme or port (RFC 8252 8.6). So it is asked each time, unless its
 * redirects are https addresses that the system gives to nobody else.
 */
function withUsual(wish: ClientWish): CheckedClient {
  const authentication: ClientAuthentication = !isConfidential(wish.kind) ? 'none' : wish.jwks == null ? 'secret' : 'private_key_jwt';
  const confirmation = wish.kind === 'native' ? 'always' : PLAIN_CLIENT.confirmation;
  const scopes = wish.kind === 'machine' ? [] : PLAIN_CLIENT.scopes;
  return { ...PLAIN_CLIENT, authentication, confirmation, scopes, ...wish };
}

function findNameProblems({ id, name }: CheckedClient): string[] {
  const problems: string[] = [];
  if (!NAME_FORM.test(name) || name.trim() !== name) problems.push('the name must be 1 to 80 visible characters in one line');
  if (id !== undefined && !CLIENT_ID_FORM.test(id)) problems.push('the id must be 1 to 64 letters, digits, dots, dashes or underscores');
  return problems;
}

function findAddressProblems(client: CheckedClient): string[] {
  const { kind, redirectUris, postLogoutUris, origins, backchannelLogoutUri, logoUri } = client;
  const problems = [
    ...each('redirect URI', redirectUris, (uri) => findRedirectProblem(kind, uri)),
    ...each('post-logout URI', postLogoutUris, (uri) => findRedirectProblem(kind, uri)),
    ...each('origin', origins, findOriginProblem),
    ...each('back-channel logout URI', [backchannelLogoutUri ?? []].flat(), findWebProblem),
    ...each('logo URI', [logoUri ?? []].flat(), findWebProblem),
  ];
  if ((kind === 'web' || kind === 'spa') && redirectUris.length === 0) problems.push(`a ${kind} client needs a redirect URI`);
  if (kind === 'machine' && redirectUris.length + postLogoutUris.length > 0) problems.push('a machine client has no users to send back');
  if ((kind === 'spa' || kind === 'secondary') && origins.length !== 1) problems.push(`a ${kind} client has exactly one origin`);
  if (kind !== 'spa' && kind !== 'secondary' && origins.length > 0)
    problems.push(`a ${kind} client has no origin: only pages that call Portico have one`);
  if (backchannelLogoutUri !== null && kind !== 'web' && kind !== 'secondary')
    problems.push(`a ${kind} client has no backend that could be told of a logout`);
  return problems;
}

function each(what: string, given: readonly string[], find: (one: string) => string | null): string[] {
  const problems = given.flatMap((one) => {
    const problem = find(one);
    return problem === null ? [] : [`${what} ${JSON.stringify(one)} ${problem}`];
  });
  if (new Set(given).size < given.length) problems.push(`a ${what} is there twice`);
  if (given.length > ADDRESSES_MAX) problems.push(`there are more than ${ADDRESSES_MAX} ${what}s`);
  return problems;
}

function findWordProblems({ kind, scopes, roles, audiences, authentication }: CheckedClient): string[] {
  const problems: string[] = [];
  const known: readonly string[] = SCOPES;
  for (const scope of scopes) {
    if (kind === 'machine' ? known.includes(scope) || !SCOPE_FORM.test(scope) : !known.includes(scope))
      problems.push(
        kind === 'machine'
          ? `a machine client cannot have the scope ${JSON.stringify(scope)}: it has no user, and names its own scopes`
          : `there is no scope ${JSON.stringify(scope)}: there are ${SCOPES.join(', ')}`,
      );
  }
  if (kind === 'machine' && roles.length > 0) problems.push('a machine client has no users who could have roles');
  if (roles.some((role) => !ROLE_FORM.test(role))) problems.push('a role is 1 to 64 letters, digits or one of . _ : / -');
  if (roles.length > ROLES_MAX) problems.push(`there are more than ${ROLES_MAX} roles`);
  for (const [what, words] of [
    ['scope', scopes],
    ['role', roles],
    ['audience', audiences],
  ] as const)
    if (new Set(words).size < words.length) problems.push(`a ${what} is there twice`);
  if (audiences.length > 0 && authentication === 'none')
    problems.push('only a client that proves itself can be told of revocations at other clients');
  return problems;
}

function findProofProblems({ kind, authentication, jwks, pkce, scopes }: CheckedClient): string[] {
  const problems: string[] = [];
  if (!isConfidential(kind) && authentication !== 'none')
    problems.push(`a ${kind} client cannot prove itself (--authentication): what is shipped to people is no secret`);
  if (isConfidential(kind) && authentication === 'none') problems.push(`a ${kind} client proves itself: by secret or private_key_jwt`);
  if (authentication === 'private_key_jwt' && jwks === null) problems.push('private_key_jwt needs the public keys of the client (a JWKS)');
  if (authentication !== 'private_key_jwt' && jwks !== null) problems.push('a JWKS goes with private_key_jwt only');
  // RFC 9700 2.1.1: a nonce in place of PKCE only where OpenID Connect carries it, and the code is redeemed with a proof.
  if (pkce === 'nonce' && (authentication === 'none' || !scopes.includes('openid')))
    problems.push('PKCE can be replaced by a nonce only for a client that proves itself and has the scope openid');
  return problems;
}

function findTokenProblems({ kind, accessAlg, accessLife, idleLife, confirmation, redirectUris }: CheckedClient): string[] {
  const problems: string[] = [];
  if (accessAlg === 'HS256' && !isConfidential(kind))
    problems.push(`a ${kind} client cannot have HS256: it could not keep the secret that signs`);
  if (accessLife !== null && !isWithin(accessLife, ACCESS_LIVES)) problems.push('access tokens live 2 to 15 minutes');
  if (idleLife !== null && !isWithin(idleLife, IDLE_LIVES)) problems.push('the idle life is 15 minutes to 400 days');
  if (idleLife !== null && kind === 'machine') problems.push('a machine client has no sign-ins that could rest');
  const isClaimed = redirectUris.length > 0 && redirectUris.every((uri) => uri.startsWith('https://'));
  if (kind === 'native' && confirmation !== 'always' && !isClaimed)
    problems.push(
      'a native client is confirmed always, because another app may answer at its redirect URI; with https addresses only it may be once',
    );
  if (kind === 'native' && confirmation === 'auto' && isClaimed) problems.push('a native client is confirmed once at least');
  return problems;
}

function isWithin(value: number, [least, most]: readonly [number, number]): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
