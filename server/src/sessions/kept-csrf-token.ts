import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type BrowserClient, OUR_PAGES } from './browser-client.ts';
import { checkCsrfToken, makeCsrfToken } from './csrf.ts';
import type { Granted } from './proof-by-cookie.ts';

/** The token that the browser's pages hold, as long as it is good for this session. The cookie is our own pages': an app gets another one. */
export function keptCsrfToken(deps: Deps, caller: Caller, peeked: Granted, by: BrowserClient = OUR_PAGES): string {
  const { session } = peeked.grant;
  const held = by.app === null ? caller.cookies.csrf : null;
  const good = held !== null && checkCsrfToken(deps, held, { sid: session.id, csrfFrom: session.csrfFrom }, deps.config.accessTokenLife);
  return good ? held : makeCsrfToken(deps, session.id, by);
}
