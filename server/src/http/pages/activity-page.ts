import { PAGES } from '@portico/protocol/routes';
import type { FastifyRequest } from 'fastify';
import { ACTIVITY_CURSOR, ACTIVITY_PAGE, activityPage as readPage } from '../../auth/me/activity.ts';
import type { Deps } from '../../deps.ts';
import type { RoomSpec } from './room.ts';

/** /dashboard/activity: what happened in the account. */
export function activityPage(deps: Deps): RoomSpec {
  return {
    path: PAGES.dashboardActivity,
    unread: (request) => ({ page: 'activity', activity: null, cursor: cursorOf(request) }),
    show: async ({ request, session }) => {
      const cursor = cursorOf(request);
      const activity = await readPage(deps, session, { cursor: cursor ?? undefined, limit: ACTIVITY_PAGE });
      return { page: 'activity', activity, cursor };
    },
    forms: [],
  };
}

/** A cursor that is none of ours shows the newest. */
function cursorOf({ query }: FastifyRequest): string | null {
  const { cursor } = query as Record<string, unknown>;
  return typeof cursor === 'string' && ACTIVITY_CURSOR.test(cursor) ? cursor : null;
}
