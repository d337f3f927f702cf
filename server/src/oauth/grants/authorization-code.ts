import { OAuthRefusal } from '@portico/protocol/errors';
import { requireParameter } from '../parameters.ts';
import { redeemCode } from '../redeem-code.ts';
import { type GrantHandler, tokensAnswer } from './token-request.ts';

/** grant_type=authorization_code. The redirect URI is always asked for: it is what the code was sent to, and nothing is left to guess. */
export const codeGrant: GrantHandler = async (deps, { client, dpopKey, parameters, caller }) => {
  const code = requireParameter(parameters, 'code');
  const redirectUri = requireParameter(parameters, 'redirect_uri');
  const codeVerifier = parameters['code_verifier'] ?? '';
  const redeemed = await redeemCode(deps, caller, client, { code, redirectUri, codeVerifier, dpopKey: dpopKey ?? '' });
  // One answer for used, expired, of another client, and for every wrong part: whoever stole a code learns nothing from it.
  if (redeemed === null) throw new OAuthRefusal('invalid_grant', 'the code cannot be redeemed');
  const { grant, family, scope, provedAt, nonce } = redeemed;
  return tokensAnswer(deps, client, {
    grant,
    familyId: family.id,
    scope,
    refreshToken: family.refreshToken,
    gen: family.gen,
    provedAt,
    nonce,
  });
};
