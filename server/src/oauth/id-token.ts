import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Grant } from '../sessions/session.ts';
import { authTimeOf } from '../sessions/session-row.ts';
import { signJwt } from '../sessions/sign-jwt.ts';

/** ID tokens live this long, in seconds: they tell of a sign-in, they open nothing. */
export const ID_TOKEN_LIFE = 3600;

/** Who signed in, for the client (OpenID Connect Core 2). Always asymmetric: nobody but us can make one. */
export function signIdToken(
  deps: Pick<Deps, 'config' | 'keys'>,
  client: Client,
  grant: Grant,
  { nonce, now }: { readonly nonce: string | null; readonly now: number },
): string {
  const iat = Math.floor(now / 1000);
  return signJwt(deps.keys.currentSigning(now, client.idAlg), 'JWT', {
    iss: deps.config.origin,
    sub: grant.user.id,
    aud: client.id,
    iat,
    exp: iat + ID_TOKEN_LIFE,
    auth_time: authTimeOf(grant.session),
    amr: grant.session.amr,
    sid: grant.session.id,
    ...(nonce === null ? {} : { nonce }),
  });
}
