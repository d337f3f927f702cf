import { type OAuthErrorCode, OAuthRefusal } from '@portico/protocol/errors';
import { PAGES } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import { type Consent, findConsent } from '../clients/consent.ts';
import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import type { Db } from '../platform/db.ts';
import type { Answer } from '../sessions/answer.ts';
import { type Granted, isRotationStale } from '../sessions/proof-by-cookie.ts';
import { lockActiveSession } from '../sessions/session.ts';
import { provedAtOf } from '../sessions/session-row.ts';
import { type Standing, standingOf } from '../sessions/standing.ts';
import { insertCode } from './authorization-code.ts';
import { keepRequestWaiting, spendRequest } from './authorization-request.ts';
import { type AuthorizeRequest, answerAddress, type OpenedRequest, openRequest, readAuthorizeRequest } from './authorize-request.ts';
import { readIdTokenHint } from './id-token-hint.ts';
import { openApp } from './open-app.ts';
import type { Parameters } from './parameters.ts';
import { isWithin } from './scope.ts';
import { requestPath, storeRequest } from './stored-request.ts';

/** What a request waits for, and the page of ours where that is done. */
const NEEDS = {
  sign_in: PAGES.signIn,
  code: PAGES.verifySignIn,
  proof: PAGES.dashboardProof,
  rotation: PAGES.freshen,
  consent: PAGES.consent,
} as const;
type Need = keyof typeof NEEDS;

/** The same for a site that wants no page to be shown. */
const SILENT: Readonly<Record<Need, readonly [OAuthErrorCode, string]>> = {
  sign_in: ['login_required', 'nobody is signed in'],
  code: ['login_required', 'nobody is signed in'],
  proof: ['login_required', 'the sign-in is older than the request allows'],
  rotation: ['interaction_required', 'the browser must pass by our own pages first'],
  consent: ['consent_required', 'the user was not asked yet'],
};

/**
 * GET /oauth/authorize: a code for the site, an error for the site, or a page of ours that comes first. Whatever is wrong with the site or
 * with its address is thrown, and told on our own page.
 */
export async function authorize(deps: Deps, caller: Caller, sent: Parameters): Promise<Answer> {
  const opened = await openRequest(deps, sent);
  try {
    return await answer(deps, caller, readAuthorizeRequest(opened));
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error;
    if (opened.stored !== null) await spendRequest(deps.db, opened.stored.idHash, deps.now());
    return { redirectTo: answerAddress(deps, opened, { error: error.code, error_description: error.message }) };
  }
}

/**
 * POST /oauth/authorize (OpenID Connect Core 3.1.2.1). A form on the site's page brings no Lax cookie along, so the request is kept and the
 * browser comes again with a GET.
 */
export async function authorizeByForm(deps: Deps, caller: Caller, sent: Parameters): Promise<Answer> {
  const { client, parameters, requestUri }: OpenedRequest = await openRequest(deps, sent);
  const kept = requestUri ?? (await storeRequest(deps, caller, { clientId: client.id, origin: 'pushed', parameters }));
  return { redirectTo: deps.config.apiOrigin + requestPath(client.id, kept) };
}

async function answer(deps: Deps, caller: Caller, request: AuthorizeRequest): Promise<Answer> {
  if (request.stored?.deniedAt != null) throw new OAuthRefusal('access_denied', 'the user said no');
  const standing = await standingOf(deps, caller);
  const granted = standing?.granted ?? null;
  const need = granted === null ? needOf(standing) : await needOfSignedIn(deps, request, granted);
  if (need !== null || granted === null) return lead(deps, caller, request, need ?? 'sign_in');
  const positive = request.byCookie ? await openByCookie(deps, caller, request, granted) : await answerCode(deps, request, granted);
  // The session ended, or the request was answered, while this one was under way.
  return positive ?? lead(deps, caller, request, 'sign_in');
}

async function answerCode(deps: Deps, request: AuthorizeRequest, granted: Granted): Promise<Answer | null> {
  const code = await makeCode(deps, request, granted);
  return code === null ? null : { redirectTo: answerAddress(deps, request, { code }) };
}

async function openByCookie(deps: Deps, caller: Caller, request: AuthorizeRequest, granted: Granted): Promise<Answer | null> {
  const { client, scope } = request;
  const admit = (tx: Db, session: Granted['grant']['session']) => admitRequest(tx, deps, request, session);
  const cookies = await openApp(deps, caller, granted, { client, scope, admit });
  return cookies === null ? null : { redirectTo: answerAddress(deps, request, {}), cookies };
}

/** A cookie that another tab has just replaced is no sign-out: a refresh says more. */
function needOf(standing: Standing | null): Need {
  if (standing === null) return 'rotation';
  return standing.status === 'SIGNED_OUT' ? 'sign_in' : 'code';
}

async function needOfSignedIn(deps: Deps, request: AuthorizeRequest, granted: Granted): Promise<Need | null> {
  const { grant } = granted;
  const { session, user } = grant;
  await requireHintedUser(deps, request, user.id);
  const provedAt = provedAtOf(session);
  if (wantsProof(deps, request, provedAt)) return 'proof';
  if (isRotationStale(deps, granted)) return 'rotation';
  return (await needsConsent(deps.db, request, { id: session.id, userId: user.id, provedAt })) ? 'consent' : null;
}

async function needsConsent(
  db: Db,
  request: AuthorizeRequest,
  { id, userId, provedAt }: { readonly id: string; readonly userId: string; readonly provedAt: number },
): Promise<boolean> {
  if (request.stored?.approvedSessionId === id) return false;
  return wantsConsent(request, provedSince(request, provedAt), await findConsent(db, userId, request.client.id));
}

/** OpenID Connect Core 3.1.2.1: never a positive answer about somebody else than the site means. */
async function requireHintedUser(deps: Deps, { parameters, client, prompt }: AuthorizeRequest, userId: string): Promise<void> {
  const token = parameters['id_token_hint'];
  if (token === undefined) return;
  const hint = await readIdTokenHint(deps, token);
  // A hint that nobody can read any more says nothing; but who asks silently gets no answer by it.
  if (hint === null || hint.clientId !== client.id ? prompt.has('none') : hint.sub !== userId)
    throw new OAuthRefusal('login_required', 'somebody else is signed in');
}

/** Whatever proof was given since the site asked: it meets prompt=login and max_age, so that max_age=0 ends too, and it chose the account. */
function provedSince({ stored }: AuthorizeRequest, provedAt: number): boolean {
  return stored !== null && provedAt > stored.createdAt;
}

function wantsProof({ now }: Pick<Deps, 'now'>, request: AuthorizeRequest, provedAt: number): boolean {
  const { prompt, maxAge } = request;
  if (provedSince(request, provedAt)) return false;
  return prompt.has('login') || (maxAge !== null && provedAt + maxAge * 1000 < now());
}

function wantsConsent(
  { prompt, client, scope, redirectUri, byCookie }: AuthorizeRequest,
  chosen: boolean,
  consent: Consent | null,
): boolean {
  if (prompt.has('consent') || !(byCookie || isAssured(client, redirectUri))) return true;
  if (prompt.has('select_account') && !chosen) return true;
  if (client.confirmation !== 'once') return client.confirmation === 'always';
  return consent === null || !isWithin(scope, consent.scope);
}

/**
 * Whether it is really this client that will get the code: it proves itself, or the address is its own on the web. Any program on a
 * machine can listen at a loopback port or take a scheme for itself, so there the user is asked each time (RFC 8252 8.6). Where no code is
 * made the question does not arise: nothing is sent to the address, and the cookie answers to the origin of the client alone.
 */
function isAssured({ authentication }: Client, redirectUri: string): boolean {
  return authentication !== 'none' || redirectUri.startsWith('https://');
}

/** To the page where it is done, which leads back here; or, where no page may be shown, to the site. */
async function lead(deps: Deps, caller: Caller, request: AuthorizeRequest, need: Need): Promise<Answer> {
  const { client, prompt, stored, parameters } = request;
  if (prompt.has('none')) throw new OAuthRefusal(...SILENT[need]);
  if (stored !== null) await keepRequestWaiting(deps.db, stored.idHash, deps.now());
  const requestUri = request.requestUri ?? (await storeRequest(deps, caller, { clientId: client.id, origin: 'waiting', parameters }));
  const returnTo = encodeURIComponent(requestPath(client.id, requestUri));
  return { redirectTo: `${deps.config.appOrigin}${NEEDS[need]}?returnTo=${returnTo}` };
}

/** Null when the session has ended, or of parallel answers to one stored request another one was first. */
async function makeCode(deps: Deps, request: AuthorizeRequest, { grant }: Granted): Promise<string | null> {
  const code = `ptc_${deps.random(32).toString('base64url')}`;
  const { client, redirectUri, challenge, scope, nonce, dpopKey } = request;
  return deps.db.transaction(async (tx) => {
    const now = deps.now();
    const session = await lockActiveSession(tx, grant.session.id, now);
    if (session?.userId == null) return null;
    if (!(await admitRequest(tx, deps, request, { ...session, userId: session.userId }))) return null;
    const made = { hash: tokenHash(code), clientId: client.id, sessionId: session.id, userId: session.userId };
    await insertCode(tx, { ...made, redirectUri, challenge, scope, nonce, dpopKey }, now);
    return code;
  });
}

/**
 * Once the session is locked. "Sign out of B" takes the same lock: what was allowed a moment ago may be taken back by now. Of parallel
 * answers to one stored request one is admitted.
 */
async function admitRequest(tx: Db, deps: Deps, request: AuthorizeRequest, session: Granted['grant']['session']): Promise<boolean> {
  const { id, userId } = session;
  if (await needsConsent(tx, request, { id, userId, provedAt: provedAtOf(session) })) return false;
  return request.stored === null || spendRequest(tx, request.stored.idHash, deps.now());
}
