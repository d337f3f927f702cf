import { Refusal } from '@portico/protocol/errors';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState, PageView } from '@portico/ui/views';
import { findUser } from '../../accounts/user.ts';
import { changeEmail } from '../../auth/me/email.ts';
import { unlinkIdentity, waysIn } from '../../auth/me/identities.ts';
import { changePassword } from '../../auth/me/password.ts';
import { beginLink } from '../../auth/sign-in/get-oauth-url.ts';
import type { Deps } from '../../deps.ts';
import { freshUntil, requireFreshProof } from '../../sessions/fresh-proof.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM } from './form.ts';
import { noticeOf, type RoomSpec, type Visit } from './room.ts';

type View = Extract<PageView, { page: 'security' }>;
type Notice = NonNullable<View['notice']>;
const NOTICES: readonly Notice[] = ['email_sent', 'password_changed', 'password_added', 'linked', 'unlinked'];

/** /dashboard/security: the ways into the account. */
export function securityPage(deps: Deps): RoomSpec {
  const { config } = deps;
  const show = async ({ request, session }: Visit, form: FormState, refused: View['refused']): Promise<PageView> => {
    const user = await findUser(deps.db, session.userId);
    if (user === null) throw new Refusal('signed_out');
    const security = { ...(await waysIn(deps, session)), email: user.email, freshUntil: freshUntil(session) };
    return { page: 'security', security, form, refused, notice: noticeOf(request, NOTICES) };
  };
  const backWith = (notice: Notice) => `${PAGES.dashboardSecurity}?notice=${notice}`;

  return {
    path: PAGES.dashboardSecurity,
    unread: () => ({ page: 'security', security: null, form: EMPTY_FORM, refused: null, notice: null }),
    show: (visit) => show(visit, EMPTY_FORM, null),
    forms: [
      {
        path: PAGE_FORMS.dashboardEmail,
        keep: ['email'],
        submit: async ({ reply, caller, session }, form) => {
          await changeEmail(deps, caller, requireFreshProof(deps, session), { email: form['email'] ?? '' });
          return sendRedirect(config, reply, {}, backWith('email_sent'));
        },
        again: (visit, state) => show(visit, state, 'email'),
      },
      {
        path: PAGE_FORMS.dashboardPassword,
        submit: async ({ reply, caller, session }, { currentPassword, newPassword = '' }) => {
          // Empty is not absent: who leaves the field empty is told so.
          const passwords = currentPassword === undefined ? { newPassword } : { currentPassword, newPassword };
          const answer = await changePassword(deps, caller, session, passwords);
          return sendRedirect(config, reply, answer, backWith(currentPassword === undefined ? 'password_added' : 'password_changed'));
        },
        again: (visit, state) => show(visit, state, 'password'),
      },
      {
        path: PAGE_FORMS.dashboardUnlink,
        submit: async ({ reply, caller, session }, form) => {
          await unlinkIdentity(deps, caller, session, form['authProvider'] ?? '');
          return sendRedirect(config, reply, {}, backWith('unlinked'));
        },
        again: (visit, state) => show(visit, state, 'services'),
      },
      {
        path: PAGE_FORMS.dashboardLink,
        submit: async (visit, form) => {
          const begun = await beginLink(deps, visit.caller, visit.session, form['authProvider'] ?? '', { returnTo: backWith('linked') });
          return visit.leaveFor(begun, await show(visit, EMPTY_FORM, null));
        },
        again: (visit, state) => show(visit, state, 'services'),
      },
    ],
  };
}
