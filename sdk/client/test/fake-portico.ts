import { LOADING } from '../src/no-session.ts';
import type { AppUser, Portico, PorticoSession } from '../src/types.ts';

/** As much of `Portico` as a binding sees: a session that a test changes, and who listens. */
export interface FakePortico extends Portico {
  /** What changed; the rest stays as it is while nobody is known. */
  become(session: Partial<PorticoSession>): void;
  signedIn(id: string): void;
  listeners(): number;
}

export const HOUR = 3_600_000;

export function fakeUser(id: string): AppUser {
  return { id, email: `${id}@example.com`, displayName: id, roles: [] };
}

export function fakePortico(send: typeof globalThis.fetch = globalThis.fetch): FakePortico {
  const listeners = new Set<(session: PorticoSession) => void>();
  const nobodyAsksFor = () => Promise.reject(new Error('no binding calls this'));
  let session = LOADING;
  const become = (next: Partial<PorticoSession>) => {
    session = { ...LOADING, ...next };
    for (const listener of listeners) listener(session);
  };
  return {
    become,
    signedIn: (id) => become({ status: 'signed-in', user: fakeUser(id), expiresAt: HOUR }),
    listeners: () => listeners.size,
    ready: Promise.resolve(),
    get session() {
      return session;
    },
    subscribe: (listener) => {
      const own = (changed: PorticoSession) => listener(changed);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    fetch: send,
    signIn: nobodyAsksFor,
    signOut: nobodyAsksFor,
    refresh: nobodyAsksFor,
    extend: nobodyAsksFor,
    getCsrfToken: () => null,
    getAccessToken: nobodyAsksFor,
    close: () => listeners.clear(),
  };
}
