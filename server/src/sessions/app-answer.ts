import type { RefreshAnswer } from '@portico/protocol/apps';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { signAccessToken } from './access-token.ts';
import { type Issued, refreshCookieAge, type SetCookie, signedIn } from './answer.ts';
import { type BrowserClient, refreshCookieOf } from './browser-client.ts';
import { makeCsrfToken } from './csrf.ts';
import { siteUser } from './site-user.ts';
import type { SpentToken } from './spend-refresh-token.ts';

/** The body and the cookies of a refresh, for whichever browser client asked. */
export function refreshed(deps: Deps, by: BrowserClient, spent: SpentToken): { body: RefreshAnswer; cookies: SetCookie[] } {
  const { kind, grant, gen, scope } = spent;
  if (by.app === null) {
    const { body, cookies } = signedIn(deps, spent);
    return { body: { kind, ...body }, cookies };
  }
  const access = signAccessToken(deps, grant, spent.provedAt, spent);
  const body: RefreshAnswer = {
    kind,
    accessToken: access.token,
    expiresIn: access.expiresIn,
    gen,
    // In the JSON and in no cookie: the pages live at another origin, and could not read it.
    csrfToken: makeCsrfToken(deps, grant.session.id, by),
    user: siteUser(grant, scope),
    expiresAt: grant.session.expiresAt,
  };
  return { body, cookies: [appCookie(by, spent)] };
}

/** The one cookie of an app. */
export function appCookie(by: BrowserClient, issued: Pick<Issued, 'grant' | 'idleAt' | 'provedAt' | 'refreshToken'>): SetCookie {
  return { name: refreshCookieOf(by), value: issued.refreshToken, maxAge: refreshCookieAge(issued) };
}

/** Only a sign-out that the app asked for. */
export function clearedAppCookie(app: Client): SetCookie {
  return { name: refreshCookieOf({ id: app.id, app }), value: '', maxAge: 0 };
}
