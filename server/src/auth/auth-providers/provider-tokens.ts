import { type ProviderTokens, takeProviderTokens } from '../../accounts/identity.ts';
import type { Deps } from '../../deps.ts';
import { type OfferedProvider, renewTokens, requireOffered, revokeToken } from './oauth.ts';

/**
 * Gives a user's tokens back at the provider, and forgets them here. Of parallel calls one has them to give. False: there were none.
 * The provider is told after the answer: it may be slow or away, and the user's wish does not wait for it.
 */
export async function revokeProviderTokens(deps: Deps, userId: string, provider: string): Promise<boolean> {
  const tokens = await takeProviderTokens(deps.db, deps, userId, provider);
  if (tokens === null) return false;
  giveTokensBack(deps, provider, tokens);
  return true;
}

/** For tokens that were taken out of the database in a transaction of the caller's own. Call it after the commit. */
export function giveTokensBack(deps: Deps, provider: string, tokens: ProviderTokens): void {
  deps.afterAnswer(async () => {
    try {
      const offered = requireOffered(deps, provider);
      const { definition } = offered;
      if (definition.protocol === 'oauth' && definition.giveBack !== undefined) {
        await revokeToken(deps, offered, await freshProviderToken(deps, offered, tokens));
        return;
      }
      // The long-lived one first: whatever goes wrong then dies by itself.
      if (tokens.refreshToken !== null) await revokeToken(deps, offered, tokens.refreshToken);
      if (isLiving(deps, tokens)) await revokeToken(deps, offered, tokens.accessToken);
    } catch {
      // Its reason was logged where it happened; a provider that was taken out of the settings has none.
      deps.log.warn({ provider }, 'tokens could not be given back at a provider; they end by themselves');
    }
  });
}

/**
 * A living access token: GitHub takes its grant back only for one. Whoever has the tokens took them out of the database, alone, so a
 * refresh token that works once is not spent by two.
 */
async function freshProviderToken(deps: Deps, offered: OfferedProvider, tokens: ProviderTokens): Promise<string> {
  if (isLiving(deps, tokens) || tokens.refreshToken === null) return tokens.accessToken;
  return (await renewTokens(deps, offered, tokens.refreshToken)).accessToken;
}

function isLiving({ now }: Deps, { expiresAt }: ProviderTokens): boolean {
  return expiresAt === null || expiresAt > now();
}
