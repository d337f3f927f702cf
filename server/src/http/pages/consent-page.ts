import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { inReadingOrder } from '@portico/protocol/tokens';
import type { AskedUser, FormState } from '@portico/ui/views';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { signOut } from '../../auth/sign-out.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { requireAsking, shownSite } from '../../oauth/asking-site.ts';
import { decideConsent } from '../../oauth/consent.ts';
import { requireCsrf } from '../../sessions/csrf.ts';
import { keptCsrfToken } from '../../sessions/kept-csrf-token.ts';
import { type Granted, requirePeekedCookie } from '../../sessions/proof-by-cookie.ts';
import { standingOf } from '../../sessions/standing.ts';
import { currentSession } from '../../sessions/verified-session.ts';
import { readCaller } from '../caller.ts';
import { requireOwnOrigin } from '../guards.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM, readForm } from './form.ts';
import { goOnWith } from './onward.ts';
import { formsWork, type PageRenderer, safeReturnTo } from './render.ts';
import { withFormCsrf } from './room.ts';
import { signInAddress } from './sign-in-address.ts';

/** /consent: "Continue to B as Ada". */
export function registerConsentPage(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  const goOn = goOnWith(config, renderer);
  const returnToOf = (source: unknown) => safeReturnTo(config, (source as Record<string, unknown> | undefined)?.['returnTo'], '');

  const show = async (request: FastifyRequest, reply: FastifyReply, caller: Caller, granted: Granted | null, form: FormState) => {
    const returnTo = returnToOf(request.method === 'GET' ? request.query : request.body);
    const asking = await requireAsking(deps, returnTo);
    const view = {
      page: 'consent',
      site: shownSite(deps, asking),
      // Without a scope a site still learns who it is that came.
      scopes: inReadingOrder(asking.scope === '' ? ['openid'] : asking.scope.split(' ')),
      user: granted === null ? null : askedUser(granted),
      until: granted?.grant.session.expiresAt ?? null,
      returnTo,
      form,
    } as const;
    const tokens = granted === null ? {} : { csrfToken: keptCsrfToken(deps, caller, granted), userId: granted.grant.user.id };
    return renderer.send(request, reply, view, tokens);
  };

  app.get(PAGES.consent, async (request, reply) => {
    const caller = readCaller(config, request);
    if (!formsWork(config)) return show(request, reply, caller, null, EMPTY_FORM);
    const granted = (await standingOf(deps, caller))?.granted ?? null;
    if (granted !== null) return show(request, reply, caller, granted, EMPTY_FORM);
    // Where the request goes on, it is known what to do first.
    await requireAsking(deps, returnToOf(request.query));
    return sendRedirect(config, reply, {}, returnToOf(request.query));
  });

  if (!formsWork(config)) return;

  for (const [path, allow] of [
    [PAGES.consent, true],
    [PAGE_FORMS.consentDeny, false],
  ] as const) {
    app.post(path, async (request, reply) => {
      const caller = withFormCsrf(readCaller(config, request), readForm(request));
      requireOwnOrigin(config, caller);
      const granted = await requirePeekedCookie(deps, caller);
      const session = currentSession(granted.grant);
      requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom });
      const returnTo = returnToOf(request.body);
      await decideConsent(deps, caller, session, { returnTo, allow });
      return goOn(request, reply, {}, returnTo);
    });
  }

  app.post(PAGE_FORMS.consentOtherAccount, async (request, reply) => {
    const caller = withFormCsrf(readCaller(config, request), readForm(request));
    requireOwnOrigin(config, caller);
    const answer = await signOut(deps, caller, {});
    return sendRedirect(config, reply, answer, signInAddress(returnToOf(request.body)));
  });
}

function askedUser({ grant: { user } }: Granted): AskedUser {
  return { displayName: user.displayName, email: user.email };
}
