import type { Caller } from '../caller.ts';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import { signAccessToken } from '../sessions/access-token.ts';
import type { Answer } from '../sessions/answer.ts';
import { peekRefreshToken } from '../sessions/peek-refresh-token.ts';
import { backendCaller } from '../sessions/refresh-caller.ts';
import { refusedToBackend } from '../sessions/spent-or-refused.ts';

/** POST external/peek: an access token for a page that is rendered on the server. Nothing is spent, written or slid. */
export async function peekForBackend(
  deps: Deps,
  caller: Caller,
  { client }: AuthenticatedClient,
  { refreshToken }: { readonly refreshToken: string },
): Promise<Answer> {
  const peeked = await peekRefreshToken(deps, backendCaller(caller, client), refreshToken);
  if (peeked.kind !== 'granted') throw refusedToBackend(deps, peeked.kind);
  const { grant, family, provedAt } = peeked;
  const access = signAccessToken(deps, grant, provedAt, { familyId: family.id, scope: family.scope });
  return { body: { accessToken: access.token, expiresIn: access.expiresIn } };
}
