import { LOADING } from './no-session.ts';
import type { PorticoSession } from './types.ts';

export interface SessionState {
  readonly get: () => PorticoSession;
  readonly set: (next: Partial<PorticoSession>) => void;
  readonly subscribe: (listener: (session: PorticoSession) => void) => () => void;
}

/** The session as it is shown: a new object whenever something changes, and only then; the same `user` as long as nothing of it does. */
export function createSessionState(): SessionState {
  let session = LOADING;
  const listeners = new Set<(session: PorticoSession) => void>();
  return {
    get: () => session,
    set: (changes) => {
      const next = { ...session, ...changes };
      if (same(next.user, session.user)) next.user = session.user;
      if (same(next, session)) return;
      session = next;
      for (const listener of listeners) {
        try {
          listener(session);
        } catch (error) {
          // One that fails must not keep the news from the others.
          reportError(error);
        }
      }
    },
    subscribe: (listener) => {
      // Its own function: the same listener given twice hears twice, and stops once for each.
      const own = (heard: PorticoSession) => listener(heard);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
