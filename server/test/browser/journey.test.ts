import assert from 'node:assert/strict';
import { authPath, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { onStage, PASSWORD, type Stage, typeCode, type Visitor } from './visitor.ts';

const NEW_PASSWORD = 'another horse battery staple';
const arrived = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path);
const shows = (page: Page, text: string) => page.getByText(text).first().waitFor();

/** The newcomer's whole way; with and without JavaScript it is the same. */
async function walkThrough(stage: Stage, first: Visitor, second: Visitor, email: string): Promise<void> {
  const { page } = first;
  await page.goto(stage.app + PAGES.landing);
  await first.signUp(email);
  await typeCode(stage, first, email);
  await shows(page, email);

  await page.click('form#log-out button');
  await arrived(page, PAGES.signIn);
  await page.goto(stage.app + PAGES.dashboard);
  await arrived(page, PAGES.signIn);
  await first.signIn(email);
  await second.signIn(email);

  await page.goto(stage.app + PAGES.dashboard);
  await page.click(`form[action="${PAGE_FORMS.dashboardEndSession}"] button`);
  await shows(page, en.pages.dashboard.sessionEnded);
  await second.page.goto(stage.app + PAGES.dashboard);
  await arrived(second.page, PAGES.signIn);

  await page.goto(stage.app + PAGES.dashboardSecurity);
  await page.fill('input[name=currentPassword]', PASSWORD);
  await page.fill('input[name=newPassword]', NEW_PASSWORD);
  await page.press('input[name=newPassword]', 'Enter');
  await shows(page, en.pages.security.passwordChanged);
  await page.goto(stage.app + PAGES.dashboard);
  await shows(page, email);
  await second.signIn(email, NEW_PASSWORD);
  await page.click('form#log-out button');
  await arrived(page, PAGES.signIn);
  assert.deepEqual([...first.complaints, ...second.complaints], []);
}

onStage('with JavaScript: sign up, type the code, sign out, sign in, end another browser, change the password, sign out', async (stage) => {
  await walkThrough(stage, await stage.visitor(), await stage.visitor(), 'ada@example.com');
});

onStage('without JavaScript: the same way', async (stage) => {
  const without = { javaScriptEnabled: false };
  await walkThrough(stage, await stage.visitor(without), await stage.visitor(without), 'ada@example.com');
});

onStage('a browser that waits for its code is led back to it from every page, and can go to another account', async (stage) => {
  const visitor = await stage.visitor();
  await visitor.signUp('ada@example.com');
  for (const path of [PAGES.dashboard, PAGES.signIn, PAGES.signUp]) {
    await visitor.page.goto(stage.app + path);
    await arrived(visitor.page, PAGES.verifySignIn);
  }
  await visitor.page.click(`form[action="${PAGE_FORMS.verifyOtherAccount}"] button`);
  await arrived(visitor.page, PAGES.signIn);
  await visitor.page.goto(stage.app + PAGES.dashboard);
  await arrived(visitor.page, PAGES.signIn);
});

onStage(
  'a copied cookie jar: the thief refreshes first, then the owner types a code and is in, and the copies stay dead',
  async (stage) => {
    const owner = await stage.visitor();
    const email = 'ada@example.com';
    await owner.signUp(email);
    await typeCode(stage, owner, email);
    await shows(owner.page, email);
    // The page may still be refreshing: what is copied then is no longer the newest.
    await owner.page.waitForLoadState('networkidle');
    const jar = await owner.context.storageState();
    await owner.page.goto('about:blank');

    // Without the attempt store: what a thief gets who copies cookies, not the whole profile.
    const thief = await stage.visitor();
    await thief.context.addCookies(jar.cookies);
    await thief.page.goto(stage.app + PAGES.dashboard);
    // The thief's own page refreshes too, and would be the faster one.
    await thief.page.waitForLoadState('networkidle');
    const refreshed = await thief.page.evaluate(async (path) => (await fetch(path, { method: 'POST' })).status, authPath('refresh'));
    assert.equal(refreshed, 200, 'nobody can tell the thief from the owner yet');

    // The owner's page refreshes by itself: two holders of one token, so the sign-in is held, and the page leads to the code.
    await owner.page.goto(stage.app + PAGES.dashboard, { waitUntil: 'commit' });
    await arrived(owner.page, PAGES.verifySignIn);
    await shows(owner.page, en.pages.verifySignIn.resent);
    await typeCode(stage, owner, email);
    await shows(owner.page, email);
    await thief.page.goto(stage.app + PAGES.dashboard);
    assert.notEqual(new URL(thief.page.url()).pathname, PAGES.dashboard);
  },
);

onStage('eight tabs that wake together with an expired access token all stay signed in', async (stage) => {
  const visitor = await stage.visitor();
  await visitor.signUp('ada@example.com');
  await typeCode(stage, visitor, 'ada@example.com');
  const tabs = await Promise.all(Array.from({ length: 8 }, () => visitor.context.newPage()));
  for (let round = 0; round < 3; round += 1) {
    const cookies = (await visitor.context.cookies()).filter(({ name }) => name !== 'portico_at');
    await visitor.context.clearCookies();
    await visitor.context.addCookies(cookies);
    await Promise.all(tabs.map((tab) => tab.goto(stage.app + PAGES.dashboard)));
    await Promise.all(tabs.map((tab) => shows(tab, 'ada@example.com')));
  }
});

onStage('seed 000’s start: no access cookie leads to a refresh and the dashboard; no refresh cookie to the sign-in', async (stage) => {
  const visitor = await stage.visitor();
  await visitor.signUp('ada@example.com');
  await typeCode(stage, visitor, 'ada@example.com');
  const { context, page } = visitor;
  await page.waitForLoadState('networkidle');
  const kept = (await context.cookies()).filter(({ name }) => name !== 'portico_at');
  await context.clearCookies();
  await context.addCookies(kept);
  const refreshed = page.waitForResponse((response) => response.url().endsWith('/refresh'));
  await page.goto(stage.app + PAGES.dashboard);
  assert.equal((await refreshed).status(), 200);
  await shows(page, 'ada@example.com');
  assert.ok((await context.cookies()).some(({ name }) => name === 'portico_at'));
  // A page that has just refreshed may still be on its way somewhere.
  await page.waitForLoadState('networkidle');
  const bare = (await context.cookies()).filter(({ name }) => name !== 'portico_rt' && name !== 'portico_at');
  await context.clearCookies();
  await context.addCookies(bare);
  await page.goto(stage.app + PAGES.dashboard);
  await arrived(page, PAGES.signIn);
});

onStage('no token is in a script’s reach, in storage, in the page or in an address; nothing is asked of another site', async (stage) => {
  const visitor = await stage.visitor();
  const asked = new Set<string>();
  visitor.page.on('request', (request) => asked.add(new URL(request.url()).origin));
  await visitor.signUp('ada@example.com');
  await typeCode(stage, visitor, 'ada@example.com');
  await visitor.page.goto(stage.app + PAGES.dashboard);
  await visitor.page.waitForLoadState('networkidle');
  const secrets = (await visitor.context.cookies()).filter(({ httpOnly }) => httpOnly).map(({ value }) => value);
  assert.ok(secrets.length >= 3);
  const reach = await visitor.page.evaluate(() =>
    JSON.stringify([
      document.cookie,
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      document.documentElement.outerHTML,
      location.href,
    ]),
  );
  for (const secret of secrets) assert.ok(!reach.includes(secret));
  assert.deepEqual([...asked], [stage.app]);
});

onStage('a framed sign-in page stays empty', async (stage) => {
  const visitor = await stage.visitor();
  await visitor.page.goto('about:blank');
  await visitor.page.setContent(`<iframe src="${stage.app}${PAGES.signIn}"></iframe>`);
  await visitor.page.waitForTimeout(1000);
  const frame = visitor.page.frames().at(-1);
  assert.equal(
    await frame
      ?.locator('input')
      .count()
      .catch(() => 0),
    0,
  );
});
