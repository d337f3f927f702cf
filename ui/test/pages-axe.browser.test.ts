import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { axeComplaints, bringAxe, COLOUR_RULES } from './axe.ts';
import { hydrated, launchChromium, openPage, reasonToSkip } from './browser.ts';
import { type PageServer, startPageServer } from './page-server.ts';
import { samples } from './sample-views.ts';

/** How the pages look and read, in every state, without a server behind them. Set PORTICO_SCREENSHOTS to a folder to see it for yourself. */
const skip = reasonToSkip();
const screenshots = process.env['PORTICO_SCREENSHOTS'];
const [PHONE, DESK] = [360, 1280];
/** Each page on one of the two, its neighbour in the list on the other; `npm run prove` looks at all on both. */
const widthsOf = (at: number): readonly number[] =>
  process.env['PROVE'] === '1' || screenshots !== undefined ? [PHONE, DESK] : [at % 2 === 0 ? PHONE : DESK];

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

async function show(page: Page, sample: string): Promise<void> {
  await page.goto(server.pageOf(sample));
  await hydrated(page, sample);
}

/** What is seen, and how high it is: all that rules other than those of colour can tell two themes apart by. Clocks make widths change. */
function layoutOf(page: Page): Promise<string> {
  return page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .map((node) => {
        const isSeen = node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        return `${node.localName} ${isSeen ? Math.round(node.getBoundingClientRect().height) : 'hidden'}`;
      })
      .join('\n'),
  );
}

test('axe finds nothing to complain about on any page, light and dark, on a phone or a desk; every button, field and tick is 44 px high', {
  skip,
}, async () => {
  // Only to look at the page from inside: the policy forbids even axe.
  const { page, close } = await openPage(browser, { reducedMotion: 'reduce', bypassCSP: true });
  for (const [at, sample] of samples.entries()) {
    await show(page, sample);
    await bringAxe(page);
    await page.setViewportSize({ width: PHONE, height: 800 });
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, a[data-look], .home, .aside a, input:not([type=hidden], [hidden])')]
        // A tick is hit through its label.
        .map((node) => (node.matches('[type=checkbox], [type=radio]') ? node.nextElementSibling : node))
        .filter((node) => node !== null)
        .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44)
        .map((node) => node.outerHTML),
    );
    assert.deepEqual(small, [], `${sample} has something that a finger does not hit`);
    for (const width of widthsOf(at)) {
      await page.setViewportSize({ width, height: 800 });
      const look = async (colorScheme: 'light' | 'dark') => {
        await page.emulateMedia({ colorScheme });
        if (screenshots !== undefined)
          await page.screenshot({ path: join(screenshots, `${sample}-${width}-${colorScheme}.png`), fullPage: true });
        return layoutOf(page);
      };
      const light = await look('light');
      assert.deepEqual(await axeComplaints(page), [], `${sample}, light, ${width} px`);
      assert.equal(await look('dark'), light, `${sample}, ${width} px: the themes differ in colours only`);
      assert.deepEqual(await axeComplaints(page, COLOUR_RULES.slice(0, 2)), [], `${sample}, dark, ${width} px`);
    }
  }
  const ofColours = await page.evaluate<string[]>('axe.getRules(["cat.color"]).map(({ ruleId }) => ruleId)');
  assert.deepEqual(ofColours.toSorted(), COLOUR_RULES.toSorted(), 'axe has another rule that looks at colours');
  await close();
});
