import fastifyFormbody from '@fastify/formbody';
import { ADMIN_PREFIX } from '@portico/protocol/admin';
import { AUTH_PATHS, AUTH_PREFIX, AUTH_PREFIX_ALIAS, EXTERNAL_PREFIX } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { backFromTest, isOfTest } from './admin/provider-test.ts';
import { ACTIVITY_PAGE, readActivity } from './auth/me/activity.ts';
import { deleteMe } from './auth/me/delete.ts';
import { exportMe } from './auth/me/export.ts';
import { readIdentities, returnTokens, unlinkIdentity } from './auth/me/identities.ts';
import { type ChangePasswordInput, changePassword } from './auth/me/password.ts';
import { readMe, updateMe } from './auth/me/profile.ts';
import { prove, sendProofCode } from './auth/prove.ts';
import { beginLink, beginProof, getOAuthUrl, redirectToProvider } from './auth/sign-in/get-oauth-url.ts';
import { CREDENTIAL, signInRequestHandler } from './auth/sign-in/index.ts';
import { disownSignIn, notMe } from './auth/sign-in/not-me.ts';
import { resendCode } from './auth/sign-in/resend-code.ts';
import { verifySignIn } from './auth/sign-in/verify-signin.ts';
import { signUpRequestHandler } from './auth/sign-up/index.ts';
import type { Deps } from './deps.ts';
import { registerBrowserOAuth } from './http/browser-oauth-route.ts';
import { endFlowsAtClose } from './http/flow.ts';
import * as guard from './http/guards.ts';
import { registerOAuth } from './http/oauth-route.ts';
import { registerOpenApi } from './http/openapi.ts';
import { registerPages } from './http/pages/index.ts';
import { createPageRenderer } from './http/pages/render.ts';
import { backInTheApp, readReturn, stateIn } from './http/provider-return.ts';
import { type Route, registerRoutes, route } from './http/route.ts';
import * as body from './http/schemas.ts';
import { createServer } from './http/server.ts';
import { registerSystem } from './http/system.ts';
import { ADMIN_ROUTES, ADMIN_ROWS } from './routes/admin/index.ts';
import { APP_ROUTES } from './routes/apps.ts';
import { MAIL_ROUTES } from './routes/by-mail.ts';
import { CONSENT_ROUTES } from './routes/consent.ts';
import { EXTERNAL_ROUTES } from './routes/external.ts';
import { JOIN_ROUTES } from './routes/join.ts';
import { SESSION_ROUTES } from './routes/my-sessions.ts';
import { OAUTH_ROUTES } from './routes/oauth.ts';
import { SETUP_ROUTES } from './routes/setup.ts';
import { SITE_ROUTES } from './routes/sites.ts';

/** Every call of the browser API, with its guard and the counters before it (`guessing/limits.ts`). Those by mailed links stand beside it. */
export const AUTH_ROUTES: readonly Route[] = [
  route<null, body.SignUpBody>('POST', AUTH_PATHS.signUp, {
    guard: guard.ownPages,
    limit: 'mail-network, waiting-account, mail-address',
    summary: 'Begin a sign-up: a code is mailed',
    body: body.SignUpBody,
    run: (deps, caller, _, { body: { email, password, displayName = '', keep = true, inviteToken = null } }) =>
      signUpRequestHandler(deps, caller, { email, password, displayName: displayName.trim(), keep, inviteToken }),
  }),
  route<null, body.SignInBody>('POST', AUTH_PATHS.signInCredential, {
    guard: guard.ownPages,
    limit:
      'guess-network, guess-wider-network, wrong-network, signin-account, signin-device, wrong-account, waiting-account, signin-codes, signin-notices, mail-network, mail-address',
    summary: 'Sign in with e-mail and password',
    body: body.SignInBody,
    run: (deps, caller, _, { body: { email, password, keep = true } }) =>
      signInRequestHandler(deps, caller, CREDENTIAL, { email, password, keep }),
  }),
  route<null, body.ProviderAnswerBody, unknown, body.ProviderParams>('POST', AUTH_PATHS.signIn, {
    guard: guard.ownPages,
    limit: 'provider-network',
    summary: 'Sign in with what a provider answered',
    body: body.ProviderAnswerBody,
    params: body.ProviderParams,
    run: (deps, caller, _, input) => signInRequestHandler(deps, caller, input.params.authProvider, input.body),
  }),
  route<null, unknown, body.BeginQuery, body.ProviderParams>('GET', AUTH_PATHS.oAuthUrl, {
    guard: guard.open,
    limit: 'none',
    summary: 'Where to send the browser to sign in at a provider',
    query: body.BeginQuery,
    params: body.ProviderParams,
    run: (deps, caller, _, { params, query: { returnTo, keep } }) =>
      getOAuthUrl(deps, caller, params.authProvider, { returnTo, keep: keep !== 'false' }),
  }),
  route<null, body.VerifyBody>('POST', AUTH_PATHS.verifySignIn, {
    guard: guard.ownOrigin,
    limit: 'guess-network, guess-wider-network, wrong-network, code-account',
    summary: 'Type the mailed code in the browser that waits for it',
    body: body.VerifyBody,
    run: (deps, caller, _, { body: { securityCode } }) => verifySignIn(deps, caller, securityCode),
  }),
  route('POST', AUTH_PATHS.resendCode, {
    guard: guard.ownOrigin,
    limit: 'mail-network, mail-address, held-codes, signin-codes',
    summary: 'Mail another code',
    body: body.EmptyBody,
    run: (deps, caller) => resendCode(deps, caller),
  }),
  route<null, body.NotMeBody>('POST', AUTH_PATHS.notMe, {
    guard: guard.ownOrigin,
    limit: 'guess-network, guess-wider-network, wrong-network',
    summary: 'End the waiting sign-in of this browser; or, with the token of a notice, every session',
    body: body.NotMeBody,
    run: (deps, caller, _, { body: { token } }) => (token === undefined ? notMe(deps, caller) : disownSignIn(deps, caller, token)),
  }),
  ...APP_ROUTES,
  route<guard.Current, body.ReturnToBody, unknown, body.ProviderParams>('POST', AUTH_PATHS.myIdentity, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Begin to link a provider',
    body: body.ReturnToBody,
    params: body.ProviderParams,
    run: (deps, caller, session, input) => beginLink(deps, caller, session, input.params.authProvider, input.body),
  }),
  route<guard.Current, unknown, unknown, body.ProviderParams>('DELETE', AUTH_PATHS.myIdentityTokens, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Give a provider’s tokens back to it',
    body: body.EmptyBody,
    params: body.ProviderParams,
    run: (deps, caller, session, { params }) => returnTokens(deps, caller, session, params.authProvider),
  }),
  route<guard.Current, body.ReturnToBody, unknown, body.ProviderParams>('POST', AUTH_PATHS.myProofByProvider, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Begin to prove by a linked provider who you are',
    body: body.ReturnToBody,
    params: body.ProviderParams,
    run: (deps, caller, session, input) => beginProof(deps, caller, session, input.params.authProvider, input.body),
  }),
  // Any name may stand here: a fixed path wins over it, so /me and /session are not providers.
  route<null, unknown, body.BeginQuery, body.ProviderParams>('GET', AUTH_PATHS.providerStart, {
    guard: guard.open,
    limit: 'none',
    summary: 'Go to a provider to sign in',
    query: body.BeginQuery,
    params: body.ProviderParams,
    run: (deps, caller, _, { params, query: { returnTo, keep } }) =>
      redirectToProvider(deps, caller, params.authProvider, { returnTo, keep: keep !== 'false' }),
  }),
  route<null, unknown, unknown, body.ProviderParams>('GET', AUTH_PATHS.providerCallback, {
    guard: guard.open,
    limit: 'provider-network',
    summary: 'Where a provider sends the browser back to',
    params: body.ProviderParams,
    run: (deps, caller, _, { params: { authProvider }, query }) =>
      isOfTest(deps, caller, authProvider, stateIn(query))
        ? backFromTest(deps, caller, { authProvider, state: stateIn(query) ?? '', returned: readReturn(query) })
        : backInTheApp(deps, authProvider, query, (answer) => signInRequestHandler(deps, caller, authProvider, answer)),
  }),
  route('GET', AUTH_PATHS.me, {
    guard: guard.cookieAndDatabase,
    limit: 'none',
    summary: 'Own profile',
    run: (deps, _, session) => readMe(deps, session),
  }),
  route<guard.Current, body.ProfileBody>('PATCH', AUTH_PATHS.me, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Change the own name',
    body: body.ProfileBody,
    run: (deps, caller, session, input) => updateMe(deps, caller, session, input.body),
  }),
  route<guard.Current, body.DeleteBody>('DELETE', AUTH_PATHS.me, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Delete the own account, with everything that is kept about it',
    body: body.DeleteBody,
    run: (deps, caller, session, input) => deleteMe(deps, caller, session, input.body),
  }),
  route<guard.Current>('GET', AUTH_PATHS.myExport, {
    guard: guard.cookieAndDatabase,
    limit: 'exports-user',
    summary: 'Download everything that is kept about the user',
    run: (deps, caller, session) => exportMe(deps, caller, session),
  }),
  route<guard.Current>('GET', AUTH_PATHS.myIdentities, {
    guard: guard.cookieAndDatabase,
    limit: 'none',
    summary: 'Own ways in: linked services, and whether there is a password',
    run: (deps, _, session) => readIdentities(deps, session),
  }),
  route<guard.Current, unknown, unknown, body.ProviderParams>('DELETE', AUTH_PATHS.myIdentity, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Unlink a service',
    body: body.EmptyBody,
    params: body.ProviderParams,
    run: (deps, caller, session, { params }) => unlinkIdentity(deps, caller, session, params.authProvider),
  }),
  route<guard.Current, body.ProofBody>('POST', AUTH_PATHS.myProof, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'password-user, code-account',
    summary: 'Show once more who one is, by password or by a mailed code',
    body: body.ProofBody,
    run: (deps, caller, session, input) => prove(deps, caller, session, input.body),
  }),
  route<guard.Current>('POST', AUTH_PATHS.myProofCode, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'proof-codes',
    summary: 'Mail a code to show once more who one is',
    body: body.EmptyBody,
    run: (deps, caller, session) => sendProofCode(deps, caller, session),
  }),
  ...CONSENT_ROUTES,
  ...JOIN_ROUTES,
  ...MAIL_ROUTES,
  ...SETUP_ROUTES,
  route<guard.Current, ChangePasswordInput>('POST', AUTH_PATHS.myPassword, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'password-user',
    summary: 'Change the password; every other session ends',
    body: body.ChangePasswordBody,
    run: (deps, caller, session, input) => changePassword(deps, caller, session, input.body),
  }),
  route<guard.Current, unknown, body.ActivityQuery>('GET', AUTH_PATHS.myActivity, {
    guard: guard.cookieAndDatabase,
    limit: 'none',
    summary: 'What happened in the own account',
    query: body.ActivityQuery,
    run: (deps, _, session, { query: { cursor, limit } }) => readActivity(deps, session, { cursor, limit: Number(limit ?? ACTIVITY_PAGE) }),
  }),
  ...SESSION_ROUTES,
];

/** The whole HTTP face of Portico: API, pages, machine-readable documents. It does not listen yet. */
export async function buildApp(deps: Deps, logger: FastifyServerOptions['loggerInstance'] | false = false): Promise<FastifyInstance> {
  const renderer = await createPageRenderer(deps);
  const app = await createServer(deps, renderer.errorPage, logger);
  await registerOpenApi(app);
  for (const prefix of [AUTH_PREFIX, AUTH_PREFIX_ALIAS]) {
    await app.register(async (scope) => registerRoutes(scope, deps, AUTH_ROUTES), { prefix });
  }
  await app.register(async (scope) => registerRoutes(scope, deps, EXTERNAL_ROUTES), { prefix: EXTERNAL_PREFIX });
  await app.register(async (scope) => registerRoutes(scope, deps, ADMIN_ROUTES), { prefix: ADMIN_PREFIX });
  await app.register(async (scope) => {
    endFlowsAtClose(scope);
    registerRoutes(scope, deps, SITE_ROUTES);
  });
  await app.register(async (scope) => {
    await scope.register(fastifyFormbody);
    registerOAuth(scope, deps, OAUTH_ROUTES);
  });
  await app.register(async (scope) => {
    await scope.register(fastifyFormbody);
    registerBrowserOAuth(scope, deps, OAUTH_ROUTES);
  });
  await registerSystem(app, deps);
  await registerPages(app, deps, renderer, ADMIN_ROWS);
  return app;
}
