import { OAuthRefusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { Deps } from '../../deps.ts';
import { parseRefreshToken } from '../../sessions/refresh-chain.ts';
import { findFamily } from '../../sessions/refresh-token.ts';
import { type SpendOutcome, type SpentToken, spendRefreshToken } from '../../sessions/spend-refresh-token.ts';
import { readAttempt } from '../../sessions/spent-or-refused.ts';
import { requireParameter } from '../parameters.ts';
import { isWithin, narrowScope } from '../scope.ts';
import { type GrantHandler, type TokenRequest, tokensAnswer } from './token-request.ts';

/** grant_type=refresh_token, by the chain: the header `Portico-Attempt` makes a retry out of what would be a second holder. */
export const refreshGrant: GrantHandler = async (deps, request) => {
  const { client, isProven, dpopKey, parameters, caller } = request;
  const token = requireParameter(parameters, 'refresh_token');
  const attempt = readAttempt(caller);
  await refuseWiderScope(deps, request, token);
  const as = {
    clientId: client.id,
    authenticated: isProven,
    deviceHash: null,
    byCookie: false,
    dpopKey,
    idleLife: client.idleLife,
    reuseEnds: client.reuseEnds,
    from: caller,
  };
  const spent = requireGrant(deps, await spendRefreshToken(deps, as, token, attempt));
  const scope = narrowScope(spent.scope, parameters['scope']);
  const { grant, familyId, refreshToken, gen, provedAt } = spent;
  // No nonce: it belongs to one answer of authorize (OpenID Connect Core 12.2).
  return tokensAnswer(deps, client, { grant, familyId, scope, refreshToken, gen, provedAt, nonce: null });
};

/** Before the token is spent: a request that is refused must not move the chain. */
async function refuseWiderScope(deps: Deps, { client, parameters }: TokenRequest, text: string): Promise<void> {
  const asked = parameters['scope'];
  const token = asked === undefined ? null : parseRefreshToken(deps.keys, text);
  const family = token === null ? null : await findFamily(deps.db, token.familyId);
  if (asked === undefined || family === null || family.clientId !== client.id) return;
  if (!isWithin(asked, family.scope)) throw new OAuthRefusal('invalid_scope', 'more than was granted');
}

/** What the chain said, in OAuth's words. A retry is trouble of ours, never `invalid_grant`, or a client would sign its user out. */
function requireGrant({ config }: Pick<Deps, 'config'>, outcome: SpendOutcome): SpentToken {
  switch (outcome.kind) {
    case 'rotated':
    case 'replayed':
      return outcome;
    case 'retry':
      throw new OAuthRefusal('temporarily_unavailable', 'the token is being refreshed', { retryAfter: 1 });
    case 'held':
      throw new OAuthRefusal('invalid_grant', 'the sign-in is held until its owner has shown who they are', {
        extra: { portico_verify_url: config.appOrigin + PAGES.verifySignIn },
      });
    case 'ended':
      throw new OAuthRefusal('invalid_grant', 'the sign-in has ended');
    case 'invalid':
      throw new OAuthRefusal('invalid_grant', 'the refresh token is not good');
  }
}
