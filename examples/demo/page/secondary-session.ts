import type { AppUser, PorticoSession, SignOutOptions } from '@portico/client';
import { SECONDARY_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import type { Source } from './panel.ts';

/** The sign-in of the secondary, as its page sees it: seed 004's flow. Tokens never come here, only a ticket on its way through. */

interface Known {
  readonly user: AppUser;
  readonly csrfToken: string;
  readonly expiresAt: number;
}

interface OwnSession extends Source {
  /** Who is signed in here; else whether Portico knows this browser, without leaving the page. */
  restore(): Promise<void>;
  /** A call to this server; an answer that nobody is signed in ends the sign-in here. */
  ask(path: string): Promise<Response>;
}

const NOBODY: PorticoSession = { status: 'signed-out', user: null, expiresAt: null, verifyUrl: null };

export function createOwnSession(): OwnSession {
  const listeners = new Set<(session: PorticoSession) => void>();
  let session: PorticoSession = { ...NOBODY, status: 'loading' };
  let csrfToken = '';
  const set = (next: PorticoSession): void => {
    session = next;
    for (const listener of listeners) listener(next);
  };
  const post = (path: string, body: object = {}): Promise<Response> =>
    fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(csrfToken === '' ? {} : { 'x-csrf-token': csrfToken }) },
      body: JSON.stringify(body),
    });

  async function ask(path: string): Promise<Response> {
    const answer = await fetch(path);
    if (answer.status === 401) set(NOBODY);
    return answer;
  }

  async function read(): Promise<boolean> {
    const answer = await ask('/me');
    if (!answer.ok) return false;
    const known = (await answer.json()) as Known;
    csrfToken = known.csrfToken;
    set({ status: 'signed-in', user: known.user, expiresAt: known.expiresAt, verifyUrl: null });
    return true;
  }

  /** By a ticket where Portico gives one. Answers where to go instead. */
  async function takeOver(): Promise<string | null> {
    const { ticketUrl, state } = (await (await post(SITE_PREFIX + SECONDARY_PATHS.begin)).json()) as Record<'ticketUrl' | 'state', string>;
    const asked = await fetch(ticketUrl, { credentials: 'include' });
    const said = (await asked.json()) as { readonly ticket?: string; readonly redirectTo?: string; readonly verifyUrl?: string };
    if (!asked.ok) return said.redirectTo === undefined ? (said.verifyUrl ?? null) : `${said.redirectTo}&state=${state}`;
    await post(SITE_PREFIX + SECONDARY_PATHS.signIn, { ticket: said.ticket, state });
    await read();
    return null;
  }

  return {
    get session() {
      return session;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask,
    restore: async () => {
      if (!(await read())) await takeOver();
    },
    signIn: async () => {
      const address = await takeOver();
      if (address !== null) location.assign(address);
    },
    // It holds no token that could be spent: its server asks Portico whether the sign-in lives.
    refresh: read,
    // A new ticket opens a new grant in the session, which is idle only when all its grants are.
    extend: async () => {
      if ((await takeOver()) !== null) throw new Error('Portico does not know this browser any more. Sign in again.');
    },
    signOut: async ({ local = false, everywhere = false }: SignOutOptions = {}) => {
      const answer = await post('/logout', { local, everywhere });
      if (!answer.ok && answer.status !== 401) throw new Error('Portico could not be told; you are still signed in.');
      csrfToken = '';
      set(NOBODY);
    },
  };
}
