import { ADMIN_ACTS, ADMIN_EXPORT_PAGES, ADMIN_FORMS, ADMIN_PAGES, type AdminAct } from '@portico/protocol/admin';
import { PAGES } from '@portico/protocol/routes';
import type { AdminView } from '@portico/ui/admin-views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../caller.ts';
import type { Config } from '../../config.ts';
import type { Deps } from '../../deps.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { type Granted, isRotationStale, requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { requireRole } from '../../sessions/staff-session.ts';
import { standingOf } from '../../sessions/standing.ts';
import { currentSession } from '../../sessions/verified-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { readForm, refusedForm } from '../pages/form.ts';
import type { PageRenderer } from '../pages/render.ts';
import { proofAddress, withFormCsrf } from '../pages/room.ts';
import { signInAddress, verifyAddress } from '../pages/sign-in-address.ts';
import { sendAnswer, sendRedirect, writeCookies } from '../send.ts';
import type { AdminDeed } from './admin-route.ts';
import type { AdminRows } from './admin-rows.ts';
import { bodyOfForm } from './form-body.ts';
import { parsePage, requireFits, requireValid } from './parse-page.ts';

/**
 * The admin page: documents and plain forms, on the host where the cookies are, so that it works without a script on one host and on three.
 * A form posts to the path of its call below `ADMIN_FORMS`, and says in `back` which screen it came from.
 */
export function registerAdminPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer, { screens, deeds, exports }: AdminRows): void {
  const { config } = deps;
  /** Where sign-in, renewal and proof are: said only where that is another host than this one. */
  const pages = config.appOrigin === config.apiOrigin ? '' : config.appOrigin;
  const ourOrigin: Pick<Config, 'appOrigin'> = { appOrigin: config.apiOrigin };

  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    granted: Granted,
    address: string,
    more: Pick<AdminView, 'form' | 'done'>,
  ): Promise<FastifyReply> => {
    const { screen, input } = parsePage(screens, address);
    const session = requireRole(currentSession(granted.grant), screen.role);
    requireValid(request, screen, input);
    const content = await screen.read(deps, caller, session, input);
    const { user } = granted.grant;
    const me = { id: user.id, displayName: user.displayName, email: user.email, role: user.role };
    const view = { screen: screen.name, content, address, me, ...more } as AdminView;
    return renderer.sendAdmin(request, reply, view, { csrfToken: keptCsrfToken(deps, caller, granted), userId: user.id });
  };

  /** Who looks, or where they have to go first. */
  const enter = async (request: FastifyRequest, reply: FastifyReply): Promise<{ caller: Caller; granted: Granted } | FastifyReply> => {
    if (isElsewhere(config, request))
      return reply
        .code(302)
        .header('location', config.apiOrigin + request.url)
        .send();
    const caller = readCaller(config, request);
    const standing = await standingOf(deps, caller);
    const goTo = (path: string) =>
      reply
        .code(303)
        .header('location', pages + path)
        .send();
    const back = encodeURIComponent(request.url);
    if (standing === null) return goTo(`${PAGES.freshen}?returnTo=${back}`);
    const { granted, status } = standing;
    if (granted === null) return goTo(status === 'SIGNED_OUT' ? signInAddress(request.url) : verifyAddress(request.url));
    // A copied jar that reads along here is seen when its owner comes back, as everywhere else.
    if (isRotationStale(deps, granted)) return goTo(`${PAGES.freshen}?returnTo=${back}`);
    return { caller, granted };
  };

  for (const { page } of screens) {
    app.get(page, async (request, reply) => {
      const entered = await enter(request, reply);
      if (!('granted' in entered)) return entered;
      return show(request, reply, entered.caller, entered.granted, request.url, { form: null, done: doneOf(request) });
    });
  }

  for (const { path, query, role, write } of exports) {
    app.get(ADMIN_EXPORT_PAGES + path, { schema: { querystring: query } }, async (request, reply) => {
      const entered = await enter(request, reply);
      if (!('granted' in entered)) return entered;
      const session = requireRole(currentSession(entered.granted.grant), role);
      const input = { body: {}, params: {}, query: request.query };
      return sendAnswer(config, reply, await write(deps, entered.caller, session, input));
    });
  }

  for (const deed of deeds) {
    // No schema here: what a form says is made into the body of the call first, and checked by the call's own schema.
    app.post(ADMIN_FORMS + ADMIN_ACTS[deed.name], async (request, reply) => {
      const form = readForm(request);
      const caller = withFormCsrf(readCaller(config, request), form);
      requireOwnOrigin(ourOrigin, caller);
      const granted = await requirePeekedCookie(deps, caller);
      const session = currentSession(granted.grant);
      requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
      // Whoever does not work here learns nothing of what there is.
      requireRole(session, 'support');
      const back = backOf(form['back']);
      try {
        const answer = await act(request, deed, caller, session, form);
        if (!deed.shows) return await leave(reply, answer, back, deed.name);
        writeCookies(config, reply, answer);
        // As every plain form that leads to another site: a redirect would need the policy to name every host on the way.
        if (deed.leads) reply.header('refresh', `0; url=${(answer.body as { readonly oAuthUrl: string }).oAuthUrl}`);
        const done = { act: deed.name, body: answer.body ?? {} };
        return await show(request, reply, caller, granted, shownAt(answer, back), { form: null, done });
      } catch (error) {
        const { status, state, refusal } = refusedForm(error, form, keptFields(deed, form), LONGEST_FIELD);
        if (refusal.code === 'fresh_signin_required') return sendRedirect(config, reply, {}, pages + proofAddress(back));
        if (refusal.code === 'signed_out') throw error;
        reply.code(status);
        if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
        const place = { act: deed.name, at: request.url, state };
        return show(request, reply, caller, granted, back, { form: place, done: null });
      }
    });
  }

  const act = async (
    request: FastifyRequest,
    deed: AdminDeed,
    caller: Caller,
    session: ReturnType<typeof currentSession>,
    form: Readonly<Record<string, string>>,
  ): Promise<Answer> => {
    const body = deed.body === undefined ? {} : bodyOfForm(deed.body, form);
    requireValid(request, { query: undefined, params: deed.params }, { params: request.params, query: {} });
    if (deed.body !== undefined) requireFits(request, deed.body, body, 'body');
    return deed.act(deps, caller, session, { body, query: {}, params: request.params });
  };

  /** The act is done, and a reload of the next page does not do it again. */
  const leave = (reply: FastifyReply, answer: Answer, back: string, name: AdminAct): FastifyReply => {
    const url = new URL(answer.headers?.['location'] ?? back, config.apiOrigin);
    url.searchParams.set('done', name);
    return sendRedirect(config, reply, answer, url.pathname + url.search);
  };

  const backOf = (wish: string | undefined): string => {
    const url = URL.parse(wish ?? '', config.apiOrigin);
    const ours = wish !== undefined && wish.startsWith('/') && url?.origin === config.apiOrigin && isAdminPath(url.pathname);
    return ours ? url.pathname + url.search : ADMIN_PAGES.home;
  };

  const isAdminPath = (path: string): boolean => {
    try {
      parsePage(screens, path);
      return true;
    } catch {
      return false;
    }
  };
}

/** Where the answer's own screen is, when it is another than the one that asked: a new site's. */
function shownAt(answer: Answer, back: string): string {
  return answer.headers?.['location'] ?? back;
}

/** Pages and cookies on two hosts: the admin page is where the cookies are. */
function isElsewhere({ appOrigin, apiOrigin }: Config, { host }: FastifyRequest): boolean {
  return appOrigin !== apiOrigin && host === new URL(appOrigin).host;
}

/** What a page before this one has done; only words that are known are ever shown. */
function doneOf({ query }: FastifyRequest): AdminView['done'] {
  const name = (query as Record<string, unknown>)['done'];
  return typeof name === 'string' && Object.hasOwn(ADMIN_ACTS, name) ? { act: name as AdminAct, body: {} } : null;
}

/** Lists are long, and one wrong line must not cost the others. */
const LONGEST_FIELD = 100_000;

/** Keys are public, but somebody may have pasted the private ones. */
const NOT_SHOWN_AGAIN: readonly string[] = ['confirm', 'jwks'];

/** What was typed and ticked is shown again, but for what may be a secret. */
function keptFields({ body }: AdminDeed, form: Readonly<Record<string, string>>): readonly string[] {
  const names = body === undefined ? [] : Object.keys(body.properties).filter((name) => !NOT_SHOWN_AGAIN.includes(name));
  return [...names, ...Object.keys(form).filter((key) => names.some((name) => key.startsWith(`${name}.`)))];
}
