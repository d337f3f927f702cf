import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import type { FormState, PageView } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { confirmEmail } from '../../auth/confirm-email.ts';
import { forgotPassword } from '../../auth/forgot-password.ts';
import { isResetLinkOpen, resetPassword } from '../../auth/reset-password.ts';
import { disownSignIn } from '../../auth/sign-in/not-me.ts';
import { undoEmail } from '../../auth/undo-email.ts';
import { verifyEmail } from '../../auth/verify-email.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { findMailLink } from '../../mail/mail-link.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { standingOf } from '../../sessions/standing.ts';
import { currentSession } from '../../sessions/verified-session.ts';
import { findWaiting } from '../../sessions/waiting-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM, issueFormToken, readForm, refusedForm } from './form.ts';
import { submitGuestForm } from './guest-form.ts';
import { formsWork, type PageRenderer, type PageTokens } from './render.ts';

type Act = Extract<PageView, { page: 'mail-link' }>['act'];

/**
 * The pages that links in letters lead to, and the one that asks for such a letter. Mail scanners open links by GET and HEAD, and some
 * run scripts: nothing happens before somebody presses the button.
 */
export function registerMailLinkPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const oneHost = formsWork(config);
  const guestTokens = (caller: Caller, reply: FastifyReply): PageTokens =>
    oneHost ? { formToken: issueFormToken(deps, caller, reply) } : {};

  const showForgot = (request: FastifyRequest, reply: FastifyReply, caller: Caller, form: FormState) =>
    renderer.send(request, reply, { page: 'forgot', form, sent: noticeOf(request) === 'sent' }, guestTokens(caller, reply));

  const showReset = async (request: FastifyRequest, reply: FastifyReply, caller: Caller, form: FormState, token: string) => {
    const open = await isResetLinkOpen(deps, token);
    return renderer.send(request, reply, { page: 'reset', form, token: open ? token : null }, guestTokens(caller, reply));
  };

  const showAct = async (
    request: FastifyRequest,
    reply: FastifyReply,
    tokens: PageTokens,
    { act, form = EMPTY_FORM, token, open }: { act: Act; form?: FormState; token: string; open: boolean },
  ) =>
    renderer.send(request, reply, { page: 'mail-link', act, form, token: open ? token : null, done: noticeOf(request) === 'done' }, tokens);

  app.get(PAGES.forgot, (request, reply) => showForgot(request, reply, readCaller(config, request), EMPTY_FORM));
  app.get(PAGES.reset, (request, reply) => showReset(request, reply, readCaller(config, request), EMPTY_FORM, tokenOf(request.query)));

  app.get(PAGES.verifyEmail, async (request, reply) => {
    const caller = readCaller(config, request);
    const token = tokenOf(request.query);
    return showAct(request, reply, guestTokens(caller, reply), { act: 'verifyEmail', token, open: await isOpenHere(caller, token) });
  });

  // Whoever has the letter, signed in or not.
  for (const [act, purpose] of [
    ['undoEmail', 'undo_email'],
    ['notMe', 'not_me'],
  ] as const) {
    app.get(PAGES[act], async (request, reply) => {
      const caller = readCaller(config, request);
      const token = tokenOf(request.query);
      const open = (await findMailLink(deps.db, purpose, token, deps.now())) !== null;
      return showAct(request, reply, guestTokens(caller, reply), { act, token, open });
    });
  }

  app.get(PAGES.confirmEmail, async (request, reply) => {
    const caller = readCaller(config, request);
    const token = tokenOf(request.query);
    const link = await findMailLink(deps.db, 'confirm_email', token, deps.now());
    if (!oneHost) return showAct(request, reply, {}, { act: 'confirmEmail', token, open: link !== null });
    const standing = await standingOf(deps, caller);
    // Another tab has just replaced the cookie: the page's script refreshes.
    if (standing === null) return showAct(request, reply, {}, { act: 'confirmEmail', token, open: link !== null });
    if (standing.granted === null) {
      const back = token === '' ? PAGES.confirmEmail : `${PAGES.confirmEmail}?${new URLSearchParams({ token })}`;
      const to = standing.status === 'SIGNED_OUT' ? `${PAGES.signIn}?${new URLSearchParams({ returnTo: back })}` : PAGES.verifySignIn;
      return reply.code(303).header('location', to).send();
    }
    const own = link !== null && link.userId === standing.granted.grant.user.id;
    return showAct(request, reply, { csrfToken: keptCsrfToken(deps, caller, standing.granted) }, { act: 'confirmEmail', token, open: own });
  });

  /** The link of a sign-up opens in the browser that signed up; another one is told so before it presses anything. */
  const isOpenHere = async (caller: Caller, token: string): Promise<boolean> => {
    const link = await findMailLink(deps.db, 'verify_email', token, deps.now());
    if (link === null || !oneHost) return link !== null;
    return (await findWaiting(deps, caller))?.session.id === link.sessionId;
  };

  if (!oneHost) return;

  app.post(PAGES.forgot, (request, reply) =>
    submitGuestForm(deps, request, reply, {
      keep: ['email'],
      work: async (caller, form) => {
        await forgotPassword(deps, caller, { email: form['email'] ?? '' });
        return sendRedirect(config, reply, {}, `${PAGES.forgot}?notice=sent`);
      },
      again: (caller, state) => showForgot(request, reply, caller, state),
    }),
  );

  app.post(PAGES.reset, (request, reply) =>
    submitGuestForm(deps, request, reply, {
      keep: [],
      work: async (caller, form) => {
        await resetPassword(deps, caller, { token: tokenOf(form), password: form['password'] ?? '' });
        return sendRedirect(config, reply, {}, `${PAGES.signIn}?notice=password_reset`);
      },
      again: (caller, state, _, form) => showReset(request, reply, caller, state, tokenOf(form)),
    }),
  );

  const guestAct = (act: 'verifyEmail' | 'undoEmail' | 'notMe', run: (caller: Caller, token: string) => Promise<Answer>, to: string) =>
    app.post(PAGES[act], (request, reply) =>
      submitGuestForm(deps, request, reply, {
        keep: [],
        work: async (caller, form) => sendRedirect(config, reply, await run(caller, tokenOf(form)), to),
        again: (caller, state, { code }, form) =>
          showAct(request, reply, guestTokens(caller, reply), { act, form: state, token: tokenOf(form), open: code !== 'link_expired' }),
      }),
    );
  guestAct('verifyEmail', (caller, token) => verifyEmail(deps, caller, { token }), PAGES.dashboard);
  guestAct('notMe', (caller, token) => disownSignIn(deps, caller, token), `${PAGES.notMe}?notice=done`);
  guestAct('undoEmail', (caller, token) => undoEmail(deps, caller, { token }), `${PAGES.undoEmail}?notice=done`);

  app.post(PAGES.confirmEmail, async (request, reply) => {
    const form = readForm(request);
    // A plain form carries its CSRF token as a field, and it never counts as a bearer call.
    const caller: Caller = { ...readCaller(config, request), bearer: null, csrfHeader: form[FORM_FIELDS.csrf] ?? null };
    requireOwnOrigin(config, caller);
    const granted = await requirePeekedCookie(deps, caller);
    const session = currentSession(granted.grant);
    requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
    const token = tokenOf(form);
    try {
      await confirmEmail(deps, caller, session, { token });
      return await sendRedirect(config, reply, {}, `${PAGES.confirmEmail}?notice=done`);
    } catch (error) {
      const { state, status, refusal } = refusedForm(error, form, []);
      reply.code(status);
      const tokens = { csrfToken: keptCsrfToken(deps, caller, granted) };
      return showAct(request, reply, tokens, { act: 'confirmEmail', form: state, token, open: refusal.code !== 'link_expired' });
    }
  });
}

/** '' for what cannot be one; the page then says that the link is over. */
function tokenOf(source: unknown): string {
  const token = (source as Record<string, unknown> | undefined)?.['token'];
  return typeof token === 'string' && token.length <= 128 ? token : '';
}

function noticeOf(request: FastifyRequest): unknown {
  return (request.query as Record<string, unknown>)['notice'];
}
