import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COOKIES } from '@portico/protocol/cookies';
import { DEMO_NEW_DEVICE } from '@portico/protocol/demo';
import { PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { axeComplaints, bringAxe } from '../../../ui/test/axe.ts';
import { demoOrigins, openApp, press, registered, signInAt, typePassword, untilStatus, WITH_DEMO, WITH_PANEL } from './demo-stage.ts';
import { onStage, type Stage, type Visitor, type VisitorOptions } from './visitor.ts';

/** What the buttons of the demo do, and how its pages look. Set PORTICO_SCREENSHOTS to a folder to see them for yourself. */

const EMAIL = 'ada@example.com';
const screenshots = process.env['PORTICO_SCREENSHOTS'];

/** Signed in at Portico, so that every app is a click away. */
async function signedIn(stage: Stage, options: VisitorOptions = {}): Promise<Visitor> {
  const visitor = await registered(stage, EMAIL, options);
  await visitor.signIn(EMAIL);
  return visitor;
}

async function enter(page: Page, app: (typeof WITH_PANEL)[number], address: string): Promise<void> {
  if (app !== 'secondary') return void (await signInAt(page, app, address));
  await openApp(page, address);
  await untilStatus(page, 'signed-in');
}

async function look(page: Page, name: string): Promise<void> {
  await bringAxe(page);
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      assert.deepEqual(await axeComplaints(page), [], `${name}, ${colorScheme}, ${width} px`);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} at ${width} px`);
      if (screenshots !== undefined)
        await page.screenshot({ path: join(screenshots, `demo-${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
}

onStage(
  'the buttons of each app do what they say: refresh, extend, the API, out of this app alone, out of all devices',
  async (stage) => {
    const at = await demoOrigins(stage);
    const visitor = await signedIn(stage);
    const { page, context } = visitor;
    for (const app of WITH_PANEL) {
      await enter(page, app, at[app]);
      assert.match((await page.textContent('#left')) ?? '', /^29 d \d\d:\d\d:\d\d$/, app);
      const before = await page.textContent('#left');
      await page.waitForFunction((text) => document.querySelector('#left')?.textContent !== text, before);
      assert.match(await press(page, 'refresh'), /Refreshed\.$/, app);
      assert.match(await press(page, 'extend'), /Extended/, app);
      assert.match(await press(page, 'call'), /: 200 \{"id":/, app);
      await press(page, 'sign-out-local');
      await untilStatus(page, 'signed-out');
      assert.equal(await page.locator('#sign-in:focus').count(), 1, 'the focus is lost');
      await page.goto(stage.app + PAGES.dashboard);
      assert.equal(new URL(page.url()).pathname, PAGES.dashboard, `${app} ended the sign-in at Portico`);
    }
    const other = await stage.visitor();
    await other.context.addCookies((await context.cookies(stage.app)).filter(({ name }) => name === COOKIES.device));
    await other.signIn(EMAIL);
    await enter(page, 'notes', at.notes);
    await press(page, 'sign-out-everywhere');
    await untilStatus(page, 'signed-out');
    await other.page.goto(stage.app + PAGES.dashboard);
    assert.equal(new URL(other.page.url()).pathname, PAGES.signIn, 'another device is still signed in');
    assert.deepEqual(visitor.complaints, []);
  },
  WITH_DEMO,
);

onStage(
  'pretending to be a new device makes Portico forget the browser; the next sign-in is told of by letter, and strangers cannot do it',
  async (stage) => {
    const at = await demoOrigins(stage);
    const { page, context } = await signedIn(stage);
    const isKnown = async () => (await context.cookies(stage.app)).some(({ name }) => name === COOKIES.device);
    await enter(page, 'snake', at.snake);
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'http://localhost:9' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      {},
    ] as Record<string, string>[]) {
      const answer = await fetch(at.secondary.replace('localhost', '127.0.0.1') + DEMO_NEW_DEVICE, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ returnTo: `${at.snake}/` }),
        redirect: 'manual',
      });
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.equal(answer.headers.get('set-cookie'), null);
    }
    const elsewhere = await fetch(at.secondary.replace('localhost', '127.0.0.1') + DEMO_NEW_DEVICE, {
      method: 'POST',
      headers: { origin: at.snake, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ returnTo: 'http://evil.example/' }),
      redirect: 'manual',
    });
    assert.equal(elsewhere.status, 403);
    assert.ok(await isKnown());

    await page.click('#new-device');
    await page.waitForFunction(() => document.querySelector('#said')?.textContent?.includes('does not know this browser') === true);
    assert.equal(page.url(), `${at.snake}/`);
    assert.deepEqual(
      (await context.cookies(stage.app)).map(({ name }) => name).filter((name) => name.startsWith('portico_')),
      [],
    );
    await untilStatus(page, 'signed-out');
    await page.click('#sign-in');
    await typePassword(page, EMAIL);
    await page.waitForURL((url) => url.pathname === PAGES.consent);
    assert.ok(await isKnown());
    await signInAt(page, 'rtk', at.rtk);
    await page.getByText('Pretend to be a new device').click();
    await page.getByRole('button', { name: 'Forget this device' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    // The app shows its sign-out first; the form that forgets the device is on its way then.
    for (let tries = 0; tries < 200 && (await isKnown()); tries += 1) await sleep(50);
    assert.ok(!(await isKnown()));
    const inbox = await stage.visitor();
    await inbox.page.goto(stage.app + PAGES.devMail);
    await inbox.page
      .getByText(en.mails.newSignIn.subject.split(' {')[0] ?? '')
      .first()
      .waitFor();
  },
  WITH_DEMO,
);

onStage(
  'the pages of the demo stand up to axe, light and dark, on a phone and on a desk, signed in and out, and nothing sticks out',
  async (stage) => {
    const at = await demoOrigins(stage);
    const { page } = await signedIn(stage, { bypassCSP: true });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    for (const app of WITH_PANEL) {
      await enter(page, app, at[app]);
      await look(page, `${app}-signed-in`);
    }
    await press(page, 'sign-out');
    for (const app of WITH_PANEL) {
      await openApp(page, at[app]);
      await untilStatus(page, 'signed-out');
      await look(page, `${app}-signed-out`);
    }
  },
  WITH_DEMO,
);
