import { AUTH_PREFIX, PORTICO_DOCUMENT } from '@portico/protocol/app-routes';
import { APP_MODES, type AppMode, type PorticoDocument } from '@portico/protocol/apps';
import { ask } from './ask.ts';
import { PorticoError } from './error.ts';
import { readTab, writeTab } from './tab-storage.ts';
import type { PorticoOptions } from './types.ts';

/** The app, as its options name it. */
export interface App {
  readonly issuer: string;
  readonly clientId: string;
  readonly options: PorticoOptions;
  /** Names what is kept in this browser: two apps at one origin do not mix. */
  readonly scope: string;
}

/** Where Portico is, and what it says of the app. */
export interface Place {
  readonly mode: AppMode;
  /** What the paths of the browser API are added to. */
  readonly api: string;
  /** Origin of Portico's pages. */
  readonly pages: string;
  readonly redirectUri: string | null;
}

/** Throws `options_invalid`. */
export function readApp(options: PorticoOptions): App {
  const { issuer, clientId, mode, api = issuer, origins = [] } = options;
  const isGood =
    [issuer, api, ...origins].every((url) => URL.canParse(url)) && clientId !== '' && (mode === undefined || APP_MODES.includes(mode));
  if (!isGood) throw new PorticoError('options_invalid');
  const { origin } = new URL(issuer);
  return { issuer: origin, clientId, options, scope: `${origin} ${clientId}` };
}

/** Where to go, by the options alone where they say enough; `wants` a redirect URI too. */
export async function findPlace({ issuer, clientId, scope, options }: App, signal: AbortSignal, wants = false): Promise<Place> {
  const { mode, redirectUri = null, api = issuer } = options;
  if (mode !== undefined && (redirectUri !== null || !wants))
    return { mode, api: new URL(api).origin + AUTH_PREFIX, pages: issuer, redirectUri };
  const known = readTab<PorticoDocument>(`${scope} place`);
  const url = `${issuer}${PORTICO_DOCUMENT}?client_id=${encodeURIComponent(clientId)}`;
  const document = known ?? ((await ask(url, { credentials: 'omit', signal })).body as PorticoDocument | null);
  const client = document?.client;
  // The cookies and codes of this app go where the document says: it must be Portico's own word.
  if (document?.issuer !== issuer) throw new PorticoError(document === null ? 'offline' : 'issuer_differs');
  if (client === undefined || !APP_MODES.includes(client.mode)) throw new PorticoError('client_unknown');
  writeTab(`${scope} place`, document);
  return { mode: mode ?? client.mode, api: document.api, pages: document.app, redirectUri: redirectUri ?? client.redirectUri ?? null };
}
