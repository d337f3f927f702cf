import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { PageView } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { answerDevice, findDeviceToApprove } from '../../oauth/approve-device.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { type Granted, requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { standingOf } from '../../sessions/standing.ts';
import { type CurrentSession, currentSession } from '../../sessions/verified-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM, type Form, readForm, refusedForm } from './form.ts';
import { formsWork, type PageRenderer } from './render.ts';
import { noticeOf, withFormCsrf } from './room.ts';
import { signInAddress, verifyAddress } from './sign-in-address.ts';

type View = Extract<PageView, { page: 'device' }>;

const NOTHING: View = { page: 'device', typed: '', waiting: null, answered: null, form: EMPTY_FORM };

/**
 * /device: the code of a device without a browser is typed here, and the person is asked. A code that comes along in the address is only
 * written into the field: whoever follows somebody's link still sees what it would sign in, and says so (RFC 8628 5.4).
 */
export function registerDevicePage(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const send = (request: FastifyRequest, reply: FastifyReply, caller: Caller, granted: Granted | null, view: View) =>
    renderer.send(
      request,
      reply,
      view,
      granted === null ? {} : { csrfToken: keptCsrfToken(deps, caller, granted), userId: granted.grant.user.id },
    );

  app.get(PAGES.device, async (request, reply) => {
    const caller = readCaller(config, request);
    const typed = codeIn(request);
    const view = { ...NOTHING, typed, answered: noticeOf(request, ['approved', 'denied'] as const) };
    if (!formsWork(config)) return send(request, reply, caller, null, view);
    const standing = await standingOf(deps, caller);
    // A cookie that another tab has just replaced: the page asks by itself.
    if (standing === null || standing.granted !== null) return send(request, reply, caller, standing?.granted ?? null, view);
    const here = typed === '' ? PAGES.device : `${PAGES.device}?user_code=${encodeURIComponent(typed)}`;
    return sendRedirect(config, reply, {}, standing.status === 'SIGNED_OUT' ? signInAddress(here) : verifyAddress(here));
  });

  if (!formsWork(config)) return;

  const post = (
    path: string,
    submit: (caller: Caller, session: CurrentSession, form: Form, reply: FastifyReply) => Promise<FastifyReply | View>,
  ) =>
    app.post(path, async (request, reply) => {
      const form = readForm(request);
      const caller = withFormCsrf(readCaller(config, request), form);
      requireOwnOrigin(config, caller);
      const granted = await requirePeekedCookie(deps, caller);
      const session = currentSession(granted.grant);
      requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
      try {
        const done = await submit(caller, session, form, reply);
        return 'page' in done ? await send(request, reply, caller, granted, done) : done;
      } catch (error) {
        const { status, state, refusal } = refusedForm(error, form, []);
        reply.code(status);
        if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
        return send(request, reply, caller, granted, { ...NOTHING, typed: (form['userCode'] ?? '').slice(0, CODE_MAX), form: state });
      }
    });

  post(PAGES.device, async (caller, session, form) => {
    const waiting = await findDeviceToApprove(deps, caller, session, form['userCode'] ?? '');
    return { ...NOTHING, typed: waiting.userCode, waiting };
  });
  post(PAGE_FORMS.deviceAnswer, async (caller, session, form, reply) => {
    const allow = form['allow'] === 'yes';
    await answerDevice(deps, caller, session, { userCode: form['userCode'] ?? '', allow });
    return sendRedirect(config, reply, {}, `${PAGES.device}?notice=${allow ? 'approved' : 'denied'}`);
  });
}

const CODE_MAX = 32;

/** Shown in a field, never acted on. */
function codeIn({ query }: FastifyRequest): string {
  const code = (query as Record<string, unknown>)['user_code'];
  return typeof code === 'string' && code.length <= CODE_MAX && /^[A-Za-z -]*$/.test(code) ? code : '';
}
