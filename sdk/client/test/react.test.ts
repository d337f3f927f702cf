import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { launchChromium, openPage, reasonToSkip } from '../../../ui/test/browser.ts';
import { createPortico } from '../src/index.ts';
import { bundle, showPage } from './bundle.ts';
import { type FakePortico, fakePortico } from './fake-portico.ts';
import { App } from './pages/react-app.ts';

declare const portico: FakePortico;

test('on a server every session is still loading, whoever was rendered for before', () => {
  const known = fakePortico();
  known.signedIn('ada');
  const html = renderToString(createElement(App, { portico: known }));
  assert.match(html, /loading nobody/);
  assert.doesNotMatch(html, /ada/);
  assert.equal(known.listeners(), 0);

  const real = createPortico({ issuer: 'https://auth.example.com', clientId: 'space-snake' });
  assert.match(renderToString(createElement(App, { portico: real })), /loading nobody/);
});

test('in a browser every component shows the session, takes over what the server wrote, and stops listening', {
  skip: reasonToSkip(),
}, async (t) => {
  const browser = await launchChromium();
  t.after(() => browser.close());
  const { page, complaints } = await openPage(browser, {});
  await showPage(
    page,
    await bundle(join(import.meta.dirname, 'pages/react-page.ts')),
    renderToString(createElement(App, { portico: fakePortico() })),
  );
  const reads = async (text: string) => {
    for (const id of ['first', 'second']) await page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();
  };
  await reads('signed-in ada');
  await page.evaluate(() => portico.become({ status: 'offline' }));
  await reads('offline nobody');
  await page.evaluate(() => portico.signedIn('bob'));
  await reads('signed-in bob');
  assert.equal(await page.evaluate(() => portico.listeners()), 2);
  await page.getByRole('button').click();
  await page.locator('#first').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => portico.listeners()), 0);
  assert.deepEqual(complaints, []);
});
