import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import type { FormState, PageView } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Begun } from '../../auth/sign-in/get-oauth-url.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { type Granted, requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { standingOf } from '../../sessions/standing.ts';
import { type CurrentSession, currentSession } from '../../sessions/verified-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { writeCookies } from '../send.ts';
import { type Form, readForm, refusedForm } from './form.ts';
import { formsWork, type PageRenderer } from './render.ts';

/** A look at a page of somebody who is signed in. */
export interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: Caller;
  readonly session: CurrentSession;
  /**
   * To another site, from a plain form, by way of this page. A redirect would do only if the policy named every host that a provider may
   * send a browser on to as a target of our forms.
   */
  readonly leaveFor: (begun: Begun, view: PageView) => FastifyReply;
}

/** One page of the account, and the plain forms on it. */
export interface RoomSpec {
  readonly path: string;
  /** Where three hosts part pages from cookies, or another tab has just replaced the cookie, the page asks the API itself. */
  readonly unread: (request: FastifyRequest) => PageView;
  readonly show: (visit: Visit) => Promise<PageView>;
  readonly forms: readonly RoomForm[];
}

export interface RoomForm {
  readonly path: string;
  readonly submit: (visit: Visit, form: Form) => Promise<FastifyReply>;
  /** The page again, with what was wrong. */
  readonly again: (visit: Visit, state: FormState, form: Form) => Promise<PageView>;
  /** Fields whose values the page shows again. Never a password or a code. */
  readonly keep?: readonly string[];
}

/** Registers a page of the account. It looks at the refresh cookie and does not spend it. */
export function registerRoom(app: FastifyInstance, deps: Deps, renderer: PageRenderer, room: RoomSpec): void {
  const { config } = deps;

  const send = (request: FastifyRequest, reply: FastifyReply, caller: Caller, granted: Granted, view: PageView) =>
    renderer.send(request, reply, view, { csrfToken: keptCsrfToken(deps, caller, granted), userId: granted.grant.user.id });

  const visitOf = (request: FastifyRequest, reply: FastifyReply, caller: Caller, granted: Granted): Visit => ({
    request,
    reply,
    caller,
    session: currentSession(granted.grant),
    leaveFor: (begun, view) => {
      writeCookies(config, reply, begun);
      reply.header('refresh', `0; url=${begun.body.oAuthUrl}`);
      return send(request, reply, caller, granted, view);
    },
  });

  app.get(room.path, async (request, reply) => {
    const caller = readCaller(config, request);
    if (!formsWork(config)) return renderer.send(request, reply, room.unread(request));
    const standing = await standingOf(deps, caller);
    // A cookie that another tab has just replaced: the page refreshes, and nobody is sent to the sign-in for having two tabs.
    if (standing === null) return renderer.send(request, reply, room.unread(request));
    const { granted } = standing;
    if (granted !== null) {
      return send(request, reply, caller, granted, await room.show(visitOf(request, reply, caller, granted)));
    }
    const to = standing.status === 'SIGNED_OUT' ? `${PAGES.signIn}?returnTo=${encodeURIComponent(room.path)}` : PAGES.verifySignIn;
    return reply.code(303).header('location', to).send();
  });

  if (!formsWork(config)) return;
  for (const { path, submit, again, keep = [] } of room.forms) {
    /** Origin, sign-in and CSRF token first; then the verb. A refusal shows the page again and says why. */
    app.post(path, async (request, reply) => {
      const form = readForm(request);
      const caller = withFormCsrf(readCaller(config, request), form);
      requireOwnOrigin(config, caller);
      const granted = await requirePeekedCookie(deps, caller);
      const visit = visitOf(request, reply, caller, granted);
      requireCsrf(deps, caller, { sid: visit.session.id, csrfFrom: visit.session.csrfFrom });
      try {
        return await submit(visit, form);
      } catch (error) {
        const { status, state, refusal } = refusedForm(error, form, keep);
        if (refusal.code === 'fresh_signin_required') return reply.code(303).header('location', proofAddress(room.path)).send();
        reply.code(status);
        if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
        return send(request, reply, caller, granted, await again(visit, state, form));
      }
    });
  }
}

/** Where somebody shows once more who they are, and comes back from. */
export function proofAddress(returnTo: string): string {
  return `${PAGES.dashboardProof}?returnTo=${encodeURIComponent(returnTo)}`;
}

/** What the page is asked to say, out of what it can say. */
export function noticeOf<Notice extends string>({ query }: FastifyRequest, notices: readonly Notice[]): Notice | null {
  const asked = (query as Record<string, unknown>)['notice'];
  return notices.find((known) => known === asked) ?? null;
}

/** A plain form carries its CSRF token as a field, because it can set no header; and it never counts as a bearer call. */
export function withFormCsrf(caller: Caller, form: Form): Caller {
  return { ...caller, bearer: null, csrfHeader: form[FORM_FIELDS.csrf] ?? null };
}
