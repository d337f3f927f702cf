import { type AddressProblem, findOriginProblem, findRedirectProblem, findWebProblem } from '@portico/protocol/addresses';
import { isConfidential } from '@portico/protocol/clients';
import { LONGEST_ACCESS_LIFE, SCOPES } from '@portico/protocol/tokens';
import { CLIENT_ID_FORM } from './authenticate-client.ts';
import { addressSentence } from './check-address.ts';
import { type Client, type ClientAuthentication, type NewClient, PLAIN_CLIENT } from './client.ts';
import { readClientKeys } from './client-keys.ts';
import { type ClientProblem, wrong } from './client-problem.ts';

/** What somebody wants to register; what is left out is as it usually is. */
export type ClientWish = Pick<NewClient, 'name' | 'kind'> & Partial<Omit<NewClient, 'name' | 'kind'>>;
/** A client as it can be kept, but for the name that is made for it. */
export type CheckedClient = Required<Omit<NewClient, 'id'>> & Pick<ClientWish, 'id'>;

export type Checked =
  | { readonly kind: 'good'; readonly client: CheckedClient }
  | { readonly kind: 'bad'; readonly problems: readonly ClientProblem[] };

/** In milliseconds. */
const ACCESS_LIVES = [2 * 60_000, LONGEST_ACCESS_LIFE] as const;
const IDLE_LIVES = [15 * 60_000, 400 * 86_400_000] as const;
const ADDRESSES_MAX = 50;
const ROLES_MAX = 100;
export const ROLE_FORM = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/;
/** RFC 6749 3.3. */
const SCOPE_FORM = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
/** No control characters, no line ends, nothing that turns the direction of writing around or cannot be seen: people read it when they agree. */
const NAME_FORM = /^[^\p{C}\p{Zl}\p{Zp}]{1,80}$/u;

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
    ...(keys?.kind === 'bad' ? [wrong('jwks', keys.code, keys.problem)] : []),
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

function findNameProblems({ id, name }: CheckedClient): ClientProblem[] {
  const problems: ClientProblem[] = [];
  if (!NAME_FORM.test(name) || name.trim() !== name)
    problems.push(wrong('name', 'name_malformed', 'the name must be 1 to 80 visible characters in one line'));
  if (id !== undefined && !CLIENT_ID_FORM.test(id))
    problems.push(wrong('id', 'id_malformed', 'the id must be 1 to 64 letters, digits, dots, dashes or underscores'));
  return problems;
}

function findAddressProblems(client: CheckedClient): ClientProblem[] {
  const { kind, redirectUris, postLogoutUris, origins, backchannelLogoutUri, logoUri } = client;
  const problems = [
    ...each('redirectUris', 'redirect URI', redirectUris, (uri) => findRedirectProblem(kind, uri)),
    ...each('postLogoutUris', 'post-logout URI', postLogoutUris, (uri) => findRedirectProblem(kind, uri)),
    ...each('origins', 'origin', origins, findOriginProblem),
    ...each('backchannelLogoutUri', 'back-channel logout URI', [backchannelLogoutUri ?? []].flat(), findWebProblem),
    ...each('logoUri', 'logo URI', [logoUri ?? []].flat(), findWebProblem),
  ];
  const notForKind = (field: keyof Client, sentence: string) => problems.push(wrong(field, 'not_for_kind', sentence));
  if ((kind === 'web' || kind === 'spa') && redirectUris.length === 0)
    problems.push(wrong('redirectUris', 'missing', `a ${kind} client needs a redirect URI`));
  if (kind === 'machine' && redirectUris.length + postLogoutUris.length > 0)
    notForKind(redirectUris.length > 0 ? 'redirectUris' : 'postLogoutUris', 'a machine client has no users to send back');
  if ((kind === 'spa' || kind === 'secondary') && origins.length !== 1)
    problems.push(wrong('origins', 'origin_one', `a ${kind} client has exactly one origin`));
  if ((kind === 'native' || kind === 'machine') && origins.length > 0)
    notForKind('origins', `a ${kind} client has no origin: only pages have one`);
  if (backchannelLogoutUri !== null && kind !== 'web' && kind !== 'secondary')
    notForKind('backchannelLogoutUri', `a ${kind} client has no backend that could be told of a logout`);
  return problems;
}

function each(field: keyof Client, what: string, given: readonly string[], find: (one: string) => AddressProblem | null): ClientProblem[] {
  const problems = given.flatMap((one) => {
    const problem = find(one);
    if (problem === null) return [];
    const about = problem.written === null ? one : `${one} → ${problem.written}`;
    return [wrong(field, problem.flaw, `${what} ${JSON.stringify(one)} ${addressSentence(problem)}`, about)];
  });
  if (new Set(given).size < given.length) problems.push(wrong(field, 'listed_twice', `a ${what} is there twice`, twiceIn(given)));
  if (given.length > ADDRESSES_MAX) problems.push(wrong(field, 'too_many', `there are more than ${ADDRESSES_MAX} ${what}s`));
  return problems;
}

function twiceIn(words: readonly string[]): string | null {
  return words.find((word, at) => words.indexOf(word) < at) ?? null;
}

function findWordProblems({ kind, scopes, roles, audiences, authentication }: CheckedClient): ClientProblem[] {
  const problems: ClientProblem[] = [];
  const known: readonly string[] = SCOPES;
  for (const scope of scopes) {
    if (kind === 'machine' ? known.includes(scope) || !SCOPE_FORM.test(scope) : !known.includes(scope))
      problems.push(
        kind === 'machine'
          ? wrong(
              'scopes',
              'scope_reserved',
              `a machine client cannot have the scope ${JSON.stringify(scope)}: it has no user, and names its own scopes`,
              scope,
            )
          : wrong('scopes', 'scope_unknown', `there is no scope ${JSON.stringify(scope)}: there are ${SCOPES.join(', ')}`, scope),
      );
  }
  if (kind === 'machine' && roles.length > 0)
    problems.push(wrong('roles', 'not_for_kind', 'a machine client has no users who could have roles'));
  const malformed = roles.find((role) => !ROLE_FORM.test(role));
  if (malformed !== undefined)
    problems.push(wrong('roles', 'role_malformed', 'a role is 1 to 64 letters, digits or one of . _ : / -', malformed));
  if (roles.length > ROLES_MAX) problems.push(wrong('roles', 'too_many', `there are more than ${ROLES_MAX} roles`));
  for (const [field, what, words] of [
    ['scopes', 'scope', scopes],
    ['roles', 'role', roles],
    ['audiences', 'audience', audiences],
  ] as const)
    if (new Set(words).size < words.length) problems.push(wrong(field, 'listed_twice', `a ${what} is there twice`, twiceIn(words)));
  if (audiences.length > 0 && authentication === 'none')
    problems.push(wrong('audiences', 'proof_needed', 'only a client that proves itself can be told of revocations at other clients'));
  return problems;
}

function findProofProblems({ kind, authentication, jwks, pkce, scopes }: CheckedClient): ClientProblem[] {
  const problems: ClientProblem[] = [];
  if (!isConfidential(kind) && authentication !== 'none')
    problems.push(
      wrong(
        jwks === null ? 'authentication' : 'jwks',
        'not_for_kind',
        `a ${kind} client cannot prove itself (--authentication): what is shipped to people is no secret`,
      ),
    );
  if (isConfidential(kind) && authentication === 'none')
    problems.push(wrong('authentication', 'proof_needed', `a ${kind} client proves itself: by secret or private_key_jwt`));
  if (authentication === 'private_key_jwt' && jwks === null)
    problems.push(wrong('jwks', 'keys_needed', 'private_key_jwt needs the public keys of the client (a JWKS)'));
  if (authentication !== 'private_key_jwt' && jwks !== null)
    problems.push(wrong('jwks', 'keys_unneeded', 'a JWKS goes with private_key_jwt only'));
  // RFC 9700 2.1.1: a nonce in place of PKCE only where OpenID Connect carries it, and the code is redeemed with a proof.
  if (pkce === 'nonce' && (authentication === 'none' || !scopes.includes('openid')))
    problems.push(
      wrong('pkce', 'nonce_refused', 'PKCE can be replaced by a nonce only for a client that proves itself and has the scope openid'),
    );
  return problems;
}

function findTokenProblems({ kind, accessAlg, accessLife, idleLife, confirmation, redirectUris }: CheckedClient): ClientProblem[] {
  const problems: ClientProblem[] = [];
  if (accessAlg === 'HS256' && !isConfidential(kind))
    problems.push(wrong('accessAlg', 'not_for_kind', `a ${kind} client cannot have HS256: it could not keep the secret that signs`));
  if (accessLife !== null && !isWithin(accessLife, ACCESS_LIVES))
    problems.push(wrong('accessLife', 'access_life', 'access tokens live 2 to 15 minutes'));
  if (idleLife !== null && !isWithin(idleLife, IDLE_LIVES))
    problems.push(wrong('idleLife', 'idle_life', 'the idle life is 15 minutes to 400 days'));
  if (idleLife !== null && kind === 'machine')
    problems.push(wrong('idleLife', 'not_for_kind', 'a machine client has no sign-ins that could rest'));
  const isClaimed = redirectUris.length > 0 && redirectUris.every((uri) => uri.startsWith('https://'));
  if (kind === 'native' && confirmation !== 'always' && !isClaimed)
    problems.push(
      wrong(
        'confirmation',
        'confirm_always',
        'a native client is confirmed always, because another app may answer at its redirect URI; with https addresses only it may be once',
      ),
    );
  if (kind === 'native' && confirmation === 'auto' && isClaimed)
    problems.push(wrong('confirmation', 'confirm_once', 'a native client is confirmed once at least'));
  return problems;
}

function isWithin(value: number, [least, most]: readonly [number, number]): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
