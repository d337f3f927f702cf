import type { Client } from '../clients/client.ts';
import type { DueLogout } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import { signJwt } from '../sessions/sign-jwt.ts';

/** Its own type, so that no other token passes for it (OpenID Connect Back-Channel Logout 1.0, 2.4; RFC 8725 3.11). */
export const LOGOUT_TOKEN_TYPE = 'logout+jwt';
/** The member of `events` that says what it is. */
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Two minutes at most are recommended, in seconds. */
const LOGOUT_TOKEN_LIFE = 120;

/** Tells a site that somebody's session there is over. Never a nonce: it must not pass for an ID token. Made anew for each try. */
export function signLogoutToken(
  deps: Pick<Deps, 'config' | 'keys' | 'now' | 'random'>,
  client: Pick<Client, 'id' | 'idAlg'>,
  { userId, sessionId }: { readonly userId: DueLogout['userId'] | null; readonly sessionId: string },
): string {
  const now = deps.now();
  const iat = Math.floor(now / 1000);
  return signJwt(deps.keys.currentSigning(now, client.idAlg), LOGOUT_TOKEN_TYPE, {
    iss: deps.config.origin,
    // A test is about nobody: a sid alone is enough (2.4).
    ...(userId === null ? { portico_test: true } : { sub: userId }),
    aud: client.id,
    iat,
    exp: iat + LOGOUT_TOKEN_LIFE,
    jti: deps.random(16).toString('base64url'),
    sid: sessionId,
    events: { [LOGOUT_EVENT]: {} },
  });
}
