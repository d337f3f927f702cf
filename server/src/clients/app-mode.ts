import type { AppMode } from '@portico/protocol/apps';
import type { Config } from '../config.ts';
import type { Client } from './client.ts';

/** A page that asks how its app holds a sign-in. */
export interface AskingPage {
  readonly origin: string;
  /** `Sec-Fetch-Site`; null from an old browser, or over plain http. */
  readonly fetchSite: string | null;
}

/** How an app in the browser holds its sign-in, as its page at this origin is told. Null: this page is none of that client's. */
export function modeOf({ apiOrigin }: Pick<Config, 'apiOrigin'>, client: Client, { origin, fetchSite }: AskingPage): AppMode | null {
  // Where its people come back to is where its pages are.
  if (client.kind === 'web') return client.origins.includes(origin) || redirectUriAt(client, origin) !== null ? 'site' : null;
  if (client.kind !== 'spa' || !client.origins.includes(origin)) return null;
  // Only browsers know what is one site; who does not say it can still see that it is one host.
  const sameSite =
    fetchSite === null
      ? new URL(origin).hostname === new URL(apiOrigin).hostname
      : fetchSite === 'same-site' || fetchSite === 'same-origin';
  return sameSite ? 'cookie' : 'pkce';
}

/** The first address of the client at this origin that people may come back to. */
export function redirectUriAt({ redirectUris }: Pick<Client, 'redirectUris'>, origin: string): string | null {
  return redirectUris.find((uri) => URL.parse(uri)?.origin === origin) ?? null;
}
