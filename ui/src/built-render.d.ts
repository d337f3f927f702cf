import type { RenderAdmin } from './admin/views/index.ts';
import type { RenderPage } from './views.ts';

/** The types of `dist/server/render.js`, so that the server type-checks before the pages are built. */
export declare const renderPage: RenderPage;
export declare const renderAdmin: RenderAdmin;
