import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { axeComplaints, bringAxe } from '../../../ui/test/axe.ts';
import { atLogin, openApp, type RunningApp, showsUser, signedUp, startApp } from './rtk-apps.ts';
import { onStage, type Stage, type Visitor } from './visitor.ts';

/** The example app as a person meets it: its buttons, its sheet on a phone, its looks. */

const ADA = 'ada@example.com';

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const says = (page: Page, sentence: string) => page.getByRole('status').getByText(sentence).waitFor();
const isOutside = (page: Page) => page.getByRole('button', { name: 'Sign in' }).waitFor();

/** Where the dashboard leads: to the sign-in page when Portico knows nobody. */
async function isKnownAtPortico(stage: Stage, { page }: Visitor): Promise<boolean> {
  await page.goto(stage.app + PAGES.dashboard);
  return !atLogin(new URL(page.url()));
}

async function signInAgain(page: Page): Promise<void> {
  await press(page, 'Sign in');
  await showsUser(page, ADA);
}

async function looksGood(page: Page, { origin }: RunningApp, state: string): Promise<void> {
  // A page of its own address: the policy of the app forbids even axe.
  await bringAxe(page);
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      assert.deepEqual(await axeComplaints(page), [], `${origin}, ${state}, ${colorScheme}, ${width} px`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'nothing scrolls sideways');
    }
}

onStage('every button of the app does what it says, and a sign-out of one’s own ends at its front page', async (stage, t) => {
  const app = await startApp(stage, t, 'sdk');
  const visitor = await signedUp(stage, ADA);
  const { page, answers } = await openApp(visitor.context, app, ADA);
  answers.taken();

  assert.match((await page.getByRole('timer').textContent()) ?? '', /^(29 d|30 d) \d\d:\d\d:\d\d$/);
  await press(page, 'Refresh');
  await says(page, 'A new access token.');
  assert.deepEqual(answers.taken(), ['POST refresh 200']);
  await press(page, 'Extend');
  await says(page, 'The sign-in was kept alive.');
  await press(page, 'Score a point');
  await says(page, 'The API took the point.');
  await page.locator('[data-yours=true]').getByText('1', { exact: true }).waitFor();

  await press(page, 'Sign out of this app');
  await isOutside(page);
  await says(page, 'Signed out here; the other sites go on.');
  assert.ok(await isKnownAtPortico(stage, visitor));
  await signInAgain(page);
  await page.locator('[data-yours=true]').getByText('1', { exact: true }).waitFor();

  for (const button of ['Sign out', 'Sign out everywhere']) {
    await press(page, button);
    await isOutside(page);
    assert.equal(page.url(), `${app.origin}/`);
    assert.ok(!(await isKnownAtPortico(stage, visitor)), button);
    await visitor.signIn(ADA);
    await signInAgain(page);
  }
});

onStage('on a phone three dots open a sheet with Log out and Cancel; axe has nothing to say, in light and dark', async (stage, t) => {
  const app = await startApp(stage, t, 'sdk');
  const visitor = await signedUp(stage, ADA);
  const context = await stage.browser.newContext({ bypassCSP: true, storageState: await visitor.context.storageState() });
  const { page } = await openApp(context, app, ADA);
  await looksGood(page, app, 'signed in');

  await page.setViewportSize({ width: 360, height: 800 });
  assert.ok(!(await page.getByRole('button', { name: 'Log out' }).isVisible()));
  const sheet = page.getByRole('dialog', { name: 'Menu' });
  for (const close of [() => press(page, 'Cancel'), () => page.keyboard.press('Escape')]) {
    await press(page, 'Menu');
    await sheet.waitFor();
    await close();
    await sheet.waitFor({ state: 'hidden' });
  }
  await press(page, 'Menu');
  await looksGood(page, app, 'the sheet is open');
  await page.setViewportSize({ width: 360, height: 800 });
  await sheet.getByRole('button', { name: 'Log out' }).click();
  await isOutside(page);
  assert.ok(!(await isKnownAtPortico(stage, visitor)));
  await looksGood(page, app, 'signed out');
});
