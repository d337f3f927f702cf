import { COOKIES } from '@portico/protocol/cookies';
import { Refusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import { type Confirmed, enterByIdentity } from '../../accounts/enter-by-identity.ts';
import { findIdentity } from '../../accounts/identity.ts';
import { linkIdentity } from '../../accounts/link-identity.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { tallied } from '../../platform/tallied.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import { requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { markProved } from '../../sessions/session.ts';
import { type CurrentSession, currentSession } from '../../sessions/verified-session.ts';
import { type ProviderAnswer, proveAtProvider } from '../auth-providers/at-provider.ts';
import { type CredentialInput, proveByPassword } from '../auth-providers/credential.ts';
import { requireOffered } from '../auth-providers/oauth.ts';
import type { FlowState } from '../auth-providers/oauth-state.ts';
import { createUserSession, type SignInOutcome, signInAnswer } from '../create-user-session.ts';

/** 400 days, in seconds: the badge on the button that was used last. It says nothing but a provider's name. */
const LAST_WAY_AGE = 400 * 86_400;
/** The way in that asks nobody else. */
export const CREDENTIAL = 'credential';

/** What is done here with an answer; an operator's test is not. */
const PURPOSES = ['signin', 'link', 'prove'] as const;

export type SignInInput = CredentialInput | ProviderAnswer;

/** The answer for programs, and for a navigation the address on which it goes on. */
export interface SignInAnswer extends Answer {
  readonly next: string;
}

/**
 * POST signin/:authProvider, and what comes back from a provider by the other flow: the provider proves who it is, then the one door
 * opens the session. A provider may also have been asked for a link or for a fresh proof; its state says which.
 */
export async function signInRequestHandler(deps: Deps, caller: Caller, authProvider: string, input: SignInInput): Promise<SignInAnswer> {
  if (!('csrfState' in input)) {
    if (authProvider !== CREDENTIAL) throw new Refusal('not_found');
    return signInByPassword(deps, caller, input);
  }
  const { definition } = requireOffered(deps, authProvider);
  // Refused here it was somebody at this way in, whatever for; confirmed, it is not known yet what for.
  const ask = () => proveAtProvider(deps, caller, authProvider, input, PURPOSES);
  const { state, proof } = await tallied(deps.tally, 'signIns', authProvider, ask, () => null);
  const confirmed: Confirmed = { ...proof.profile, provider: authProvider, tokens: proof.tokens };
  switch (state.purpose) {
    case 'signin':
      return signInByProvider(deps, caller, confirmed, state);
    case 'link':
      await linkIdentity(deps, caller, requireFreshProof(deps, await sessionThatAsked(deps, caller, state)), confirmed, definition.label);
      return doneFor(deps, 'LINKED', state);
    case 'prove':
      await proveAgain(deps, caller, await sessionThatAsked(deps, caller, state), confirmed);
      return doneFor(deps, 'PROVED', state);
  }
}

async function signInByPassword(deps: Deps, caller: Caller, input: CredentialInput): Promise<SignInAnswer> {
  const enter = async () => createUserSession(deps, caller, await proveByPassword(deps, caller, input));
  const outcome = await tallied(deps.tally, 'signIns', 'password', enter, ({ kind }) => kind);
  const answer = { ...signInAnswer(deps, outcome), next: nextOf(deps, outcome, '') };
  if (caller.cookies.lastWay === null) return answer;
  return { ...answer, cookies: [...(answer.cookies ?? []), { name: COOKIES.lastWay, value: '', maxAge: 0 }] };
}

async function signInByProvider(deps: Deps, caller: Caller, confirmed: Confirmed, { keep, returnTo }: FlowState): Promise<SignInAnswer> {
  const enter = async () => {
    const user = await enterByIdentity(deps, caller, confirmed);
    const proof = { userId: user.id, uvRead: user.uv, amr: ['fed'], persistence: keep ? 'kept' : 'browser' } as const;
    return createUserSession(deps, caller, proof);
  };
  const outcome = await tallied(deps.tally, 'signIns', confirmed.provider, enter, ({ kind }) => kind);
  const { body, cookies = [] } = signInAnswer(deps, outcome);
  const lastWay = { name: COOKIES.lastWay, value: confirmed.provider, maxAge: LAST_WAY_AGE };
  return { body: { ...body, returnTo }, cookies: [...cookies, lastWay], next: nextOf(deps, outcome, returnTo) };
}

function doneFor({ config }: Deps, status: 'LINKED' | 'PROVED', { returnTo }: FlowState): SignInAnswer {
  return { body: { status, returnTo }, next: config.appOrigin + returnTo };
}

/** A sign-in that waits for its code goes on to where the code is typed, and from there to where it was begun. */
function nextOf({ config }: Deps, outcome: SignInOutcome, returnTo: string): string {
  if (outcome.kind === 'signed_in') return config.appOrigin + (returnTo || PAGES.dashboard);
  const after = returnTo === '' || returnTo === PAGES.dashboard ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
  return config.appOrigin + PAGES.verifySignIn + after;
}

/**
 * The session that began must be the one that ends it, and still live: whoever signs in meanwhile in the same browser must not get
 * somebody else's way in. The refresh cookie is looked at, because the access token may have ended while its user was at the provider.
 */
async function sessionThatAsked(deps: Deps, caller: Caller, { sid }: FlowState): Promise<CurrentSession> {
  const session = currentSession((await requirePeekedCookie(deps, caller)).grant);
  if (session.id !== sid) throw new Refusal('bad_state');
  return session;
}

async function proveAgain(deps: Deps, caller: Caller, session: CurrentSession, { provider, subject }: Confirmed): Promise<void> {
  const identity = await findIdentity(deps.db, provider, subject);
  if (identity?.userId !== session.userId) throw new Refusal('provider_refused');
  await deps.db.transaction(async (tx) => {
    await markProved(tx, session.id, deps.now());
    const facts = { actorId: session.userId, userId: session.userId, sessionId: session.id, reason: `fed ${provider}` };
    await recordEvent(tx, deps, caller, 'proof.given', facts);
  });
}
