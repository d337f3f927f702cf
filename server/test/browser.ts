import { randomBytes } from 'node:crypto';
import { COOKIES, HEADERS, SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, fillPath } from '@portico/protocol/routes';
import type { FastifyInstance, InjectOptions } from 'fastify';

/** Firefox on Windows. */
export const USER_AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0';

export interface BrowserOptions {
  readonly address?: string;
  readonly origin?: string;
  readonly userAgent?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  /** The body as JSON; `{}` where there is none. */
  readonly body: Readonly<Record<string, unknown>> & { readonly error?: string };
  /** `Set-Cookie` lines. */
  readonly setCookies: readonly string[];
}

interface StoredCookie {
  readonly value: string;
  /** Epoch milliseconds, or null for a cookie that ends with the browser. */
  readonly endsAt: number | null;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** The answer is lost on its way: the server did its work, the jar learns nothing. */
  readonly lose?: boolean;
  /** Fills `:id` and `:authProvider`. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
}

const METHODS: Readonly<Partial<Record<keyof typeof AUTH_PATHS, 'GET' | 'DELETE'>>> = {
  oAuthUrl: 'GET',
  providerStart: 'GET',
  providerCallback: 'GET',
  myIdentityTokens: 'DELETE',
  session: 'GET',
  me: 'GET',
  mySessions: 'GET',
  myActivity: 'GET',
  myExport: 'GET',
  myIdentities: 'GET',
  myIdentity: 'DELETE',
  mySession: 'DELETE',
  mySites: 'GET',
  mySite: 'DELETE',
};

/** A browser as the server sees one: a cookie jar that keeps to Max-Age, one origin, fetch metadata. No page, no script. */
export class Browser {
  readonly jar = new Map<string, StoredCookie>();
  /** The node that the next request reaches; another one may be put here. */
  app: FastifyInstance;
  readonly clock: { now(): number };
  readonly options: Required<BrowserOptions>;

  constructor(app: FastifyInstance, clock: { now(): number }, options: BrowserOptions) {
    this.app = app;
    this.clock = clock;
    this.options = { address: '198.51.100.1', origin: 'http://localhost:4000', userAgent: USER_AGENT, ...options };
  }

  /** The cookie under its plain or its secure name. */
  cookie(name: string): string | undefined {
    for (const spelled of [name, SECURE_COOKIE_PREFIX + name]) {
      const stored = this.jar.get(spelled);
      if (stored !== undefined && (stored.endsAt === null || stored.endsAt > this.clock.now())) return stored.value;
    }
    return undefined;
  }

  get refreshToken(): string {
    return this.cookie(COOKIES.refresh) ?? '';
  }

  get gen(): number {
    return Number(this.cookie(COOKIES.generation) ?? 0);
  }

  get csrf(): string {
    return this.cookie(COOKIES.csrf) ?? '';
  }

  /** What a thief gets who copies the whole jar: the same cookies in another browser. */
  copy(options: BrowserOptions = {}): Browser {
    const other = new Browser(this.app, this.clock, { ...this.options, ...options });
    for (const [name, stored] of this.jar) other.jar.set(name, stored);
    return other;
  }

  /** Forgets what ends with the browser. */
  restart(): void {
    for (const [name, stored] of this.jar) if (stored.endsAt === null) this.jar.delete(name);
  }

  /** One call of the browser API, as our own pages make it. */
  async call(name: keyof typeof AUTH_PATHS, body?: object, options: CallOptions = {}): Promise<Answered> {
    const method = options.method ?? METHODS[name] ?? 'POST';
    const path = fillPath(AUTH_PREFIX + AUTH_PATHS[name], { authProvider: 'credential', ...options.params });
    const query = options.query === undefined ? '' : `?${new URLSearchParams(options.query).toString()}`;
    return this.send(method, path + query, method === 'GET' ? undefined : (body ?? (method === 'DELETE' ? undefined : {})), options);
  }

  async signIn(email: string, password: string, { keep = true }: { keep?: boolean } = {}): Promise<Answered> {
    return this.call('signIn', { email, password, keep });
  }

  /** A refresh with an attempt: a fresh one, or the one given. `null` sends none. */
  async refresh({ attempt = this.newAttempt(), ...options }: CallOptions & { attempt?: string | null } = {}): Promise<Answered> {
    return this.call(
      'refresh',
      {},
      { ...options, headers: { ...(attempt === null ? {} : { [HEADERS.attempt]: attempt }), ...options.headers } },
    );
  }

  newAttempt(gen: number = this.gen): string {
    return `${gen}.${randomBytes(16).toString('base64url')}`;
  }

  /** A call that changes something, with this browser's CSRF token. */
  async act(name: keyof typeof AUTH_PATHS, body?: object, options: CallOptions = {}): Promise<Answered> {
    return this.call(name, body, { ...options, headers: { [HEADERS.csrf]: this.csrf, ...options.headers } });
  }

  /** Any request. Objects travel as JSON, texts as they are. */
  async send(method: string, path: string, body?: object | string, { headers = {}, lose = false }: CallOptions = {}): Promise<Answered> {
    const unsafe = method !== 'GET' && method !== 'HEAD';
    const defaults: Record<string, string> = {
      'user-agent': this.options.userAgent,
      accept: 'application/json',
      'sec-fetch-site': 'same-origin',
      ...(unsafe ? { origin: this.options.origin } : {}),
      ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
      ...(this.cookieHeader() === '' ? {} : { cookie: this.cookieHeader() }),
    };
    const merged = Object.fromEntries(Object.entries({ ...defaults, ...headers }).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
    const request: InjectOptions = { method, url: path, headers: merged, remoteAddress: this.options.address };
    if (body !== undefined) request.payload = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await this.app.inject(request);
    const setCookies = [response.headers['set-cookie'] ?? []].flat();
    const answer = { status: response.statusCode, headers: response.headers, text: response.body, body: asJson(response.body), setCookies };
    if (!lose) this.receive(answer);
    return answer;
  }

  /** An answer that arrives now, such as one that was `lose`d before and only took its time. */
  receive({ setCookies }: Pick<Answered, 'setCookies'>): void {
    for (const line of setCookies) this.store(line);
  }

  /** A plain form, as a page without JavaScript submits it. */
  async submit(path: string, fields: Readonly<Record<string, string>>): Promise<Answered> {
    return this.send('POST', path, new URLSearchParams(fields).toString(), {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    });
  }

  private cookieHeader(): string {
    const now = this.clock.now();
    return [...this.jar]
      .filter(([, stored]) => stored.endsAt === null || stored.endsAt > now)
      .map(([name, stored]) => `${name}=${stored.value}`)
      .join('; ');
  }

  private store(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const age = attributes.find((attribute) => attribute.startsWith('Max-Age='));
    const seconds = age === undefined ? null : Number(age.slice('Max-Age='.length));
    if (seconds !== null && seconds <= 0) this.jar.delete(pair.slice(0, at));
    else
      this.jar.set(pair.slice(0, at), { value: pair.slice(at + 1), endsAt: seconds === null ? null : this.clock.now() + seconds * 1000 });
  }
}

function asJson(text: string): Answered['body'] {
  try {
    return JSON.parse(text) as Answered['body'];
  } catch {
    return {};
  }
}
