import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { onStage, PASSWORD, type Stage, typeCode, type Visitor } from './visitor.ts';

/** The pages of an account in a real browser, before the real server. */

const EMAIL = 'ada@example.com';
const words = en.pages;
const arrived = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path);
const shows = (page: Page, text: string) => page.getByText(text).first().waitFor();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Ten minutes pass for this session: the server's own clock is the machine's. */
function growStale(stage: Stage): void {
  stage.sql(`update sessions set auth_time = auth_time - 660000, proved_at = null`);
}

async function walkThrough(stage: Stage, visitor: Visitor): Promise<void> {
  const { page } = visitor;
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  await page.getByRole('link', { name: words.room.account }).click();
  await arrived(page, PAGES.dashboardAccount);
  await page.fill('input[name=displayName]', 'Ada Lovelace');
  await button(page, words.account.name.submit).click();
  await shows(page, words.account.nameChanged);

  // The proof by password, on the way to the export.
  growStale(stage);
  await page.goto(stage.app + PAGES.dashboardAccount);
  await page.getByRole('link', { name: words.room.confirm }).first().click();
  await arrived(page, PAGES.dashboardProof);
  await page.fill('input[name=password]', PASSWORD);
  await page.press('input[name=password]', 'Enter');
  await arrived(page, PAGES.dashboardAccount);
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, words.account.export.submit).click()]);
  const file = JSON.parse(await readFile(await download.path(), 'utf8')) as { profile: { displayName: string } };
  assert.equal(file.profile.displayName, 'Ada Lovelace');

  await page.getByRole('link', { name: words.room.activity }).click();
  await arrived(page, PAGES.dashboardActivity);
  for (const action of ['account.exported', 'proof.given', 'profile.changed', 'signup.completed'] as const)
    await shows(page, en.activity.actions[action]);

  // The proof by code, on the way out.
  growStale(stage);
  await page.goto(stage.app + PAGES.dashboardAccount);
  await page.getByRole('link', { name: words.room.confirm }).first().click();
  await arrived(page, PAGES.dashboardProof);
  await button(page, words.confirm.request).click();
  await page.locator('input[name=securityCode]').waitFor();
  await page.fill('input[name=securityCode]', await stage.codeFor(EMAIL));
  await page.press('input[name=securityCode]', 'Enter');
  await arrived(page, PAGES.dashboardAccount);
  await page.fill('input[name=confirm]', 'somebody@else.example');
  await button(page, words.account.delete.submit).click();
  await shows(page, en.fields.confirm_differs);
  await page.fill('input[name=confirm]', EMAIL);
  await button(page, words.account.delete.submit).click();
  await arrived(page, PAGES.signIn);
  await shows(page, words.signIn.accountDeleted);
  await page.goto(stage.app + PAGES.dashboard);
  await arrived(page, PAGES.signIn);
  assert.deepEqual(visitor.complaints, []);
  // The address is free again.
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
}

onStage(
  'with JavaScript: new name, proof by password, export, activity, proof by code, deletion, and in again as somebody new',
  async (stage) => walkThrough(stage, await stage.visitor()),
);

onStage('without JavaScript: the same account, the same way', async (stage) =>
  walkThrough(stage, await stage.visitor({ javaScriptEnabled: false })),
);

onStage('a proof that runs out while the page is open is asked for again, and the page comes back', async (stage) => {
  const visitor = await stage.visitor();
  const { page } = visitor;
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  await page.goto(stage.app + PAGES.dashboardAccount);
  await page.fill('input[name=confirm]', EMAIL);
  growStale(stage);
  await button(page, words.account.delete.submit).click();
  await arrived(page, PAGES.dashboardProof);
  assert.equal(new URL(page.url()).searchParams.get('returnTo'), PAGES.dashboardAccount);
  assert.ok(!page.url().includes('ada'));
  await page.getByRole('link', { name: words.confirm.back }).click();
  await arrived(page, PAGES.dashboardAccount);
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
  'on three hosts every page of the account asks the API itself: name, proof, export, activity, deletion',
  async (stage) => {
    await walkThrough(stage, await stage.visitor());
  },
  threeHosts,
);

onStage('the change of password stands where its link leads, and old links to forms still work', async (stage) => {
  const visitor = await stage.visitor();
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  await visitor.page.goto(`${stage.app}/.well-known/change-password`);
  await arrived(visitor.page, PAGES.dashboardSecurity);
  assert.equal(await visitor.page.locator(`form[action="${PAGE_FORMS.dashboardPassword}"]`).count(), 1);
});
