import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { type Caller, hashOf } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { RefreshCaller } from './spend-refresh-token.ts';

/** The browser itself, at our own origin, with the cookies it was given. */
export function browserCaller(caller: Caller): RefreshCaller {
  return {
    clientId: FIRST_PARTY_CLIENT,
    authenticated: false,
    deviceHash: hashOf(caller.cookies.device),
    byCookie: true,
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
