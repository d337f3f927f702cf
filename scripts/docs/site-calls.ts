import type { Call } from './api-calls.ts';

/** What docs/api.md says about the calls of client sites, as `CALLS` does about those of the browser. `site-calls.test.ts` holds it against the server. */

/** By method and path below `EXTERNAL_PREFIX`. */
export const EXTERNAL_CALLS: Readonly<Record<string, Call>> = {};

/** By method and full path. */
export const SITE_CALLS: Readonly<Record<string, Call>> = {};
