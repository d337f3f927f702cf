import type { RenderPage } from './views.ts';

/** The type of `dist/server/render.js`, so that the server type-checks before the pages are built. */
export declare const renderPage: RenderPage;
