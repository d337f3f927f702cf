import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { COOKIES } from '@portico/protocol/cookies';
import { DEMO_APPS, type DemoApp, type DemoOrigins } from '@portico/protocol/demo';
import { PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { PASSWORD, type Stage, typeCode, type Visitor, type VisitorOptions } from './visitor.ts';

/** The demo as people meet it: addresses from the first screen, and the panel that its apps have in common. */

export const WITH_DEMO = { settings: () => ({ PORTICO_DEMO: 'on' }) };
/** Every app but the one with a panel of its own. */
export const WITH_PANEL = ['notes', 'wiki', 'snake', 'secondary'] as const;

/** Where the first screen says the apps are. */
export async function demoOrigins({ portico }: Pick<Stage, 'portico'>): Promise<DemoOrigins> {
  for (const deadline = performance.now() + 60_000; !portico.stdout().includes('takes over the sign-in'); await sleep(50))
    if (performance.now() > deadline) throw new Error(`the demo did not start: ${portico.stdout()}`);
  const lines =
    portico
      .stdout()
      .split('Five apps')[1]
      ?.match(/http:\/\/[a-z.\d]+:\d+/g) ?? [];
  assert.equal(lines.length, DEMO_APPS.length, portico.stdout());
  return Object.fromEntries(DEMO_APPS.map((app, at) => [app, lines[at] ?? ''])) as Record<DemoApp, string>;
}

/** An account, and a browser that has nothing of it but the cookie by which Portico knows the device. */
export async function registered(stage: Stage, email: string, options: VisitorOptions = {}): Promise<Visitor> {
  const first = await stage.visitor();
  await first.signUp(email);
  await typeCode(stage, first, email);
  const device = (await first.context.cookies()).filter(({ name }) => name === COOKIES.device);
  assert.equal(device.length, 1);
  // Not the same one emptied: an answer that is still under way would fill it again.
  await first.context.close();
  const visitor = await stage.visitor(options);
  await visitor.context.addCookies(device);
  return visitor;
}

export async function openApp(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/`);
  await page.waitForSelector('html[data-alive]');
}

export async function untilStatus(page: Page, status: string): Promise<void> {
  await page.waitForSelector(`#session[data-status="${status}"]`);
}

export async function typePassword(page: Page, email: string): Promise<void> {
  await page.waitForURL((url) => url.pathname === PAGES.signIn);
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', PASSWORD);
  await page.press('input[name=password]', 'Enter');
}

/** Presses a button of the panel, and answers what it says afterwards. */
export async function press(page: Page, button: string): Promise<string> {
  const said = page.locator('#said');
  const before = await said.textContent();
  await page.click(`#${button}`);
  await page.waitForFunction((text) => document.querySelector('#said')?.textContent !== text, before);
  return (await said.textContent()) ?? '';
}

/** Signs in to an app where Portico knows this browser already. Answers the pages of Portico that were shown on the way. */
export async function signInAt(page: Page, app: DemoApp, address: string): Promise<readonly string[]> {
  const shown: string[] = [];
  const note = () => shown.push(new URL(page.url()).pathname);
  page.on('framenavigated', note);
  if (app === 'rtk') {
    await page.goto(`${address}/`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Refresh' }).waitFor();
  } else {
    await openApp(page, address);
    await page.click('#sign-in');
    if (app === 'snake') {
      await page.waitForURL((url) => url.pathname === PAGES.consent);
      await page.getByRole('button', { name: 'Continue', exact: true }).click();
    }
    await page.waitForURL((url) => url.origin === address);
    await untilStatus(page, 'signed-in');
  }
  page.off('framenavigated', note);
  return shown.filter((path) => path !== '/');
}
