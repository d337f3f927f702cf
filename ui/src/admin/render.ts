import { adminScript, adminStyle } from 'virtual:page-assets';
import { fill } from '@portico/protocol/texts';
import type { Component } from 'svelte';
import { render } from 'svelte/server';
import { htmlDocument } from '../document.ts';
import Shell from './shell.svelte';
import type { RenderAdmin } from './views/index.ts';

/**
 * The admin page is rendered on the server and stays what it was: every act is a plain form, every list a link. One small script for all of
 * it adds what a document cannot do (`enhance.ts`), so nothing of the content travels twice.
 */
export const renderAdmin: RenderAdmin = (view, frame) => {
  const { texts, ...pageFrame } = frame;
  const { frame: words } = texts.admin;
  const { title } = texts.admin[view.screen];
  const heading = view.form === null ? title : fill(words.errorTab, { title });
  return htmlDocument({
    language: frame.language,
    title: fill(words.tab, { title: heading, host: frame.host }),
    assetBase: frame.assetBase,
    body: render(Shell as Component<{ view: typeof view; frame: typeof pageFrame; texts: typeof texts }>, {
      props: { view, frame: pageFrame, texts },
    }).body,
    style: adminStyle,
    script: adminScript,
    indexed: false,
  });
};
