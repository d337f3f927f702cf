import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import { redeemCode } from '../oauth/redeem-code.ts';
import type { Answer } from '../sessions/answer.ts';
import { firstLink, siteTokens } from '../sessions/site-tokens.ts';

export interface TokenInput {
  readonly code: string;
  readonly redirectUri: string;
  /** Left out only by a client that is allowed to go without PKCE. */
  readonly codeVerifier?: string;
}

/** POST external/token: the code that the browser brought back becomes tokens, once. */
export async function redeemForBackend(deps: Deps, caller: Caller, { client }: AuthenticatedClient, input: TokenInput): Promise<Answer> {
  const { code, redirectUri, codeVerifier = '' } = input;
  const redeemed = await redeemCode(deps, caller, client, { code, redirectUri, codeVerifier, dpopKey: '' });
  if (redeemed === null) throw new Refusal('grant_refused');
  return { body: siteTokens(deps, firstLink(redeemed)) };
}
