import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { backendCaller } from '../sessions/refresh-caller.ts';
import { type Attempt, parseAttempt } from '../sessions/refresh-chain.ts';
import { siteTokens } from '../sessions/site-tokens.ts';
import { spendRefreshToken } from '../sessions/spend-refresh-token.ts';
import { requireSpentByBackend } from '../sessions/spent-or-refused.ts';

export interface BackendRefreshInput {
  readonly refreshToken: string;
  readonly attempt?: string;
}

/** POST external/refresh: spends the refresh token of a site whose backend proved itself. */
export async function refreshForBackend(
  deps: Deps,
  caller: Caller,
  { client }: AuthenticatedClient,
  input: BackendRefreshInput,
): Promise<Answer> {
  const attempt = attemptOf(caller, input);
  const outcome = await spendRefreshToken(deps, backendCaller(caller, client), input.refreshToken, attempt);
  const spent = requireSpentByBackend(deps, outcome);
  return { body: { kind: spent.kind, ...siteTokens(deps, spent) } };
}

/** In the body, or in the header that browsers use. Two that differ would be two callers in one. */
function attemptOf({ attemptHeader }: Caller, { attempt: field }: BackendRefreshInput): Attempt | null {
  const text = field ?? attemptHeader;
  if (text === null) return null;
  const attempt = parseAttempt(text);
  if (attempt === null || (attemptHeader !== null && attemptHeader !== text)) throw new Refusal('bad_attempt');
  return attempt;
}
