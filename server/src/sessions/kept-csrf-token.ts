import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { checkCsrfToken, makeCsrfToken } from './csrf.ts';
import type { Granted } from './proof-by-cookie.ts';

/** The token that the browser's pages hold, as long as it is good for this session. */
export function keptCsrfToken(deps: Deps, caller: Caller, peeked: Granted): string {
  const { session } = peeked.grant;
  const held = caller.cookies.csrf;
  const good = held !== null && checkCsrfToken(deps, held, { sid: session.id, csrfFrom: session.csrfFrom }, deps.config.accessTokenLife);
  return good ? held : makeCsrfToken(deps, session.id);
}
