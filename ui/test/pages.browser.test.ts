import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { hydrated, launchChromium, openPage, reasonToSkip } from './browser.ts';
import { type PageServer, startPageServer } from './page-server.ts';
import { samples, sampleViews } from './sample-views.ts';

/** How the pages behave in every state, without a server behind them. */
const skip = reasonToSkip();
/** Nothing answers for the API here, so what these pages ask of it fails. */
const asksForeignApi = sampleViews.filter(({ frame }) => frame?.apiOrigin).map(({ name }) => name);

let server: PageServer;
let browser: Browser;
before(async () => {
  if (skip !== false) return;
  server = await startPageServer();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function show(page: Page, sample: string, pseudo = false): Promise<void> {
  await page.goto(server.pageOf(sample, pseudo));
  await hydrated(page, sample);
}

test('every page comes to life without a word in the console; at 320 px, in a language 140 % as long, nothing is cut off or scrolls sideways', {
  skip,
}, async () => {
  const { page, complaints, close } = await openPage(browser, { viewport: { width: 320, height: 640 } });
  for (const sample of samples) {
    const before = complaints.length;
    await show(page, sample, true);
    if (!asksForeignApi.includes(sample)) assert.deepEqual(complaints.slice(before), [], sample);
    const wide = await page.evaluate(() => {
      const edge = document.documentElement.clientWidth;
      const stickingOut = [...document.querySelectorAll('body *')].filter((node) => {
        const box = node.getBoundingClientRect();
        return box.width > 1 && (box.right > edge + 1 || box.left < -1);
      });
      const cutOff = [...document.querySelectorAll('button, a, p, h1, h2, h3, label, dd')].filter(
        (node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== 'inline' && node.clientWidth > 1,
      );
      return {
        scrolls: document.documentElement.scrollWidth > edge,
        nodes: [...stickingOut, ...cutOff].map((node) => node.outerHTML.slice(0, 120)),
      };
    });
    assert.deepEqual(wide, { scrolls: false, nodes: [] }, sample);
  }
  await close();
});

test('whoever walks through the sign-in page by keyboard sees where they are', { skip }, async () => {
  const { page, close } = await openPage(browser, { viewport: { width: 800, height: 800 } });
  await show(page, 'sign-in');
  const stops: string[] = [];
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const node = document.activeElement;
      if (node === null) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      const box = node.getBoundingClientRect();
      return {
        name: node.id || node.className || node.textContent?.trim() || '',
        ring: `${outlineStyle} ${outlineWidth}`,
        shown: box.width > 1,
      };
    });
    assert.ok(focus);
    assert.equal(focus.ring, 'solid 3px', focus.name);
    assert.ok(focus.shown, focus.name);
    stops.push(focus.name);
  }
  assert.deepEqual(stops.slice(0, 6), ['skip', 'home', 'email', 'password', 'eye', 'keep']);
  await close();
});

test('without JavaScript every page still shows its heading and its way on', { skip }, async () => {
  const { page, close } = await openPage(browser, { viewport: { width: 360, height: 800 }, javaScriptEnabled: false });
  for (const sample of samples) {
    await page.goto(server.pageOf(sample));
    assert.ok(await page.locator('h1').isVisible(), sample);
    assert.ok((await page.locator('main button:visible, main a:visible, nav a:visible, noscript').count()) > 0, sample);
  }
  await page.goto(server.pageOf('dashboard'));
  assert.ok(await page.locator('form.log-out button').isVisible());
  assert.equal(await page.locator('.dots').count(), 0);
  await page.goto(server.pageOf('sign-in-refused'));
  assert.equal(await page.locator('[role=alert]:focus').count(), 1, 'the alert has the focus');
  await close();
});
