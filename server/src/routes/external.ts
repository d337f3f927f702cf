import type { Route } from '../http/route.ts';

/** What the backend of a client site calls with its secret, below `EXTERNAL_PREFIX`. */
export const EXTERNAL_ROUTES: readonly Route[] = [];
