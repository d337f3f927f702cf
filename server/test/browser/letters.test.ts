import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import { authPath, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { onStage, type Stage, typeCode, type Visitor } from './visitor.ts';

/** What people do with links in letters, on the real pages. */

const NEW_PASSWORD = 'another horse battery staple';
const EMAIL = 'ada@example.com';
const MOVED = 'ada@new.example';
const arrived = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path);
const shows = (page: Page, text: string) => page.getByText(text).first().waitFor();
const press = (page: Page) => page.click('main form button[type=submit]');

/** Signs in; for a day after a recovery every new browser is asked for a code. */
async function signIn(stage: Stage, { page }: Visitor, password: string, to: string = PAGES.dashboard): Promise<void> {
  if (new URL(page.url()).pathname !== PAGES.signIn) await page.goto(stage.app + PAGES.signIn);
  await page.fill('input[name=email]', EMAIL);
  await page.fill('input[name=password]', password);
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL(({ pathname }) => pathname === to || pathname === PAGES.verifySignIn);
  if (new URL(page.url()).pathname === to) return;
  await page.fill('input[autocomplete=one-time-code]', await stage.codeFor(EMAIL));
  await page.press('input[autocomplete=one-time-code]', 'Enter');
  await arrived(page, to);
}

/** Forgets the password, chooses another by the letter, and signs in with it. */
async function resetPassword(stage: Stage, { page }: Visitor): Promise<void> {
  await page.goto(stage.app + PAGES.signIn);
  await page.click(`a[href$="${PAGES.forgot}"]`);
  await arrived(page, PAGES.forgot);
  await page.fill('input[name=email]', EMAIL);
  await page.press('input[name=email]', 'Enter');
  await shows(page, en.pages.forgot.sent);
  const link = await stage.linkFor(EMAIL, 'reset');
  await page.goto(link);
  await page.fill('input[name=password]', 'short');
  await page.press('input[name=password]', 'Enter');
  await page.locator('#password-problem').waitFor();
  await page.fill('input[name=password]', NEW_PASSWORD);
  await page.press('input[name=password]', 'Enter');
  await arrived(page, PAGES.signIn);
  await shows(page, en.pages.signIn.passwordReset);
  await page.goto(link);
  await shows(page, en.pages.reset.over);
}

/** Asks for another address as a page of ours would. */
async function askToMove(page: Page): Promise<void> {
  const csrf = (await page.context().cookies()).find(({ name }) => name === 'portico_csrf')?.value ?? '';
  const answer = await page.context().request.post(new URL(authPath('myEmail'), page.url()).href, {
    data: { email: MOVED },
    headers: { [HEADERS.csrf]: csrf, origin: new URL(page.url()).origin },
  });
  assert.equal(answer.status(), 204, await answer.text());
}

/** Signs up by the link of the letter, forgets the password, moves to another address, and the old mailbox takes the account back. */
async function walkThrough(stage: Stage, first: Visitor, second: Visitor): Promise<void> {
  const { page } = first;
  await first.signUp(EMAIL);
  const signUpLink = await stage.linkFor(EMAIL, 'verifyEmail');
  await second.page.goto(signUpLink);
  await shows(second.page, en.pages.mailLink.verifyEmail.over);
  assert.equal(await second.page.locator('main form').count(), 0);
  await page.goto(signUpLink);
  await press(page);
  await arrived(page, PAGES.dashboard);
  await shows(page, EMAIL);

  await resetPassword(stage, second);
  await page.goto(stage.app + PAGES.dashboard);
  await arrived(page, PAGES.signIn);
  await signIn(stage, first, NEW_PASSWORD);

  await askToMove(page);
  const confirmLink = await stage.linkFor(MOVED, 'confirmEmail');
  // In another browser the link leads through the sign-in and back.
  await second.page.goto(confirmLink);
  await arrived(second.page, PAGES.signIn);
  await signIn(stage, second, NEW_PASSWORD, PAGES.confirmEmail);
  await press(second.page);
  await shows(second.page, en.pages.mailLink.confirmEmail.done);
  await page.goto(stage.app + PAGES.dashboard);
  await shows(page, MOVED);

  await page.goto(await stage.linkFor(EMAIL, 'undoEmail'));
  await press(page);
  await shows(page, en.pages.mailLink.undoEmail.done);
  await second.page.goto(stage.app + PAGES.dashboard);
  await arrived(second.page, PAGES.signIn);
  await page.goto(await stage.linkFor(EMAIL, 'reset'));
  await page.fill('input[name=password]', `${NEW_PASSWORD} once more`);
  await page.press('input[name=password]', 'Enter');
  await arrived(page, PAGES.signIn);
  await signIn(stage, first, `${NEW_PASSWORD} once more`);
  await shows(page, EMAIL);
  assert.deepEqual([...first.complaints, ...second.complaints], []);
}

onStage('with JavaScript: the link of a sign-up, a forgotten password, another address, and the way back', async (stage) => {
  await walkThrough(stage, await stage.visitor(), await stage.visitor());
});

onStage('without JavaScript: the same way', async (stage) => {
  const without = { javaScriptEnabled: false };
  await walkThrough(stage, await stage.visitor(without), await stage.visitor(without));
});

onStage('the code typed in the browser that waits works, in another browser there is nothing to type it into', async (stage) => {
  const [first, second] = [await stage.visitor(), await stage.visitor()];
  await first.signUp(EMAIL);
  await second.page.goto(stage.app + PAGES.verifySignIn);
  await arrived(second.page, PAGES.signIn);
  await typeCode(stage, first, EMAIL);
  await shows(first.page, EMAIL);
});

const threeHosts = {
  settings: (port: number) => ({
    PORTICO_ORIGIN: `http://example.localhost:${port}`,
    PORTICO_APP_ORIGIN: `http://app.example.localhost:${port}`,
    PORTICO_API_ORIGIN: `http://api.example.localhost:${port}`,
  }),
  app: (port: number) => `http://app.example.localhost:${port}`,
};

onStage(
  'three hosts: the pages of the links ask the API on its own host',
  async (stage) => {
    const [first, second] = [await stage.visitor(), await stage.visitor()];
    await first.signUp(EMAIL);
    await first.page.goto(await stage.linkFor(EMAIL, 'verifyEmail'));
    await press(first.page);
    await arrived(first.page, PAGES.dashboard);
    await shows(first.page, EMAIL);
    await resetPassword(stage, second);
    await first.page.goto(stage.app + PAGES.dashboard);
    await arrived(first.page, PAGES.signIn);
    assert.deepEqual([...first.complaints, ...second.complaints], []);
  },
  threeHosts,
);
