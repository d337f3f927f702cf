import { Refusal } from '@portico/protocol/errors';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState, PageView } from '@portico/ui/views';
import { findUser, publicUser } from '../../accounts/user.ts';
import { extendSoft } from '../../auth/extend-auth.ts';
import { endOtherSessions, endSession, sessionItems } from '../../auth/me/sessions.ts';
import type { Deps } from '../../deps.ts';
import { OUR_PAGES } from '../../sessions/browser-client.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM } from './form.ts';
import { noticeOf, type RoomSpec, type Visit } from './room.ts';

type Notice = NonNullable<Extract<PageView, { page: 'dashboard' }>['notice']>;
const NOTICES: readonly Notice[] = ['session_ended', 'others_ended'];

/** /dashboard: who one is, and where one is signed in. */
export function overviewPage(deps: Deps): RoomSpec {
  const { config } = deps;
  const show = async ({ request, session }: Visit, form: FormState): Promise<PageView> => {
    const user = await findUser(deps.db, session.userId);
    if (user === null) throw new Refusal('signed_out');
    const account = { user: publicUser(user), createdAt: user.createdAt, sessions: await sessionItems(deps, session) };
    return { page: 'dashboard', account, form, notice: noticeOf(request, NOTICES) };
  };
  const again = (visit: Visit, state: FormState) => show(visit, state);
  const backWith = (notice: Notice) => `${PAGES.dashboard}?notice=${notice}`;

  return {
    path: PAGES.dashboard,
    unread: () => ({ page: 'dashboard', account: null, form: EMPTY_FORM, notice: null }),
    show: (visit) => show(visit, EMPTY_FORM),
    forms: [
      {
        path: PAGE_FORMS.dashboardEndSession,
        submit: async ({ reply, caller, session }, form) => {
          const id = form['id'] ?? '';
          await endSession(deps, caller, session, id);
          return sendRedirect(config, reply, {}, id === session.id ? PAGES.signIn : backWith('session_ended'));
        },
        again,
      },
      {
        path: PAGE_FORMS.dashboardEndOthers,
        submit: async ({ reply, caller, session }) => {
          await endOtherSessions(deps, caller, session);
          return sendRedirect(config, reply, {}, backWith('others_ended'));
        },
        again,
      },
      {
        path: PAGE_FORMS.dashboardExtend,
        submit: async ({ reply, caller }) => sendRedirect(config, reply, await extendSoft(deps, caller, OUR_PAGES), PAGES.dashboard),
        again,
      },
    ],
  };
}
