import { join } from 'node:path';

/** Where the built page lies. Known without the bundler, which the running app does not need. */
export const BUILT = join(import.meta.dirname, '..', 'dist');
