import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { launchChromium, reasonToSkip } from '../../../ui/test/browser.ts';
import { freePort } from '../portico-process.ts';
import { singlePageWish, startSinglePageApp } from './clients/single-page-app.ts';
import type { AuthServer } from './servers/auth-server.ts';
import { SERVERS } from './servers/both.ts';

/** The library of single-page apps, in a real browser: cross-origin calls, a public client, PKCE. */

/** Milliseconds. */
const WAIT = 45_000;

for (const { at, start } of SERVERS) {
  test(`oidc-client-ts in Chromium signs somebody in at ${at}, refreshes and signs them out`, { skip: reasonToSkip() }, async (t) => {
    const { server, page, origin } = await stage(t, start);
    const [who, token] = [page.locator('#who'), page.locator('#token')];
    await page.goto(origin);
    await who.getByText('nobody').waitFor();
    await page.click('#sign-in');
    const person = server.person();
    await answerPages(page, origin, person);
    await who.getByText(person.email).waitFor();
    const first = await token.textContent();

    await page.click('#refresh');
    await page.waitForFunction((before) => document.getElementById('token')?.textContent !== before, first);
    assert.equal(await page.locator('#trouble').textContent(), '');
    assert.equal(await who.textContent(), person.email);

    await page.click('#sign-out');
    await backAt(page, origin);
    assert.equal(new URL(page.url()).search.split('&', 1)[0], '?signed-out');
    await who.getByText('nobody').waitFor();
    await page.click('#sign-in');
    await page.waitForSelector('input[type=password]');
    assert.equal(new URL(page.url()).origin, server.issuer, 'signed out at the site is signed out at the server');
  });
}

async function stage(t: TestContext, start: () => Promise<AuthServer>): Promise<{ server: AuthServer; page: Page; origin: string }> {
  const server = await start();
  t.after(() => server.close());
  const port = await freePort();
  const app = await startSinglePageApp(port, server, await server.add(singlePageWish(port)));
  t.after(() => app.close());
  const browser = await launchChromium();
  t.after(() => browser.close());
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT);
  return { server, page: await context.newPage(), origin: app.origin };
}

/** Types address and password where they are asked for, says yes to a question, until the site has its visitor back. */
async function answerPages(page: Page, origin: string, { email, password }: { email: string; password: string }): Promise<void> {
  await page.waitForSelector('input[type=password]');
  await page.fill('input[name=email], input[name=login]', email);
  await page.fill('input[type=password]', password);
  await page.press('input[type=password]', 'Enter');
  await backAt(page, origin);
}

/**
 * Says yes where a question comes first. The address is looked at again and again: a page that leads on at once ends the wait for its
 * predecessor with an error.
 */
async function backAt(page: Page, origin: string): Promise<void> {
  const question = page.locator('form[action$="/consent"] button[type=submit], button[name=logout]').first();
  for (const deadline = performance.now() + WAIT; performance.now() < deadline; await sleep(50)) {
    if (new URL(page.url()).origin === origin) return;
    if (await question.isVisible().catch(() => false)) await question.click({ timeout: 1000 }).catch(() => undefined);
  }
  throw new Error(`${page.url()} does not lead back to ${origin}`);
}
