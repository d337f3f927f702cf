import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { onStage, typeCode } from './visitor.ts';

/** Sessions, invitations, outboxes and keys by keyboard alone. */

const OWNER = 'owner@example.com';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Tabs to what has this name, as somebody does who sees no pointer. */
async function tabTo(page: Page, name: string): Promise<void> {
  const stops: string[] = [];
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const node = document.activeElement;
      const labels = node instanceof HTMLInputElement || node instanceof HTMLSelectElement ? node.labels : null;
      return (node?.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? node?.textContent ?? '').trim();
    });
    if (here === name) return;
    stops.push(here);
  }
  assert.fail(`“${name}” was not reached: ${stops.join(' | ')}`);
}

async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

async function shows(page: Page, text: string): Promise<void> {
  await page.getByText(text).first().waitFor();
}

async function isClean(page: Page): Promise<void> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })');
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
    [],
    page.url(),
  );
}

onStage('somebody is invited, a session ends, the outboxes are looked at, and the keys change, without a pointer', async (stage) => {
  const [owner, ada] = [await stage.visitor({ bypassCSP: true }), await stage.visitor()];
  await owner.signUp(OWNER);
  await typeCode(stage, owner, OWNER);
  await ada.signUp('ada@example.com');
  await typeCode(stage, ada, 'ada@example.com');
  stage.sql(`update users set role = 'owner' where email_key = '${OWNER}'`);
  const { page } = owner;
  const open = (path: string) => page.goto(stage.app + path);

  await open(ADMIN_PAGES.invitations);
  await tabTo(page, en.admin.invitations.email);
  await page.keyboard.type('bob@example.com');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await shows(page, en.admin.done.invite);
  await shows(page, 'bob@example.com');
  await isClean(page);
  await press(page, en.admin.invitations.withdrawNamed.replace('{email}', 'bob@example.com'));
  await shows(page, en.admin.invitations.empty);

  await open(ADMIN_PAGES.sessions);
  await isClean(page);
  const end = await page.locator('button[aria-label*="ada@example.com"]').getAttribute('aria-label');
  await press(page, end ?? '');
  await shows(page, en.admin.sessions.reasons.ended_by_operator);
  await ada.page.reload();
  await ada.page.waitForURL(({ pathname }) => pathname === PAGES.signIn);

  await open(ADMIN_PAGES.mail);
  await isClean(page);
  await press(page, en.admin.mail.counted.replace('{name}', en.admin.mail.lists.logouts.given_up).replace('{count}', '0'));
  await shows(page, en.admin.mail.empty.logouts.given_up);

  await open(ADMIN_PAGES.keys);
  await press(page, en.admin.keys.rotate);
  await shows(page, en.admin.done.rotateKeys);
  await isClean(page);
  // The next chain key may be dropped as long as nobody needs it: by its number, typed.
  await tabTo(page, en.admin.keys.dropNamed.replace('{id}', '1'));
  await page.keyboard.press('Enter');
  await tabTo(page, en.admin.frame.confirm.replace('{name}', '1'));
  await page.keyboard.type('1');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await shows(page, en.admin.done.dropKey);
  assert.deepEqual([...owner.complaints, ...ada.complaints], []);
});
