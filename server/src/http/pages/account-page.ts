import { Refusal } from '@portico/protocol/errors';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState, PageView } from '@portico/ui/views';
import { findUser, publicUser } from '../../accounts/user.ts';
import { deleteMe } from '../../auth/me/delete.ts';
import { exportMe } from '../../auth/me/export.ts';
import { updateMe } from '../../auth/me/profile.ts';
import type { Deps } from '../../deps.ts';
import { freshUntil } from '../../sessions/fresh-proof.ts';
import { sendAnswer, sendRedirect } from '../send.ts';
import { cleanName, EMPTY_FORM } from './form.ts';
import { noticeOf, type RoomSpec, type Visit } from './room.ts';

type View = Extract<PageView, { page: 'account' }>;

/** /dashboard/account: name, export, deletion. */
export function accountPage(deps: Deps): RoomSpec {
  const { config } = deps;
  const show = async ({ request, session }: Visit, form: FormState, refused: View['refused']): Promise<PageView> => {
    const user = await findUser(deps.db, session.userId);
    if (user === null) throw new Refusal('signed_out');
    const profile = { user: publicUser(user), freshUntil: freshUntil(session) };
    return { page: 'account', profile, form, refused, notice: noticeOf(request, ['name_changed'] as const) };
  };

  return {
    path: PAGES.dashboardAccount,
    unread: () => ({ page: 'account', profile: null, form: EMPTY_FORM, refused: null, notice: null }),
    show: (visit) => show(visit, EMPTY_FORM, null),
    forms: [
      {
        path: PAGE_FORMS.dashboardName,
        keep: ['displayName'],
        submit: async ({ reply, caller, session }, form) => {
          await updateMe(deps, caller, session, { displayName: cleanName(form['displayName'] ?? '') });
          return sendRedirect(config, reply, {}, `${PAGES.dashboardAccount}?notice=name_changed`);
        },
        again: (visit, state) => show(visit, state, 'name'),
      },
      {
        path: PAGE_FORMS.dashboardExport,
        submit: async ({ reply, caller, session }) => sendAnswer(config, reply, await exportMe(deps, caller, session)),
        again: (visit, state) => show(visit, state, 'export'),
      },
      {
        path: PAGE_FORMS.dashboardDelete,
        submit: async ({ reply, caller, session }, form) => {
          const answer = await deleteMe(deps, caller, session, { confirm: form['confirm'] ?? '' });
          return sendRedirect(config, reply, answer, `${PAGES.signIn}?notice=account_deleted`);
        },
        again: (visit, state) => show(visit, state, 'delete'),
      },
    ],
  };
}
