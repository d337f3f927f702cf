import { Refusal } from '@portico/protocol/errors';
import { AUTH_PATHS, AUTH_PREFIX, fillPath, PAGES } from '@portico/protocol/routes';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { countTry, forgiveTry } from '../../guessing/counter.ts';
import { PROVIDER_NETWORK } from '../../guessing/limits.ts';
import { type SetCookie, transactionCookie } from '../../sessions/answer.ts';
import { authorizationUrl, type ProviderProof, redeemCode, requireOffered } from './oauth.ts';
import { type FlowState, openState, sealState } from './oauth-state.ts';

/** What is begun: for which purpose, and how it is to come back. */
export type Beginning = Pick<FlowState, 'purpose' | 'flow' | 'returnTo' | 'keep' | 'sid'>;

/** What came back from the provider, by way of the browser. */
export interface ProviderAnswer {
  readonly tokenExchangeCode: string;
  readonly csrfState: string;
  /** RFC 9207: who answers. */
  readonly iss?: string;
}

/** The provider's page for this browser, and the cookie that its answer is bound to, set only when the browser has none. */
export async function beginAtProvider(
  deps: Deps,
  caller: Caller,
  name: string,
  beginning: Beginning,
): Promise<{ oAuthUrl: string; cookies: readonly SetCookie[] }> {
  const offered = requireOffered(deps, name);
  const transaction = caller.cookies.transaction ?? deps.random(16).toString('base64url');
  const secrets = { verifier: deps.random(32).toString('base64url'), nonce: deps.random(16).toString('base64url') };
  const state = sealState(deps, name, transaction, { ...beginning, ...secrets, iat: deps.now() });
  const redirectUri = redirectUriOf(deps, name, beginning.flow);
  const oAuthUrl = await authorizationUrl(deps, offered, { redirectUri, state, secrets, asking: beginning.purpose === 'prove' });
  return { oAuthUrl, cookies: caller.cookies.transaction === null ? [transactionCookie(transaction)] : [] };
}

/**
 * Whom the provider confirms, for the browser that began, and for one of these purposes: what was begun for another is refused before the
 * provider is asked. Throws `bad_state`, `provider_refused`, `provider_failed`.
 */
export async function proveAtProvider<Purpose extends FlowState['purpose']>(
  deps: Deps,
  caller: Caller,
  name: string,
  answer: ProviderAnswer,
  purposes: readonly Purpose[],
): Promise<{ state: FlowState & { readonly purpose: Purpose }; proof: ProviderProof }> {
  const offered = requireOffered(deps, name);
  const state = openState(deps, name, caller.cookies.transaction, answer.csrfState);
  if (state === null || !isFor(state, purposes)) throw new Refusal('bad_state');
  // Each one makes us ask the provider: nobody uses us to drown it, or to guess its codes.
  const count = await countTry(deps.db, PROVIDER_NETWORK, caller.network, deps.now());
  if (!count.allowed) throw new Refusal('address_suspended', { retryAfter: count.retryAfter });
  const proof = await redeemCode(deps, offered, {
    redirectUri: redirectUriOf(deps, name, state.flow),
    code: answer.tokenExchangeCode,
    iss: answer.iss,
    secrets: state,
  });
  await forgiveTry(deps.db, PROVIDER_NETWORK, caller.network);
  return { state, proof };
}

function isFor<Purpose extends FlowState['purpose']>(
  state: FlowState,
  purposes: readonly Purpose[],
): state is FlowState & { readonly purpose: Purpose } {
  return purposes.some((purpose) => purpose === state.purpose);
}

/** Both must be registered at the provider. */
export function redirectUriOf({ config }: Pick<Deps, 'config'>, name: string, flow: FlowState['flow']): string {
  const path = flow === 'page' ? PAGES.authCallback : AUTH_PREFIX + AUTH_PATHS.providerCallback;
  return (flow === 'page' ? config.appOrigin : config.apiOrigin) + fillPath(path, { authProvider: name });
}
