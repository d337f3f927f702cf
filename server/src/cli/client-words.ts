import { ACCESS_ALGS, SIGNING_ALGS } from '@portico/protocol/tokens';
import { type Email, parseEmail } from '../accounts/email.ts';
import type { ClientWish } from '../clients/check-client.ts';
import { CLIENT_AUTHENTICATIONS, CLIENT_KINDS, CONFIRMATIONS } from '../clients/client.ts';
import { duration } from '../config/kinds.ts';

/** What `portico client …` asks for. */
export type ClientCommand =
  | { readonly kind: 'client-add'; readonly wish: ClientWish; readonly jwksFile: string | null; readonly json: boolean }
  | { readonly kind: 'client-list'; readonly json: boolean }
  | {
      readonly kind: 'client-rotate-secret';
      readonly id: string;
      readonly what: 'secret' | 'jwt';
      readonly overlap: number;
      readonly json: boolean;
    }
  | { readonly kind: 'client-replace-keys'; readonly id: string; readonly jwksFile: string; readonly json: boolean }
  | { readonly kind: 'client-remove'; readonly id: string; readonly json: boolean }
  | { readonly kind: 'client-disable'; readonly id: string; readonly json: boolean }
  | { readonly kind: 'client-enable'; readonly id: string; readonly json: boolean }
  | {
      readonly kind: 'client-roles';
      readonly id: string;
      readonly email: Email;
      readonly set: readonly string[] | null;
      readonly json: boolean;
    };

const COMMANDS = ['add', 'list', 'rotate-secret', 'remove', 'disable', 'enable', 'roles'] as const;
export type ClientName = `client ${(typeof COMMANDS)[number]}`;

/** Each may come several times for the reader of arguments, so that one that comes twice by mistake is seen. */
const text = { type: 'string', multiple: true } as const;
export const CLIENT_OPTIONS = {
  name: text,
  kind: text,
  id: text,
  'redirect-uri': text,
  'post-logout-uri': text,
  'backchannel-logout-uri': text,
  'logo-uri': text,
  origin: text,
  scope: text,
  role: text,
  audience: text,
  authentication: text,
  jwks: text,
  pkce: text,
  'access-alg': text,
  'id-alg': text,
  'access-life': text,
  'idle-life': text,
  confirmation: text,
  'reuse-ends': text,
  overlap: text,
  user: text,
  set: text,
  jwt: { type: 'boolean' },
} as const;

type Option = Exclude<keyof typeof CLIENT_OPTIONS, 'jwt'>;
export type ClientOptions = Readonly<Partial<Record<Option, string[]>>> & { readonly jwt?: boolean };

const OF_ANOTHER_COMMAND: readonly string[] = ['overlap', 'user', 'set', 'jwt'];
export const CLIENT_TAKES: Readonly<Record<ClientName, readonly string[]>> = {
  'client add': ['json', ...Object.keys(CLIENT_OPTIONS).filter((option) => !OF_ANOTHER_COMMAND.includes(option))],
  'client list': ['json'],
  'client rotate-secret': ['json', 'overlap', 'jwt', 'jwks'],
  'client remove': ['json'],
  'client disable': ['json'],
  'client enable': ['json'],
  'client roles': ['json', 'user', 'set'],
};

export const CLIENT_HELP = `  client add             register a client site; its secret is shown once
  client list            show the client sites
  client rotate-secret ID
                         make a new secret; the old one works for 24h more (--overlap),
                         with --jwt the one that signs HS256 tokens, with --jwks other keys
  client disable ID      take a site out of service: every sign-in there ends now
  client enable ID       take it back in
  client remove ID       end every sign-in there and forget the site
  client roles ID --user EMAIL
                         show a user's roles at a site; --set a,b changes them
`;

export const CLIENT_ADD_HELP = `Options of client add (docs/client-sites.md explains them)
  --name NAME            how people know the site
  --kind KIND            ${CLIENT_KINDS.join(' | ')}
  --id ID                the client id; made from the name unless given
  --redirect-uri URI     where people are sent back to; each address once more
  --post-logout-uri URI  the same after signing out
  --backchannel-logout-uri URI
                         what Portico calls when a sign-in ends
  --logo-uri URI         shown when people are asked
  --origin ORIGIN        of the site's own pages (spa, secondary: exactly one)
  --scope A,B            scopes that it may ask for
  --role A,B             roles that the site defines
  --audience ID,ID       clients whose revocations it is told
  --authentication HOW   secret | private_key_jwt
  --jwks FILE            public keys for private_key_jwt, a JWK Set
  --pkce required | nonce
  --access-alg ALG       of access tokens: ${ACCESS_ALGS.join(' | ')}
  --id-alg ALG           of ID tokens: ${SIGNING_ALGS.join(' | ')}
  --access-life 5m       of access tokens, 2m to 15m
  --idle-life 30d        how long a sign-in there may rest
  --confirmation WHEN    whether people are asked: ${CONFIRMATIONS.join(' | ')}
  --reuse-ends grant | session
                         what a copied refresh token ends
`;

export function nameClientCommand(word: string | undefined): ClientName | null {
  const known = COMMANDS.find((each) => each === word);
  return known === undefined ? null : `client ${known}`;
}

/** A text is the problem, in one line. */
export function parseClient(name: ClientName, word: string | undefined, options: ClientOptions, json: boolean): ClientCommand | string {
  if (name === 'client list') return { kind: 'client-list', json };
  const twice = SINGLE.find((option) => (options[option]?.length ?? 0) > 1);
  if (twice !== undefined) return `--${twice} came more than once`;
  if (name === 'client add') return parseAdd(options, json);
  if (word === undefined || word === '') return `${name} needs the id of a client; client list shows them`;
  switch (name) {
    case 'client rotate-secret':
      return parseRotate(word, options, json);
    case 'client roles':
      return parseRoles(word, options, json);
    case 'client remove':
      return { kind: 'client-remove', id: word, json };
    case 'client disable':
      return { kind: 'client-disable', id: word, json };
    case 'client enable':
      return { kind: 'client-enable', id: word, json };
  }
}

const LISTS: readonly string[] = ['redirect-uri', 'post-logout-uri', 'origin', 'scope', 'role', 'audience', 'set'];
const SINGLE = (Object.keys(CLIENT_OPTIONS) as (keyof typeof CLIENT_OPTIONS)[]).filter(
  (option): option is Option => option !== 'jwt' && !LISTS.includes(option),
);

function parseAdd(options: ClientOptions, json: boolean): ClientCommand | string {
  const given = (option: Option) => options[option]?.[0];
  const name = given('name');
  if (name === undefined) return 'client add needs --name, as people know the site';
  const choices = {
    kind: choose('kind', given('kind'), CLIENT_KINDS),
    authentication: choose('authentication', given('authentication'), CLIENT_AUTHENTICATIONS),
    pkce: choose('pkce', given('pkce'), ['required', 'nonce']),
    accessAlg: choose('access-alg', given('access-alg'), ACCESS_ALGS),
    idAlg: choose('id-alg', given('id-alg'), SIGNING_ALGS),
    confirmation: choose('confirmation', given('confirmation'), CONFIRMATIONS),
    reuseEnds: choose('reuse-ends', given('reuse-ends'), ['grant', 'session']),
    accessLife: lifeOf('access-life', given('access-life')),
    idleLife: lifeOf('idle-life', given('idle-life')),
  };
  const problem = Object.values(choices).find((choice) => choice.problem !== undefined)?.problem;
  if (problem !== undefined) return problem;
  const kind = choices.kind.value;
  if (kind === undefined) return `client add needs --kind: ${CLIENT_KINDS.join(', ')}`;
  const wish: Record<string, unknown> = {
    name,
    ...Object.fromEntries(Object.entries(choices).map(([field, { value }]) => [field, value])),
    id: given('id'),
    redirectUris: options['redirect-uri'],
    postLogoutUris: options['post-logout-uri'],
    origins: options.origin,
    backchannelLogoutUri: given('backchannel-logout-uri'),
    logoUri: given('logo-uri'),
    scopes: words(options.scope),
    roles: words(options.role),
    audiences: words(options.audience),
  };
  // What was not said is left out, so that it is as usual.
  const said = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
  return { kind: 'client-add', wish: { ...said, name, kind }, jwksFile: given('jwks') ?? null, json };
}

type Choice<T> = { readonly value: T | undefined; readonly problem?: never } | { readonly problem: string; readonly value?: never };

function choose<const T extends string>(option: Option, given: string | undefined, known: readonly T[]): Choice<T> {
  const value = known.find((each) => each === given);
  return given !== undefined && value === undefined ? { problem: `--${option} is one of ${known.join(', ')}` } : { value };
}

const LIFE = duration('0s', '400d');
function lifeOf(option: Option, given: string | undefined): Choice<number> {
  if (given === undefined) return { value: undefined };
  const parsed = LIFE.parse(given === '0' ? '0s' : given);
  return 'value' in parsed ? { value: parsed.value } : { problem: `--${option} ${parsed.problem}` };
}

function words(given: readonly string[] | undefined): string[] | undefined {
  return given?.flatMap((list) => list.split(',')).filter((word) => word !== '');
}

const OVERLAP_STANDARD = '24h';
function parseRotate(id: string, { overlap, jwt = false, jwks }: ClientOptions, json: boolean): ClientCommand | string {
  if (jwks?.[0] !== undefined) {
    if (jwt || overlap !== undefined) return '--jwks stands alone: two keys in one set are the overlap';
    return { kind: 'client-replace-keys', id, jwksFile: jwks[0], json };
  }
  const life = lifeOf('overlap', overlap?.[0] ?? OVERLAP_STANDARD);
  if (life.problem !== undefined) return life.problem;
  return { kind: 'client-rotate-secret', id, what: jwt ? 'jwt' : 'secret', overlap: life.value ?? 0, json };
}

function parseRoles(id: string, { user, set }: ClientOptions, json: boolean): ClientCommand | string {
  const email = parseEmail(user?.[0] ?? '');
  if (email === null) return 'client roles needs --user with an e-mail address';
  return { kind: 'client-roles', id, email, set: words(set) ?? null, json };
}
