import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { adminSamples } from './admin/samples.ts';
import { axeComplaints, bringAxe, COLOUR_RULES } from './axe.ts';
import { hydrated, launchChromium, openPage, reasonToSkip } from './browser.ts';
import { type PageServer, startPageServer } from './page-server.ts';

/** How the admin page looks and reads, in every state, without a server behind it. Set PORTICO_SCREENSHOTS to a folder to see it for yourself. */
const skip = reasonToSkip();
const screenshots = process.env['PORTICO_SCREENSHOTS'];

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

test('axe finds nothing on any screen, light and dark; on a phone nothing is cut off; the console stays silent', { skip }, async () => {
  const { page, complaints, close } = await openPage(browser, { reducedMotion: 'reduce', bypassCSP: true });
  for (const [at, { name }] of adminSamples.entries()) {
    const sample = `admin/${name}`;
    // By all rules in the light, by those of colours in the dark; the next one the other way round. `npm run prove` does both with all.
    const [first, second]: readonly (readonly string[] | null)[] =
      process.env['PROVE'] === '1' ? [null, null] : at % 2 === 0 ? [null, COLOUR_RULES.slice(0, 2)] : [COLOUR_RULES.slice(0, 2), null];
    await page.goto(server.pageOf(sample));
    await hydrated(page, sample);
    await bringAxe(page);
    for (const [colorScheme, width, rules] of [
      ['light', 1280, first],
      ['dark', 360, second],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      assert.deepEqual(await axeComplaints(page, rules), [], `${sample}, ${colorScheme}, ${width} px`);
      if (screenshots !== undefined)
        await page.screenshot({ path: join(screenshots, `admin-${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    assert.deepEqual(complaints, [], sample);
  }
  await close();
});

test('at 320 px, in a language 140 % as long, nothing sticks out; the strictest policy is kept', { skip }, async () => {
  const { page, complaints, close } = await openPage(browser, { viewport: { width: 320, height: 640 } });
  for (const { name } of adminSamples) {
    await page.goto(server.pageOf(`admin/${name}`, true));
    await hydrated(page, name);
    const wide = await page.evaluate(() => {
      const edge = document.documentElement.clientWidth;
      return [...document.querySelectorAll('body *')]
        .filter((node) => {
          const box = node.getBoundingClientRect();
          return box.width > 1 && box.right > edge + 1 && node.closest('pre') === null && getComputedStyle(node).clipPath === 'none';
        })
        .map((node) => node.outerHTML.slice(0, 120));
    });
    assert.deepEqual(wide, [], name);
    assert.deepEqual(complaints, [], name);
  }
  await close();
});
