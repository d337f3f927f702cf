import { appRefreshCookie, COOKIES, type CookieName } from '@portico/protocol/cookies';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';

/**
 * Who speaks with cookies: Portico's own pages, or an app in the browser that lives on Portico's site and has no backend. Each has exactly
 * one origin, its own family, and its own refresh cookie on the host of the API.
 */
export interface BrowserClient {
  readonly id: string;
  /** Null: our own pages. */
  readonly app: Client | null;
}

export const OUR_PAGES: BrowserClient = { id: FIRST_PARTY_CLIENT, app: null };

export function refreshCookieOf({ app }: BrowserClient): CookieName {
  return app === null ? COOKIES.refresh : appRefreshCookie(app.id);
}

/** What the cookie of this client, and of no other, holds. */
export function refreshTokenOf({ cookies }: Pick<Caller, 'cookies'>, { app }: BrowserClient): string | null {
  return app === null ? cookies.refresh : cookies.refreshOfApp(app.id);
}
