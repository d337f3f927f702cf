import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { fillPath, PAGES } from '@portico/protocol/routes';
import { fill } from '@portico/protocol/texts';
import { en } from '@portico/protocol/texts/en';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { onStage, PASSWORD, typeCode } from './visitor.ts';

/** Somebody found, made staff, signed out, shut out and let in again, and what the log says of it, by keyboard alone. */

const OWNER = 'owner@example.com';
const ADA = 'ada@example.com';
const words = en.admin.user;
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

async function enter(page: Page): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await enter(page);
}

/** Opens a destructive act, and types the name that it asks for. */
async function confirmed(page: Page, act: string, typed: string): Promise<void> {
  await tabTo(page, act);
  await page.keyboard.press('Enter');
  await tabTo(page, fill(en.admin.frame.confirm, { name: ADA }));
  await page.keyboard.type(typed);
  await enter(page);
}

async function shows(page: Page, text: string): Promise<void> {
  await page.getByText(text).filter({ visible: true }).first().waitFor();
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

onStage(
  'an owner finds a user, acts on their account with a fresh proof and a typed name, and reads of it, without a pointer',
  async (stage) => {
    const [owner, ada] = [await stage.visitor({ bypassCSP: true }), await stage.visitor()];
    await owner.signUp(OWNER);
    await typeCode(stage, owner, OWNER);
    await ada.signUp(ADA);
    await typeCode(stage, ada, ADA);
    stage.sql(`update users set role = 'owner' where email_key = '${OWNER}'`);
    const { page } = owner;
    const isOut = async () => {
      await ada.page.reload();
      await ada.page.waitForURL(({ pathname }) => pathname === PAGES.signIn);
    };

    await page.goto(stage.app + ADMIN_PAGES.users);
    await page.locator('html[data-alive]').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('ADA');
    await enter(page);
    assert.equal(new URL(page.url()).searchParams.get('search'), 'ADA');
    await isClean(page);
    await press(page, ADA);
    await isClean(page);
    const userId = new URL(page.url()).pathname.split('/').at(-1) ?? '';

    // The owner has signed in long ago: the role is not given before they have proven again who they are.
    stage.sql(`update sessions set auth_time = auth_time - 600000, proved_at = proved_at - 600000`);
    await tabTo(page, words.role);
    await page.keyboard.type('Sup');
    await press(page, words.setRole);
    assert.equal(new URL(page.url()).pathname, PAGES.dashboardProof);
    await tabTo(page, en.pages.confirm.password);
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(({ pathname }) => pathname === fillPath(ADMIN_PAGES.user, { userId }));
    await tabTo(page, words.role);
    await page.keyboard.type('Sup');
    await press(page, words.setRole);
    await shows(page, en.admin.done.setRole);

    await press(page, words.endAll);
    await shows(page, words.noSessions);
    await isOut();
    await ada.signIn(ADA);
    await page.reload();

    await confirmed(page, words.suspend, 'somebody@example.com');
    await shows(page, en.fields.confirm_differs);
    await isClean(page);
    await tabTo(page, fill(en.admin.frame.confirm, { name: ADA }));
    await page.keyboard.type(ADA);
    await enter(page);
    await shows(page, words.suspendedNow);
    await isOut();
    await press(page, words.reinstate);
    await shows(page, en.admin.done.reinstateUser);
    await confirmed(page, words.reset, ADA);
    await shows(page, en.admin.done.forceReset);
    await shows(page, words.noPassword);
    assert.match(await stage.linkFor(ADA, 'reset'), /token=/);

    await press(page, words.allEvents);
    await tabTo(page, en.admin.audit.action);
    await page.keyboard.type('Role ch');
    await press(page, en.admin.list.apply);
    const { searchParams } = new URL(page.url());
    assert.deepEqual([searchParams.get('user'), searchParams.get('action')], [userId, 'user.role_changed']);
    assert.equal(await page.getByRole('rowheader').count(), 1);
    await tabTo(page, fill(en.admin.audit.detailsNamed, { action: en.admin.audit.actions['user.role_changed'] }));
    await page.keyboard.press('Enter');
    await shows(page, '"role": "user"');
    await shows(page, '"role": "support"');
    await shows(page, OWNER);
    await isClean(page);
    assert.deepEqual([...owner.complaints, ...ada.complaints], []);
  },
);
