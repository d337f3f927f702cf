import { Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import { findIdentityOfUser } from '../../accounts/identity.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import { safeReturnTo } from '../../sessions/return-to.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';
import { type Beginning, beginAtProvider } from '../auth-providers/at-provider.ts';

/** Characters. */
const RETURN_TO_MAX = 1000;

/** Where the browser goes now. */
export interface Begun extends Answer {
  readonly body: { readonly oAuthUrl: string };
}

export interface Wish {
  readonly returnTo?: string | undefined;
  readonly keep?: boolean;
}

/** GET get-oauth-url/:authProvider: where our own page sends the browser (seed 001). It comes back to a page. */
export async function getOAuthUrl(deps: Deps, caller: Caller, authProvider: string, wish: Wish): Promise<Answer> {
  return answerUrl(deps, caller, authProvider, { ...wished(deps, wish), purpose: 'signin', flow: 'page', sid: null });
}

/** GET :authProvider: the same as a redirect (seed 000), for plain links. It comes back to the API. */
export async function redirectToProvider(deps: Deps, caller: Caller, authProvider: string, wish: Wish): Promise<Answer> {
  const beginning: Beginning = { ...wished(deps, wish), purpose: 'signin', flow: 'redirect', sid: null };
  // A stranger's page may point here, but whom it signs in the person decides on our own page.
  if (caller.fetchSite === 'cross-site')
    return { redirectTo: `${deps.config.appOrigin}${PAGES.signIn}?returnTo=${encodeURIComponent(beginning.returnTo)}` };
  const { oAuthUrl, cookies } = await beginAtProvider(deps, caller, authProvider, beginning);
  return { redirectTo: oAuthUrl, cookies };
}

/**
 * POST me/identities/:authProvider: a signed-in user with a fresh proof begins to link. A call with a CSRF token, not a link: an
 * attacker who signed a browser in at the provider must not be able to make its user start this.
 */
export async function beginLink(deps: Deps, caller: Caller, session: CurrentSession, authProvider: string, wish: Wish): Promise<Begun> {
  const { id } = requireFreshProof(deps, session);
  return answerUrl(deps, caller, authProvider, { ...wished(deps, wish), purpose: 'link', flow: 'redirect', sid: id });
}

/** POST me/proof/:authProvider: proves once more who one is, by an identity that is linked already. */
export async function beginProof(deps: Deps, caller: Caller, session: CurrentSession, authProvider: string, wish: Wish): Promise<Begun> {
  if ((await findIdentityOfUser(deps.db, session.userId, authProvider)) === null) throw new Refusal('not_found');
  return answerUrl(deps, caller, authProvider, { ...wished(deps, wish), purpose: 'prove', flow: 'redirect', sid: session.id });
}

async function answerUrl(deps: Deps, caller: Caller, authProvider: string, beginning: Beginning): Promise<Begun> {
  const { oAuthUrl, cookies } = await beginAtProvider(deps, caller, authProvider, beginning);
  return { body: { oAuthUrl }, cookies };
}

function wished({ config }: Deps, { returnTo = '', keep = true }: Wish): Pick<Beginning, 'returnTo' | 'keep'> {
  // It travels in the state, and providers take no address without end.
  return { returnTo: returnTo.length > RETURN_TO_MAX ? PAGES.dashboard : safeReturnTo(config, returnTo, PAGES.dashboard), keep };
}
