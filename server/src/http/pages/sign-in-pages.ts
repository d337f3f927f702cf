import { Refusal } from '@portico/protocol/errors';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { maskEmail } from '../../accounts/email.ts';
import { findInvitation } from '../../accounts/invitation.ts';
import { closedTo, signUpProblem } from '../../accounts/sign-up-policy.ts';
import { CREDENTIAL, signInRequestHandler } from '../../auth/sign-in/index.ts';
import { notMe } from '../../auth/sign-in/not-me.ts';
import { resendCode } from '../../auth/sign-in/resend-code.ts';
import { verifySignIn } from '../../auth/sign-in/verify-signin.ts';
import { signUpRequestHandler } from '../../auth/sign-up/index.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { findCode, RESEND_PAUSE } from '../../guessing/security-code.ts';
import { openAsking, shownSite } from '../../oauth/asking-site.ts';
import type { OpenedRequest } from '../../oauth/authorize-request.ts';
import type { Answer } from '../../sessions/answer.ts';
import { standingOf } from '../../sessions/standing.ts';
import { findWaiting, seenSignIn } from '../../sessions/waiting-session.ts';
import { readCaller } from '../caller.ts';
import { sendRedirect } from '../send.ts';
import { cleanName, EMPTY_FORM, issueFormToken } from './form.ts';
import { type GuestForm, submitGuestForm } from './guest-form.ts';
import { goOnWith } from './onward.ts';
import { providerButtons } from './provider-pages.ts';
import { formsWork, type PageRenderer, safeReturnTo } from './render.ts';
import { signInAddress, verifyAddress } from './sign-in-address.ts';

const EMAIL_AND_NAME = ['email', 'displayName', 'keep', 'returnTo'];
const SIGN_IN_NOTICES = ['signed_out', 'session_ended', 'password_reset', 'not_me', 'account_deleted'] as const;

/** The pages for people who are not signed in: sign in, sign up, type the code. */
export function registerSignInPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const returnToOf = (source: unknown) =>
    safeReturnTo(config, (source as Record<string, unknown> | undefined)?.['returnTo'], PAGES.dashboard);

  const goOn = goOnWith(config, renderer);
  /** A request that is over, or never was, is told where it goes on and not before. */
  const askingOf = (returnTo: string) => openAsking(deps, returnTo).catch(nullIfRefused);
  const siteOf = (asking: OpenedRequest | null) => (asking === null ? null : shownSite(deps, asking));

  /** Somebody who is signed in, or waits for a code, does not need this page. Null: stay. */
  const elsewhere = async (caller: Caller, returnTo: string): Promise<string | null> => {
    if (!formsWork(config)) return null;
    const standing = await standingOf(deps, caller);
    if (standing === null || standing.status === 'VERIFIED') return returnTo;
    return standing.status === 'SIGNED_OUT' ? null : PAGES.verifySignIn;
  };

  const showSignIn = async (request: FastifyRequest, reply: FastifyReply, caller: Caller, form: FormState, returnTo: string) => {
    const asked = (request.query as Record<string, unknown>)['notice'];
    const notice = SIGN_IN_NOTICES.find((known) => known === asked) ?? null;
    const asking = await askingOf(returnTo);
    return renderer.send(
      request,
      reply,
      { page: 'sign-in', form: hintedForm(form, asking), returnTo, notice, providers: providerButtons(deps, caller), site: siteOf(asking) },
      tokensFor(caller, reply),
    );
  };

  const tokensFor = (caller: Caller, reply: FastifyReply) => (formsWork(config) ? { formToken: issueFormToken(deps, caller, reply) } : {});

  const showSignUp = async (
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    form: FormState,
    returnTo: string,
    invite: unknown,
  ) => {
    const token = typeof invite === 'string' ? invite : '';
    const invited = await findInvitation(deps.db, token, deps.now());
    const problem = invited === null ? closedTo(config) : signUpProblem(config, invited.email, invited);
    const closed = problem === 'signup_closed' || problem === 'signup_by_invitation' ? problem : null;
    const invitation = invited === null || closed !== null ? null : { token, email: invited.email.text };
    const site = siteOf(await askingOf(returnTo));
    const view = { page: 'sign-up', form, returnTo, providers: providerButtons(deps, caller), invitation, closed, site } as const;
    return renderer.send(request, reply, view, tokensFor(caller, reply));
  };

  app.get(PAGES.signIn, async (request, reply) => {
    const caller = readCaller(config, request);
    const returnTo = returnToOf(request.query);
    const away = await elsewhere(caller, returnTo);
    return away === null ? showSignIn(request, reply, caller, EMPTY_FORM, returnTo) : reply.code(303).header('location', away).send();
  });

  app.get(PAGES.signUp, async (request, reply) => {
    const caller = readCaller(config, request);
    const returnTo = returnToOf(request.query);
    const away = await elsewhere(caller, returnTo);
    if (away !== null) return reply.code(303).header('location', away).send();
    return showSignUp(request, reply, caller, EMPTY_FORM, returnTo, (request.query as Record<string, unknown>)['invite']);
  });

  const showVerify = async (
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    form: FormState,
    triesLeft: number | null,
    returnTo: string,
  ) => {
    const waiting = await findWaiting(deps, caller);
    if (formsWork(config) && waiting === null) return reply.code(303).header('location', PAGES.signIn).send();
    const code = waiting === null ? null : await findCode(deps.db, waiting.place);
    const view = {
      page: 'verify-sign-in' as const,
      form,
      reason: waiting?.kind ?? null,
      seen: waiting === null ? null : seenSignIn(waiting),
      maskedEmail: waiting === null ? '' : maskEmail(waiting.email),
      codeSent: code !== null,
      resendAt: code === null ? 0 : code.sentAt + RESEND_PAUSE,
      triesLeft: triesLeft ?? code?.triesLeft ?? null,
      returnTo,
    };
    return renderer.send(request, reply, view, tokensFor(caller, reply));
  };

  app.get(PAGES.verifySignIn, async (request, reply) => {
    const caller = readCaller(config, request);
    const returnTo = returnToOf(request.query);
    // A sign-in that waits comes first: until its code was typed the browser may still be signed in as before.
    if (formsWork(config) && (await findWaiting(deps, caller)) === null && (await standingOf(deps, caller))?.status === 'VERIFIED')
      return reply.code(303).header('location', returnTo).send();
    return showVerify(request, reply, caller, EMPTY_FORM, null, returnTo);
  });

  // Where pages and API are on different hosts a plain form could not reach the cookies, and the pages say so.
  if (!formsWork(config)) return;

  const submit = (
    request: FastifyRequest,
    reply: FastifyReply,
    work: GuestForm['work'],
    again: GuestForm['again'],
  ): Promise<FastifyReply> => submitGuestForm(deps, request, reply, { keep: EMAIL_AND_NAME, work, again });

  app.post(PAGES.signIn, (request, reply) =>
    submit(
      request,
      reply,
      async (caller, form) => {
        const answer = await signInRequestHandler(deps, caller, CREDENTIAL, {
          email: form['email'] ?? '',
          password: form['password'] ?? '',
          keep: form['keep'] !== undefined,
        });
        const to = returnToOf(form);
        return waits(answer) ? sendRedirect(config, reply, answer, verifyAddress(to)) : goOn(request, reply, answer, to);
      },
      (caller, state, _, form) => showSignIn(request, reply, caller, state, returnToOf(form)),
    ),
  );

  app.post(PAGES.signUp, (request, reply) =>
    submit(
      request,
      reply,
      async (caller, form) => {
        const answer = await signUpRequestHandler(deps, caller, {
          email: form['email'] ?? '',
          password: form['password'] ?? '',
          displayName: cleanName(form['displayName'] ?? ''),
          keep: true,
          inviteToken: form['inviteToken'] ?? null,
        });
        return sendRedirect(config, reply, answer, verifyAddress(returnToOf(form)));
      },
      (caller, state, _, form) => showSignUp(request, reply, caller, state, returnToOf(form), form['inviteToken']),
    ),
  );

  app.post(PAGES.verifySignIn, (request, reply) =>
    submit(
      request,
      reply,
      async (caller, form) => goOn(request, reply, await verifySignIn(deps, caller, form['securityCode'] ?? ''), returnToOf(form)),
      (caller, state, refusal, form) =>
        showVerify(request, reply, caller, state, Number(refusal.extra?.['triesLeft'] ?? Number.NaN) || null, returnToOf(form)),
    ),
  );

  app.post(PAGE_FORMS.verifyResend, (request, reply) =>
    submit(
      request,
      reply,
      async (caller, form) => sendRedirect(config, reply, await resendCode(deps, caller), verifyAddress(returnToOf(form))),
      (caller, state, _, form) => showVerify(request, reply, caller, state, null, returnToOf(form)),
    ),
  );

  for (const [path, reason] of [
    [PAGE_FORMS.verifyNotMe, 'not_me'],
    [PAGE_FORMS.verifyOtherAccount, 'other_account'],
  ] as const) {
    app.post(path, (request, reply) =>
      submit(
        request,
        reply,
        async (caller, form) => {
          const unusual = reason === 'not_me' && (await findWaiting(deps, caller))?.kind === 'unusual';
          const to = reason === 'other_account' ? signInAddress(returnToOf(form)) : PAGES.signIn + (unusual ? '?notice=not_me' : '');
          return sendRedirect(config, reply, await notMe(deps, caller, reason), to);
        },
        (caller, state, _, form) => showVerify(request, reply, caller, state, null, returnToOf(form)),
      ),
    );
  }
}

/** The proof was good and a code is asked for. */
function waits({ body }: Answer): boolean {
  return body !== undefined && 'status' in body && body.status === 'UNVERIFIED';
}

/** The address that the site knows the person by (`login_hint`), where nothing was typed yet. */
function hintedForm(form: FormState, asking: OpenedRequest | null): FormState {
  const hint = asking?.parameters['login_hint'];
  return form !== EMPTY_FORM || hint === undefined ? form : { ...form, values: { email: hint.slice(0, 320) } };
}

function nullIfRefused(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}
