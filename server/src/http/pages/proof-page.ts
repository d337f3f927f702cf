import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState, PageView, ProofWays } from '@portico/ui/views';
import { waysIn } from '../../auth/me/identities.ts';
import { placeOf, prove, sendProofCode } from '../../auth/prove.ts';
import { beginProof } from '../../auth/sign-in/get-oauth-url.ts';
import type { Deps } from '../../deps.ts';
import { findCode, RESEND_PAUSE } from '../../guessing/security-code.ts';
import { isRequestPath } from '../../oauth/asking-site.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM } from './form.ts';
import { goOnWith } from './onward.ts';
import { type PageRenderer, safeReturnTo } from './render.ts';
import { proofAddress, type RoomSpec, type Visit } from './room.ts';

/** /dashboard/confirm: somebody who is signed in shows once more who they are, and goes back to what needed it. */
export function proofPage(deps: Deps, renderer: PageRenderer): RoomSpec {
  const { config } = deps;
  const goOn = goOnWith(config, renderer);
  const returnToOf = (source: unknown) =>
    safeReturnTo(config, (source as Record<string, unknown> | undefined)?.['returnTo'], PAGES.dashboard);
  const again = async ({ session }: Visit, form: FormState, source: unknown): Promise<PageView> => ({
    page: 'confirm',
    proof: await proofWays(deps, session),
    form,
    returnTo: returnToOf(source),
    back: backOf(returnToOf(source)),
  });

  return {
    path: PAGES.dashboardProof,
    unread: ({ query }) => ({
      page: 'confirm',
      proof: null,
      form: EMPTY_FORM,
      returnTo: returnToOf(query),
      back: backOf(returnToOf(query)),
    }),
    show: (visit) => again(visit, EMPTY_FORM, visit.request.query),
    forms: [
      {
        path: PAGES.dashboardProof,
        submit: async ({ request, reply, caller, session }, form) => {
          const { password, securityCode } = form;
          const proof = { ...(password === undefined ? {} : { password }), ...(securityCode === undefined ? {} : { securityCode }) };
          return goOn(request, reply, await prove(deps, caller, session, proof), returnToOf(form));
        },
        again,
      },
      {
        path: PAGE_FORMS.dashboardProofCode,
        submit: async ({ reply, caller, session }, form) => {
          await sendProofCode(deps, caller, session);
          return sendRedirect(config, reply, {}, proofAddress(returnToOf(form)));
        },
        again,
      },
      {
        path: PAGE_FORMS.dashboardProofProvider,
        submit: async (visit, form) => {
          const begun = await beginProof(deps, visit.caller, visit.session, form['authProvider'] ?? '', { returnTo: returnToOf(form) });
          return visit.leaveFor(begun, await again(visit, EMPTY_FORM, form));
        },
        again,
      },
    ],
  };
}

/** Whoever does not want to prove it says so to the site that asked, on the page that is made for it. */
function backOf(returnTo: string): string {
  return isRequestPath(returnTo) ? `${PAGES.consent}?returnTo=${encodeURIComponent(returnTo)}` : returnTo;
}

async function proofWays(deps: Deps, session: CurrentSession): Promise<ProofWays> {
  const [{ items, hasPassword }, code] = await Promise.all([waysIn(deps, session), findCode(deps.db, placeOf(session))]);
  const living = code !== null && code.expiresAt > deps.now() && code.triesLeft > 0 ? code : null;
  return {
    hasPassword,
    services: items.filter(({ offered }) => offered).map(({ authProvider, service }) => ({ authProvider, service })),
    codeSent: living !== null,
    resendAt: code === null ? 0 : code.sentAt + RESEND_PAUSE,
    triesLeft: living?.triesLeft ?? null,
  };
}
