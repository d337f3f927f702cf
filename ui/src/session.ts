import { HEADERS } from '@portico/protocol/cookies';
import { authPath } from '@portico/protocol/routes';
import type { PublicUser, SessionStatus } from '@portico/protocol/tokens';
import { type Answer, ask, failed, type Question, type Send } from './ask.ts';
import type { SeenSignIn } from './views.ts';

/** What a refresh gives, and a sign-in as well. */
export interface Grant {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly gen: number;
  readonly csrfToken: string;
  readonly user: PublicUser;
}

/** `GET session`. */
export interface SessionAnswer {
  readonly status: SessionStatus;
  readonly gen?: number;
  readonly csrfToken?: string;
  /** Of a sign-in that waits because it is unusual. */
  readonly unusual?: SeenSignIn;
}

/** What tabs of one browser tell each other. Only to save requests: a lost message changes nothing. */
export type News =
  | { readonly kind: 'granted'; readonly grant: Grant }
  /** A sign-in or sign-out begins: what is under way belongs to the past. */
  | { readonly kind: 'turning' }
  | { readonly kind: 'signed-out' };

/** What the session needs from the browser, handed in so that a test can hand in less. */
export interface World {
  readonly send: Send;
  /** The generation in the readable cookie: known on one host only. */
  readGeneration(): number | null;
  /** The attempt of this generation, the same for every tab, stored before it is returned. Null: this browser stores nothing. */
  claimAttempt(generation: number): Promise<string | null>;
  /** Null when another tab is at it. Never waits. */
  exclusively<T>(work: () => Promise<T>): Promise<T | null>;
  tell(news: News): void;
  listen(hear: (news: News) => void): void;
  /** Milliseconds, never set back. */
  elapsed(): number;
  wait(milliseconds: number): Promise<void>;
}

export interface SessionOptions {
  readonly apiOrigin: string;
  readonly csrfToken: string | null;
  /** Whom the page was rendered for. */
  readonly userId: string | null;
  /** Another tab signed out. */
  readonly onSignedOut: () => void;
}

export interface Session {
  /** Rotates, or joins the rotation under way. */
  refresh(): Promise<Answer<Grant>>;
  /** With a fresh access token; a 401 refreshes once and repeats once. */
  call<T>(method: Question['method'], path: string, body?: object): Promise<Answer<T>>;
  /** A password change answers with a new session, which takes the place of the old one. */
  adopt(grant: Grant): void;
  signOut(everywhere: boolean): Promise<Answer<null>>;
}

/** A token is renewed this long before it ends, so that it survives its own way to the server. */
const SPARE = 10_000;
const TRIES = 3;
const FIRST_PAUSE = 100;
/** How long a tab waits for another tab's news before it asks by itself. */
const PATIENCE = 1_000;

export function createSession(world: World, options: SessionOptions): Session {
  let epoch = 0;
  let stop = new AbortController();
  let pending: Promise<Answer<Grant>> | null = null;
  let held: { readonly grant: Grant; readonly until: number } | null = null;
  let csrf = options.csrfToken;
  let generation: number | null = null;
  let userId = options.userId;
  let wake: (() => void) | null = null;

  world.listen((news) => {
    if (news.kind === 'granted') {
      accept(news.grant);
      wake?.();
      return;
    }
    turn();
    if (news.kind === 'signed-out') options.onSignedOut();
  });

  /** What was sent before this moment must not sign anybody in after it. */
  function turn(): void {
    epoch += 1;
    stop.abort();
    stop = new AbortController();
    pending = null;
    held = null;
  }

  function accept(grant: Grant): Answer<Grant> {
    if (userId !== null && grant.user.id !== userId) return failed('user_changed');
    userId = grant.user.id;
    generation = grant.gen;
    csrf = grant.csrfToken;
    held = { grant, until: world.elapsed() + grant.expiresIn * 1000 - SPARE };
    return { ok: true, status: 200, body: grant };
  }

  function question<T>(method: Question['method'], path: string, headers: Question['headers'], body?: object): Promise<Answer<T>> {
    return ask<T>(world.send, {
      url: options.apiOrigin + path,
      method,
      signal: stop.signal,
      headers: { ...(csrf === null ? {} : { [HEADERS.csrf]: csrf }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  async function look(): Promise<Answer<SessionAnswer>> {
    const answer = await question<SessionAnswer>('GET', authPath('session'), {});
    if (answer.ok) csrf = answer.body.csrfToken ?? csrf;
    return answer;
  }

  function refresh(): Promise<Answer<Grant>> {
    if (pending !== null) return pending;
    const mine = takeTurn(epoch).finally(() => {
      if (pending === mine) pending = null;
    });
    pending = mine;
    return mine;
  }

  async function takeTurn(began: number): Promise<Answer<Grant>> {
    const done = await world.exclusively(() => rotate(began));
    if (done !== null) return done;
    const before = held;
    await Promise.race([
      world.wait(PATIENCE),
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
    ]);
    if (began === epoch && held !== null && held !== before) return { ok: true, status: 200, body: held.grant };
    // The server answers two tabs alike, so nobody has to wait for a tab that fell asleep with the lock.
    return rotate(began);
  }

  async function rotate(began: number): Promise<Answer<Grant>> {
    let known = world.readGeneration() ?? generation;
    for (let tries = 0; ; tries += 1) {
      if (known === null) {
        const answer = await look();
        if (began !== epoch) return failed('dropped');
        const gen = answer.ok ? answer.body.gen : answer.trouble.gen;
        if (!answer.ok && gen === undefined) return answer;
        known = gen ?? null;
      }
      // Without a generation there is no token to rotate, and the server says so in its own words.
      const attempt = known === null ? null : await world.claimAttempt(known);
      if (began !== epoch) return failed('dropped');
      const headers = attempt === null ? {} : { [HEADERS.attempt]: attempt };
      const answer = await question<Grant>('POST', authPath('refresh'), headers);
      if (began !== epoch) return failed('dropped');
      if (answer.ok) {
        world.tell({ kind: 'granted', grant: answer.body });
        return accept(answer.body);
      }
      if (answer.trouble.error !== 'retry' || tries === TRIES) return answer;
      await world.wait(FIRST_PAUSE * 2 ** tries);
      // The cookie changed under this tab: read it again, and ask the server once the cookie tells nothing new.
      const again = world.readGeneration();
      known = answer.trouble.gen ?? (again === known ? null : again);
    }
  }

  async function call<T>(method: Question['method'], path: string, body?: object): Promise<Answer<T>> {
    const began = epoch;
    for (let round = 0; ; round += 1) {
      let grant = held !== null && world.elapsed() < held.until ? held.grant : null;
      if (grant === null) {
        const renewed = await refresh();
        if (!renewed.ok) return renewed;
        grant = renewed.body;
      }
      const answer = await question<T>(method, path, { authorization: `Bearer ${grant.accessToken}` }, body);
      if (began !== epoch) return failed('dropped');
      const stale = !answer.ok && (answer.status === 401 || answer.trouble.error === 'csrf_failed');
      if (!stale || round > 0) return answer;
      held = null;
    }
  }

  async function signOut(everywhere: boolean): Promise<Answer<null>> {
    turn();
    world.tell({ kind: 'turning' });
    const send = () => question<null>('POST', authPath('signOut'), {}, { everywhere });
    let answer = csrf === null ? failed('csrf_failed') : await send();
    if (!answer.ok && answer.trouble.error === 'csrf_failed') {
      // The page is older than its token, or never had one.
      const now = await look();
      if (!now.ok) return now;
      answer = await send();
    }
    if (answer.ok) {
      turn();
      world.tell({ kind: 'signed-out' });
    }
    return answer;
  }

  return { refresh, call, adopt: accept, signOut };
}
