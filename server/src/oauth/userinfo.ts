import { OAuthRefusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { livingScope } from '../sessions/session-row.ts';
import { liveSiteToken } from '../sessions/site-token.ts';
import { siteUser } from '../sessions/site-user.ts';
import type { Parameters } from './parameters.ts';
import { bothScopes, hasScope } from './scope.ts';

/**
 * GET and POST /oauth/userinfo (OpenID Connect Core 5.3). The token says which grant; the user is read from the database, and only as
 * much of it as both the token and the grant allow, because a site that signs with its own secret could write any scope into a token.
 * A GET is called without parameters.
 */
export async function userinfo(deps: Deps, caller: Caller, parameters: Parameters): Promise<Answer> {
  const live = await liveSiteToken(deps, requireToken(caller, parameters));
  if (live === null) throw new OAuthRefusal('invalid_token', 'the access token is not good');
  const { claims, family, grant } = live;
  const scope = bothScopes(claims.scope ?? '', livingScope(grant, family.scope));
  if (!hasScope(scope, 'openid')) throw new OAuthRefusal('insufficient_scope', 'the grant lacks openid');
  const { id, roles, displayName, email, emailVerified } = siteUser(grant, scope);
  return {
    body: {
      sub: id,
      ...(displayName === undefined ? {} : { name: displayName }),
      ...(email === undefined ? {} : { email, email_verified: emailVerified }),
      roles,
    },
  };
}

/** In the header, or in the form of a POST (RFC 6750 2.1, 2.2); never in an address, which is logged. */
function requireToken({ bearer }: Caller, { access_token: inForm }: Parameters): string {
  if (bearer !== null && inForm !== undefined) throw new OAuthRefusal('invalid_request', 'the access token came twice');
  const token = bearer ?? inForm;
  if (token === undefined) throw new OAuthRefusal('invalid_token', 'no access token came');
  return token;
}
