import { FORM_FIELDS } from '@portico/protocol/cookies';
import { Refusal } from '@portico/protocol/errors';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { Account, FormState, PageView } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findUser, publicUser } from '../../accounts/user.ts';
import { extendSoft } from '../../auth/extend-auth.ts';
import { changePassword } from '../../auth/me/password.ts';
import { endOtherSessions, endSession, sessionItems } from '../../auth/me/sessions.ts';
import { standingOf } from '../../auth/session-status.ts';
import { signOut } from '../../auth/sign-out.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { type Granted, requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { type CurrentSession, currentSession } from '../../sessions/verified-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect, writeCookies } from '../send.ts';
import { EMPTY_FORM, type Form, readForm, refusedForm } from './form.ts';
import { formsWork, type PageRenderer } from './render.ts';

type Notice = Extract<PageView, { page: 'dashboard' }>['notice'];
const NOTICES: readonly Notice[] = ['password_changed', 'session_ended', 'others_ended'];

/** The pages of people who are signed in. They look at the refresh cookie and do not spend it. */
export function registerDashboardPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;

  const show = async (request: FastifyRequest, reply: FastifyReply, caller: Caller, granted: Granted, form: FormState) => {
    const asked = (request.query as Record<string, unknown>)['notice'];
    const notice = NOTICES.find((known) => known === asked) ?? null;
    const account = await accountOf(currentSession(granted.grant));
    return renderer.send(request, reply, { page: 'dashboard', account, form, notice }, { csrfToken: keptCsrfToken(deps, caller, granted) });
  };

  const accountOf = async (session: CurrentSession): Promise<Account> => {
    const user = await findUser(deps.db, session.userId);
    if (user === null) throw new Refusal('signed_out');
    return { user: publicUser(user), createdAt: user.createdAt, sessions: await sessionItems(deps, session) };
  };

  app.get(PAGES.dashboard, async (request, reply) => {
    const caller = readCaller(config, request);
    const unread: PageView = { page: 'dashboard', account: null, form: EMPTY_FORM, notice: null };
    // Three hosts: the cookies are on the API's host, so the page asks the API itself.
    if (!formsWork(config)) return renderer.send(request, reply, unread);
    const standing = await standingOf(deps, caller);
    // A cookie that another tab has just replaced: the page refreshes, and nobody is sent to the sign-in for having two tabs.
    if (standing === null) return renderer.send(request, reply, unread);
    if (standing.granted !== null) return show(request, reply, caller, standing.granted, EMPTY_FORM);
    const to = standing.status === 'SIGNED_OUT' ? `${PAGES.signIn}?returnTo=${encodeURIComponent(PAGES.dashboard)}` : PAGES.verifySignIn;
    return reply.code(303).header('location', to).send();
  });

  app.get(PAGES.signOut, async (request, reply) => {
    const caller = readCaller(config, request);
    if (!formsWork(config)) return renderer.send(request, reply, { page: 'sign-out' });
    const granted = (await standingOf(deps, caller))?.granted ?? null;
    if (granted === null) return reply.code(303).header('location', PAGES.signIn).send();
    return renderer.send(request, reply, { page: 'sign-out' }, { csrfToken: keptCsrfToken(deps, caller, granted) });
  });

  if (!formsWork(config)) return;

  /** Origin, sign-in and CSRF token first; then the verb. A refusal shows the dashboard again and says why. */
  const submit = async (
    request: FastifyRequest,
    reply: FastifyReply,
    work: (caller: Caller, session: CurrentSession, form: Form) => Promise<FastifyReply>,
  ): Promise<FastifyReply> => {
    const form = readForm(request);
    const caller = withFormCsrf(readCaller(config, request), form);
    requireOwnOrigin(config, caller);
    const granted = await requirePeekedCookie(deps, caller);
    const session = currentSession(granted.grant);
    requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
    try {
      return await work(caller, session, form);
    } catch (error) {
      const { status, state } = refusedForm(error, form, []);
      reply.code(status);
      return show(request, reply, caller, granted, state);
    }
  };
  const backWith = (notice: Notice) => `${PAGES.dashboard}?notice=${notice}`;

  app.post(PAGE_FORMS.dashboardPassword, (request, reply) =>
    submit(request, reply, async (caller, session, form) => {
      const input = { currentPassword: form['currentPassword'] ?? '', newPassword: form['newPassword'] ?? '' };
      return sendRedirect(config, reply, await changePassword(deps, caller, session, input), backWith('password_changed'));
    }),
  );
  app.post(PAGE_FORMS.dashboardEndSession, (request, reply) =>
    submit(request, reply, async (caller, session, form) => {
      const id = form['id'] ?? '';
      await endSession(deps, caller, session, id);
      return sendRedirect(config, reply, {}, id === session.id ? PAGES.signIn : backWith('session_ended'));
    }),
  );
  app.post(PAGE_FORMS.dashboardEndOthers, (request, reply) =>
    submit(request, reply, async (caller, session) => {
      await endOtherSessions(deps, caller, session);
      return sendRedirect(config, reply, {}, backWith('others_ended'));
    }),
  );
  app.post(PAGE_FORMS.dashboardExtend, (request, reply) =>
    submit(request, reply, async (caller) => sendRedirect(config, reply, await extendSoft(deps, caller), PAGES.dashboard)),
  );
  app.post(PAGES.signOut, async (request, reply) => {
    const form = readForm(request);
    const caller = withFormCsrf(readCaller(config, request), form);
    requireOwnOrigin(config, caller);
    const answer = await signOut(deps, caller, { everywhere: form['everywhere'] !== undefined });
    writeCookies(config, reply, answer);
    return reply.code(303).header('location', `${PAGES.signIn}?notice=signed_out`).send();
  });
}

/** A plain form carries its CSRF token as a field, because it can set no header; and it never counts as a bearer call. */
function withFormCsrf(caller: Caller, form: Form): Caller {
  return { ...caller, bearer: null, csrfHeader: form[FORM_FIELDS.csrf] ?? null };
}
