import { PAGES } from '@portico/protocol/routes';
import type { PageTexts } from './page-texts.ts';
import type { Frame, PageName, ViewOf } from './views.ts';

/** The frame as it travels to the browser: the texts go beside it, and only this page's own. */
export type PageFrame = Omit<Frame, 'texts'>;

export interface PageProps<P extends PageName = PageName> {
  readonly view: ViewOf<P>;
  readonly frame: PageFrame;
  readonly texts: PageTexts<P>;
}

/** A page's address on the host where it lives. */
export function pageUrl(frame: PageFrame, page: keyof typeof PAGES): string {
  return (page === 'landing' ? frame.landingOrigin : frame.appOrigin) + PAGES[page];
}

/** The same, for whoever comes back from there to where they began. */
export function pageUrlTo(frame: PageFrame, page: keyof typeof PAGES, returnTo: string): string {
  const plain = returnTo === '' || returnTo === PAGES.dashboard;
  return pageUrl(frame, page) + (plain ? '' : `?returnTo=${encodeURIComponent(returnTo)}`);
}
