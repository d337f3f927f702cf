import type { Route } from '../http/route.ts';

/** What client sites and their verifiers call, each under its full path: the sign-in ticket, and the news of revocations. */
export const SITE_ROUTES: readonly Route[] = [];
