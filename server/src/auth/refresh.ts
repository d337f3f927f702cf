import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import { findClient } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { signAccessToken } from '../sessions/access-token.ts';
import type { Answer } from '../sessions/answer.ts';
import { refreshed } from '../sessions/app-answer.ts';
import { type BrowserClient, refreshTokenOf } from '../sessions/browser-client.ts';
import { browserCaller } from '../sessions/refresh-caller.ts';
import { type Attempt, parseRefreshToken } from '../sessions/refresh-chain.ts';
import { isFirstParty } from '../sessions/session.ts';
import { siteUser } from '../sessions/site-user.ts';
import { spendRefreshToken } from '../sessions/spend-refresh-token.ts';
import { readAttempt, requireSpent } from '../sessions/spent-or-refused.ts';

export interface RefreshInput {
  readonly refreshToken?: string;
  readonly clientId?: string;
}

/**
 * POST refresh: by the cookie of the browser client whose page asks, our own or an app's; or by a public client that names itself and
 * brings its token.
 */
export async function refresh(deps: Deps, caller: Caller, by: BrowserClient, input: RefreshInput): Promise<Answer> {
  const attempt = readAttempt(caller);
  if (input.refreshToken !== undefined) return refreshByBody(deps, caller, by, input, attempt);
  const token = refreshTokenOf(caller, by);
  if (token === null) throw new Refusal('refresh_invalid');
  return refreshed(deps, by, requireSpent(deps, await spendRefreshToken(deps, browserCaller(caller, by), token, attempt)));
}

/** Native apps and games: they have no secret, so the token they hold is all that they bring. */
async function refreshByBody(deps: Deps, caller: Caller, by: BrowserClient, input: RefreshInput, attempt: Attempt | null): Promise<Answer> {
  // A page that could hold a token in a script has a cookie for it, or refreshes at the token endpoint with a proof of its key.
  if (by.app !== null) throw new Refusal('origin_refused');
  if (caller.cookies.refresh !== null) throw new Refusal('two_tokens');
  if (input.clientId === undefined) throw new Refusal('invalid_fields', { fields: { clientId: 'missing' } });
  const token = input.refreshToken ?? '';
  // Garbage does not even cost the question who the client is; and the first party's token lives in a cookie only.
  if (parseRefreshToken(deps.keys, token) === null || isFirstParty(input.clientId)) throw new Refusal('refresh_invalid');
  const client = await findClient(deps.db, input.clientId);
  const isPublic =
    client !== null &&
    client.authentication === 'none' &&
    (client.kind === 'spa' || client.kind === 'native') &&
    client.disabledAt === null;
  // A confidential client must prove itself.
  if (!isPublic) throw new Refusal('refresh_invalid');
  const as = {
    clientId: client.id,
    authenticated: false,
    deviceHash: null,
    byCookie: false,
    idleLife: client.idleLife,
    reuseEnds: client.reuseEnds,
    from: caller,
  };
  const spent = requireSpent(deps, await spendRefreshToken(deps, as, token, attempt));
  const { grant, kind, gen, refreshToken, scope } = spent;
  const access = signAccessToken(deps, grant, spent.provedAt, spent);
  return {
    body: {
      kind,
      accessToken: access.token,
      expiresIn: access.expiresIn,
      gen,
      user: siteUser(grant, scope),
      expiresAt: grant.session.expiresAt,
      refreshToken,
    },
  };
}
