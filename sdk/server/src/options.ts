import type { Needs } from './needs.ts';

/** What to do while nothing is heard of revocations: accept what is signed and unexpired, ask Portico about each session, or refuse with 503. */
export type RevocationMode = 'accept' | 'revalidate' | 'reject';

export interface VerifierOptions {
  /** Portico's origin, exactly as it stands in `iss`. */
  readonly issuer: string;
  /** For whom the tokens are made that are accepted here: the client id of the site. */
  readonly audience: string | readonly string[];
  /** Who listens to revocations: a client with a secret. Its id is the audience unless said otherwise. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Of a site whose tokens are HS256: its own JWT secret. Then no other signature is accepted, as without it HS256 never is. */
  readonly jwtSecret?: string;
  /** While it is being replaced: the new one and the old one. */
  readonly jwtSecrets?: readonly string[];
  /** `revalidate`, unless said otherwise here or for one request. */
  readonly revocation?: RevocationMode;
  /** How far clocks may differ, in seconds: 5, and 30 at most. */
  readonly leeway?: number;
  /** What every route asks for; a route replaces what it names itself. */
  readonly needs?: Needs;
  /** How many verified tokens are kept, so that each costs one signature: 10,000, about 2 KB each. 0: none, and every request costs one. */
  readonly cacheSize?: number;
  /** Where Portico is reached from here, when that is not its public address. */
  readonly url?: string;
  readonly fetch?: typeof fetch;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Hears what an operator should know. */
  readonly warn?: (sentence: string) => void;
}

export interface Settings {
  readonly issuer: string;
  readonly audiences: ReadonlySet<string>;
  readonly url: string;
  readonly credentials: { readonly clientId: string; readonly authorization: string } | null;
  readonly jwtSecrets: readonly Uint8Array[];
  readonly mode: RevocationMode;
  readonly leeway: number;
  readonly needs: Needs;
  readonly cacheSize: number;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly warn: (sentence: string) => void;
}

const LEEWAY_MAX = 30;
const CACHE_SIZE = 10_000;
const CACHE_SIZE_MAX = 1_000_000;
/** RFC 7518 3.2: a key of the size of the hash. */
const JWT_SECRET_MIN = 32;

/** Throws TypeError: what is wrong here is wrong for every request. */
export function readOptions(options: VerifierOptions): Settings {
  const { issuer, leeway = 5, url = issuer, clientSecret, needs = {}, cacheSize = CACHE_SIZE } = options;
  if (!URL.canParse(issuer)) throw new TypeError('issuer must be the origin of Portico, such as https://auth.example.com');
  const audiences = new Set(typeof options.audience === 'string' ? [options.audience] : options.audience);
  const [first] = audiences;
  // Without an audience the token of any site would open this one.
  if (first === undefined || audiences.has('')) throw new TypeError('audience must name the client whose tokens are accepted');
  if (!(leeway >= 0 && leeway <= LEEWAY_MAX)) throw new TypeError(`leeway must be 0 to ${LEEWAY_MAX} seconds`);
  if (!(Number.isInteger(cacheSize) && cacheSize >= 0 && cacheSize <= CACHE_SIZE_MAX))
    throw new TypeError(`cacheSize must be 0 to ${CACHE_SIZE_MAX} tokens`);
  const secrets = [...(options.jwtSecret === undefined ? [] : [options.jwtSecret]), ...(options.jwtSecrets ?? [])];
  const jwtSecrets = secrets.map((text) => new TextEncoder().encode(text));
  if (jwtSecrets.some(({ length }) => length < JWT_SECRET_MIN)) throw new TypeError(`a JWT secret has ${JWT_SECRET_MIN} bytes or more`);
  const clientId = options.clientId ?? first;
  const credentials = clientSecret === undefined || clientSecret === '' ? null : { clientId, authorization: basic(clientId, clientSecret) };
  if (credentials === null && options.revocation !== undefined && options.revocation !== 'accept')
    throw new TypeError(`revocation: '${options.revocation}' needs clientSecret: without it nothing is heard of revocations`);
  return {
    issuer,
    audiences,
    url: url.replace(/\/$/, ''),
    credentials,
    jwtSecrets,
    mode: credentials === null ? 'accept' : (options.revocation ?? 'revalidate'),
    leeway,
    needs,
    cacheSize,
    fetch: options.fetch ?? fetch,
    now: options.now ?? Date.now,
    warn: options.warn ?? ((sentence) => console.warn(`portico: ${sentence}`)),
  };
}

/** RFC 6749 2.3.1: id and secret are form-encoded before they are joined. */
function basic(id: string, secret: string): string {
  const text = [id, secret].map((part) => encodeURIComponent(part)).join(':');
  return `Basic ${btoa(text)}`;
}
