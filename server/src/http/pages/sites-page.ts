import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { FormState, PageView } from '@portico/ui/views';
import { signOutOfSite, siteItems } from '../../auth/me/sites.ts';
import type { Deps } from '../../deps.ts';
import { sendRedirect } from '../send.ts';
import { EMPTY_FORM } from './form.ts';
import { noticeOf, type RoomSpec, type Visit } from './room.ts';

/** /dashboard/sites: where one is signed in with this account. */
export function sitesPage(deps: Deps): RoomSpec {
  const { config } = deps;
  const show = async ({ request, session }: Visit, form: FormState): Promise<PageView> => ({
    page: 'sites',
    sites: await siteItems(deps, session),
    form,
    notice: noticeOf(request, ['site_left'] as const),
  });

  return {
    path: PAGES.dashboardSites,
    unread: () => ({ page: 'sites', sites: null, form: EMPTY_FORM, notice: null }),
    show: (visit) => show(visit, EMPTY_FORM),
    forms: [
      {
        path: PAGE_FORMS.dashboardLeaveSite,
        submit: async ({ reply, caller, session }, form) => {
          await signOutOfSite(deps, caller, session, form['clientId'] ?? '');
          return sendRedirect(config, reply, {}, `${PAGES.dashboardSites}?notice=site_left`);
        },
        again: (visit, state) => show(visit, state),
      },
    ],
  };
}
