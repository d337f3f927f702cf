import { type App, findPlace, readApp } from './app.ts';
import { createCookieMode } from './cookie.ts';
import { asPorticoError, type PorticoError } from './error.ts';
import { createFetch, type Held } from './fetch.ts';
import { createHolder, isRefusal } from './holder.ts';
import type { Mode } from './mode.ts';
import { createSessionState } from './session-state.ts';
import { countLeaving, forgetLeavings, leave, takeBack } from './sign-in.ts';
import type { Portico, PorticoOptions } from './types.ts';

/** Who is signed in, kept so. Throws `options_invalid`; afterwards only what says so throws. */
export function createPortico(options: PorticoOptions): Portico {
  const app = readApp(options);
  const state = createSessionState();
  const closed = new AbortController();
  const { signal } = closed;
  // Rendered on a server: there is nobody, and nothing is asked.
  const inBrowser = typeof document !== 'undefined';
  const mode = createModeOpener(app, signal);
  const holder = createHolder({ app, state, inBrowser, mode, back: inBrowser ? takeBack(app) : null, closed: signal });
  const { current, renew, quietly } = holder;
  const status = () => state.get().status;

  /** Until something is known, or known to be unknowable: a turn in another tab drops what is under way, then it is asked once more. */
  async function begin(): Promise<void> {
    while (inBrowser && status() === 'loading' && !holder.isTurning() && !signal.aborted) await quietly();
  }

  async function living(): Promise<Held | null> {
    await ready;
    if (['signed-in', 'offline'].includes(status()) && !holder.isFresh()) await quietly();
    return current()?.held ?? null;
  }

  async function renewed(refused: Held): Promise<Held | null> {
    if (current()?.held === refused) await quietly();
    const held = current()?.held ?? null;
    return held === refused ? null : held;
  }

  async function turnAway(work: (opening: Mode) => Promise<void>): Promise<void> {
    try {
      await holder.turnAway(work);
    } catch (error) {
      // It dropped the start for nothing.
      void begin();
      throw error;
    }
  }

  /** Somebody looks at the page again, or the network is back. */
  function onLook(): void {
    if (document.visibilityState === 'hidden') return;
    const now = status();
    if (now === 'loading') void begin();
    else if (now === 'offline' || now === 'unverified' || (now === 'signed-in' && !(holder.isFresh() && holder.hearsOthers)))
      void quietly();
  }

  if (inBrowser) {
    document.addEventListener('visibilitychange', onLook, { signal });
    for (const event of ['online', 'pageshow']) addEventListener(event, onLook, { signal });
  }
  const ready = begin();
  const userId = () => current()?.held.userId ?? null;

  return {
    ready,
    get session() {
      return state.get();
    },
    subscribe: state.subscribe,
    fetch: inBrowser ? createFetch({ userId, living, renewed, origins: options.origins ?? [] }) : globalThis.fetch,
    signIn: async (wish = {}) => {
      const leaving = leave(app, wish);
      await turnAway(async (opening) => {
        const address = await opening.signInAddress(wish, leaving, signal);
        countLeaving(app);
        location.assign(address);
      });
    },
    signOut: async (wish = {}) => {
      await turnAway((opening) => opening.signOut(wish, current()?.grant.csrfToken ?? null, signal));
      forgetLeavings(app);
      holder.signedOut();
    },
    refresh: async () => {
      await renew().catch((error: PorticoError) => {
        if (!isRefusal(error)) throw error;
      });
      return status() === 'signed-in';
    },
    extend: async () => {
      await ready;
      // A CSRF token from before the last refresh may be one that another tab has made invalid.
      if (!holder.isFresh()) await renew();
      await renew(current()?.grant.csrfToken);
    },
    getCsrfToken: () => current()?.grant.csrfToken ?? null,
    getAccessToken: async () => (await living())?.token ?? null,
    close: () => {
      closed.abort();
      holder.close();
    },
  };
}

/** The way that this app holds its sign-in, asked for once; after trouble again. Only the one that most apps use is loaded with the page. */
function createModeOpener(app: App, signal: AbortSignal): () => Promise<Mode> {
  let opened: Promise<Mode> | null = null;
  const open = async (): Promise<Mode> => {
    const place = await findPlace(app, signal);
    if (place.mode === 'cookie') return createCookieMode(app, place);
    if (place.mode === 'site') return (await import('./site.ts')).createSiteMode();
    return (await import('./pkce.ts')).createPkceMode(app, place);
  };
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw asPorticoError(error);
    });
    return opened;
  };
}
