import assert from 'node:assert/strict';
import type { DemoApp } from '@portico/protocol/demo';
import { PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { demoOrigins, openApp, press, registered, signInAt, typePassword, untilStatus, WITH_DEMO } from './demo-stage.ts';
import { onStage } from './visitor.ts';

/** One sign-in for the five apps of the demo, in a real browser, with the real server and its demo beside it. */

const EMAIL = 'ada@example.com';

onStage(
  'signed in at one app of the demo one is a redirect from the others, and signed out of one, out of all',
  async (stage) => {
    const at = await demoOrigins(stage);
    const visitor = await registered(stage, EMAIL);
    const { page, context } = visitor;
    await openApp(page, at.notes);
    await untilStatus(page, 'signed-out');
    await page.click('#sign-in');
    await typePassword(page, EMAIL);
    await page.waitForURL(`${at.notes}/`);
    await untilStatus(page, 'signed-in');
    assert.equal(await page.textContent('#who'), EMAIL);

    const pages: Partial<Record<DemoApp, Page>> = { notes: page };
    for (const app of ['wiki', 'snake', 'rtk'] as const) {
      const own = await context.newPage();
      const shown = await signInAt(own, app, at[app]);
      assert.ok(!shown.includes(PAGES.signIn), `${app}: ${shown.join()}`);
      pages[app] = own;
    }
    // By a ticket: no click, and the browser never leaves the page.
    const secondary = await context.newPage();
    await openApp(secondary, at.secondary);
    await untilStatus(secondary, 'signed-in');

    assert.match(await press(page, 'sign-out'), /Signed out of this browser, at all sites/);
    for (const other of [pages.wiki, pages.snake, secondary]) {
      assert.ok(other);
      await callUntilSignedOut(other);
    }
    const { rtk } = pages;
    assert.ok(rtk);
    await rtk.getByRole('button', { name: 'Score a point' }).click();
    await rtk.waitForURL((url) => url.pathname === PAGES.signIn);
    assert.deepEqual(visitor.complaints, []);
  },
  WITH_DEMO,
);

/** What each does by itself sooner or later, done now. One that verifies by itself hears of the end within a second, so one call may come too early. */
async function callUntilSignedOut(page: Page): Promise<void> {
  const over = page.locator('#session[data-status="signed-out"]');
  for (let calls = 0; calls < 60; calls += 1) {
    await page.click('#call');
    if (
      await over
        .waitFor({ timeout: 500 })
        .then(() => true)
        .catch(() => false)
    )
      return;
  }
  throw new Error(`${page.url()} still shows somebody who is signed out`);
}
