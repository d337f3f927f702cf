import { type Caller, hashOf } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import { type BrowserClient, OUR_PAGES } from './browser-client.ts';
import type { RefreshCaller } from './spend-refresh-token.ts';

/** The browser itself, for our own pages or for the app whose page asks, with the cookies it was given. */
export function browserCaller(caller: Caller, { id, app }: BrowserClient = OUR_PAGES): RefreshCaller {
  return {
    clientId: id,
    authenticated: false,
    deviceHash: hashOf(caller.cookies.device),
    byCookie: true,
    ...(app === null ? {} : { idleLife: app.idleLife, reuseEnds: app.reuseEnds }),
    from: caller,
  };
}

/** The backend of a client site, which has proved that it is that site. No cookie counts. */
export function backendCaller(caller: Caller, client: Client): RefreshCaller {
  return {
    clientId: client.id,
    authenticated: true,
    deviceHash: null,
    byCookie: false,
    idleLife: client.idleLife,
    reuseEnds: client.reuseEnds,
    from: caller,
  };
}
