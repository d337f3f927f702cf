import type { App } from './app.ts';
import { asPorticoError, PorticoError } from './error.ts';
import type { Held } from './fetch.ts';
import { keep, recall } from './kept.ts';
import type { Grant, Mode } from './mode.ts';
import { NOBODY } from './no-session.ts';
import type { SessionState } from './session-state.ts';
import type { Back } from './sign-in.ts';
import { pause, spend } from './spend.ts';
import { type News, openTabs } from './tabs.ts';

/** Milliseconds before its end at which a token is renewed, so that it survives its way and a slow answer. */
const SPARE = 30_000;
/** Milliseconds: how long this tab leaves a refresh to another one, that may have fallen asleep over it. */
const PATIENCE = 1_000;
/** Milliseconds between tries while nothing can be known. */
const FIRST_TRY = 1_000;
const LAST_TRY = 60_000;
const DAY = 24 * 60 * 60_000;

const WAITS = 'session_held';

interface Current {
  readonly grant: Grant;
  /** By `performance.now()`: a clock that is set, or wrong by hours, moves nothing. */
  readonly until: number;
  readonly held: Held;
}

export interface HolderDeps {
  readonly app: App;
  readonly state: SessionState;
  readonly inBrowser: boolean;
  readonly mode: () => Promise<Mode>;
  /** What the first refresh begins with: a sign-in that came back to this page, or none. */
  readonly back: Back | null;
  readonly closed: AbortSignal;
}

/** Holds the sign-in of this tab: one refresh at a time, what an answer means, and what other tabs say. */
export interface Holder {
  readonly current: () => Current | null;
  /** A sign-in or sign-out of this tab is under way. */
  readonly isTurning: () => boolean;
  /** Enough of the token is left. */
  readonly isFresh: () => boolean;
  /** A sign-out in another tab would be heard of. */
  readonly hearsOthers: boolean;
  /** Throws PorticoError. `csrfToken`: with CSRF tokens anew. */
  renew(csrfToken?: string): Promise<void>;
  quietly(): Promise<void>;
  turnAway(work: (opening: Mode) => Promise<void>): Promise<void>;
  signedOut(): void;
  close(): void;
}

/** Portico's own word that nobody is signed in. */
export function isEnd({ code }: PorticoError): boolean {
  return code === 'refresh_invalid' || code === 'session_ended';
}

export function isRefusal(error: PorticoError): boolean {
  return isEnd(error) || error.code === WAITS;
}

export function createHolder({ app, state, inBrowser, mode, back, closed }: HolderDeps): Holder {
  /** What was sent in an epoch that is over must neither sign anybody in nor out. */
  let epoch = new AbortController();
  let current: Current | null = null;
  let pending: Promise<void> | null = null;
  let begun = false;
  let turningAway: Promise<unknown> | null = null;
  /** After a turn, what other tabs say may be older than it. */
  let trusting = true;
  let wake: (() => void) | null = null;
  let delay = FIRST_TRY;
  let waiting = false;
  const tabs = openTabs(app.scope, inBrowser, hear);

  function turn(): void {
    epoch.abort();
    epoch = new AbortController();
    pending = null;
    trusting = false;
  }

  function accept(grant: Grant, began: number): void {
    const held = { token: grant.accessToken ?? null, userId: grant.user.id };
    current = { grant, until: began + grant.expiresIn * 1000, held };
    delay = FIRST_TRY;
    wake?.();
    state.set({ status: 'signed-in', user: grant.user, expiresAt: grant.expiresAt, verifyUrl: null });
  }

  function end(session = NOBODY): void {
    current = null;
    trusting = false;
    state.set(session);
  }

  /** What a refusal means. Only Portico's own word ends a sign-in; trouble never does. */
  function settle(error: PorticoError): void {
    const { status, answer } = error;
    if (isRefusal(error)) {
      if (isEnd(error))
        void mode()
          .then((opening) => opening.forget?.())
          .catch(() => undefined);
      return end(isEnd(error) ? NOBODY : { ...NOBODY, status: 'unverified', verifyUrl: String(answer['verifyUrl']) });
    }
    if (state.get().status === 'loading') state.set({ status: 'offline' });
    if (status === 0 || status >= 500 || status === 429) void tryLater();
  }

  async function tryLater(): Promise<void> {
    if (waiting || state.get().status !== 'offline') return;
    waiting = true;
    await pause(delay, closed);
    waiting = false;
    delay = Math.min(delay * 2, LAST_TRY);
    // Nobody looks: then it is tried again when somebody does.
    if (state.get().status === 'offline' && document.visibilityState !== 'hidden' && !closed.aborted) await quietly();
  }

  function renew(csrfToken?: string): Promise<void> {
    if (pending !== null && csrfToken === undefined) return pending;
    const { signal } = epoch;
    const mine = work(signal, csrfToken)
      .catch((error: unknown) => {
        const trouble = signal.aborted ? new PorticoError('dropped') : asPorticoError(error);
        if (!signal.aborted) settle(trouble);
        throw trouble;
      })
      .finally(() => {
        if (pending === mine) pending = null;
      });
    pending = mine;
    return mine;
  }

  async function work(signal: AbortSignal, csrfToken?: string): Promise<void> {
    await turningAway?.catch(() => undefined);
    const opening = await mode();
    if (signal.aborted) throw new PorticoError('dropped');
    const first = !begun;
    begun = true;
    const began = performance.now();
    const before = current;
    const heard = () => (current === before ? null : (current?.grant ?? null));
    const run = () => spend({ scope: app.scope, mode: opening, signal, heard, ...(csrfToken === undefined ? {} : { csrfToken }) });
    // A code is redeemed once and is this tab's own: what another tab begins does not take it away.
    const own = first ? await opening.begin(back, closed) : null;
    const asked = own ?? (await (csrfToken === undefined ? tabs.exclusively(run) : run()));
    const grant = asked ?? (await awaited(signal, heard)) ?? (await run());
    if (signal.aborted) throw new PorticoError('dropped');
    if (grant === heard()) return;
    trusting = true;
    accept(grant, began);
    tabs.tell({ kind: 'granted', grant, at: Date.now() });
    void extendDaily(opening, signal);
  }

  /** Another tab is at it: what it gets is ours as well. Null: nothing came, and nobody waits for a tab that sleeps. */
  async function awaited(signal: AbortSignal, heard: () => Grant | null): Promise<Grant | null> {
    await Promise.race([pause(PATIENCE, signal), new Promise<void>((resolve) => (wake = resolve))]);
    return heard();
  }

  /** An app that is opened now and then stays signed in. Fired and forgotten. */
  async function extendDaily(opening: Mode, signal: AbortSignal): Promise<void> {
    const key = [app.scope, 'extended'];
    try {
      if (opening.extendSoft === undefined || Date.now() - ((await recall<number>(key)) ?? 0) < DAY) return;
      await keep(key, Date.now());
      await opening.extendSoft(signal);
    } catch {
      // The next refresh moves the idle end as well.
    }
  }

  function quietly(): Promise<void> {
    return renew().catch(() => undefined);
  }

  function hear(news: News): void {
    if (news.kind === 'turning') return turn();
    if (news.kind === 'signed-out') {
      turn();
      return end();
    }
    if (turningAway !== null) return;
    const { grant, at } = news;
    const isSame = current === null || current.held.userId === grant.user.id;
    // Whoever was signed out, or is somebody else there, asks Portico itself: a late message brings nobody back.
    if (!trusting || !isSame) return void quietly();
    accept(grant, performance.now() - Math.max(0, Date.now() - at));
  }

  return {
    current: () => current,
    isTurning: () => turningAway !== null,
    isFresh: () => current !== null && current.until - performance.now() > Math.min(SPARE, current.grant.expiresIn * 500),
    hearsOthers: tabs.linked,
    renew,
    quietly,
    turnAway: (leaving) => {
      // What is under way belongs to the past from here on, in the other tabs too.
      turn();
      tabs.tell({ kind: 'turning' });
      const away = mode()
        .then(leaving)
        .finally(() => {
          turningAway = null;
        });
      turningAway = away;
      return away;
    },
    signedOut: () => {
      turn();
      end();
      tabs.tell({ kind: 'signed-out' });
    },
    close: () => {
      epoch.abort();
      tabs.close();
    },
  };
}
