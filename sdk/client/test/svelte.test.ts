import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { launchChromium, openPage, reasonToSkip } from '../../../ui/test/browser.ts';
import { bundle, showPage } from './bundle.ts';
import type { FakePortico } from './fake-portico.ts';

declare const portico: FakePortico;

const bundled = (page: string, ssr: boolean) =>
  bundle(join(import.meta.dirname, 'pages', page), { ssr, plugins: [svelte({ configFile: false })] });

const rendered = (async () => {
  const script = await bundled('svelte-server.ts', true);
  const server: unknown = await import(`data:text/javascript;base64,${Buffer.from(script).toString('base64')}`);
  return server as { readonly html: string; readonly listeners: number };
})();

test('on a server every session is still loading, whoever was rendered for before', async () => {
  const { html, listeners } = await rendered;
  assert.equal(html.match(/loading nobody/g)?.length, 2, html);
  assert.doesNotMatch(html, /ada/);
  assert.equal(listeners, 0, 'a server that renders for ever must not listen for ever');
});

test('in a browser runes and store show the session, take over what the server wrote, and stop listening', {
  skip: reasonToSkip(),
}, async (t) => {
  const browser = await launchChromium();
  t.after(() => browser.close());
  const { page, complaints } = await openPage(browser, {});
  await showPage(page, await bundled('svelte-page.ts', false), (await rendered).html);
  const reads = async (text: string) => {
    for (const id of ['first', 'second']) await page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();
  };
  await reads('signed-in ada');
  await page.evaluate(() => portico.become({ status: 'offline' }));
  await reads('offline nobody');
  await page.evaluate(() => portico.signedIn('bob'));
  await reads('signed-in bob');
  assert.equal(await page.evaluate(() => portico.listeners()), 2);
  await page.evaluate(() => close());
  await page.waitForFunction(() => portico.listeners() === 0);
  assert.deepEqual(complaints, []);
});
