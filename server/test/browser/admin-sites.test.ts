import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { onStage, typeCode } from './visitor.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const words = en.admin.newSite;

/** By the Tab key alone, to what has this name, text or address. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const node = document.activeElement;
      return [node?.getAttribute('name'), node?.getAttribute('href'), node?.textContent?.trim()];
    });
    if (at.includes(wanted)) return;
  }
  throw new Error(`no way by Tab to ${wanted}`);
}

async function looksRight(page: Page): Promise<void> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })');
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    [],
    page.url(),
  );
}

onStage(
  'keys alone: a site is chosen by kind, its address is checked while it is typed, its secret is shown, and it stands in the list',
  async (stage) => {
    const visitor = await stage.visitor({ bypassCSP: true });
    const { page } = visitor;
    await visitor.signUp('ada@example.com');
    await typeCode(stage, visitor, 'ada@example.com');
    stage.sql(`update users set role = 'admin'`);
    await page.goto(stage.app + ADMIN_PAGES.sites);
    await looksRight(page);
    await tabTo(page, en.admin.sites.add);
    await page.keyboard.press('Enter');
    await page.getByText(words.choose).waitFor();
    await looksRight(page);
    await tabTo(page, `${ADMIN_PAGES.newSite}?kind=web`);
    await page.keyboard.press('Enter');
    await page.locator('html[data-alive] [name=redirectUris]').waitFor();
    await tabTo(page, 'name');
    await page.keyboard.type('Notes');
    await tabTo(page, 'redirectUris');
    await page.keyboard.type('http://notes.example.com/cb');
    await page.getByText(`http://notes.example.com/cb: ${en.fields.address_plain}`).waitFor();
    assert.equal(await page.getAttribute('[name=redirectUris]', 'aria-invalid'), 'true');
    await looksRight(page);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('https://notes.example.com/cb');
    await page.getByText(words.check.good).waitFor();
    assert.equal(await page.getAttribute('[name=redirectUris]', 'aria-invalid'), null);
    await tabTo(page, words.more);
    await page.keyboard.press('Enter');
    await tabTo(page, 'id');
    await page.keyboard.type('notes');
    await tabTo(page, words.submit);
    await page.keyboard.press('Enter');
    await page.getByText(en.admin.frame.shownOnceHint).waitFor();
    assert.match((await page.textContent('main')) ?? '', /pts_[\w-]{43}/);
    await looksRight(page);
    await tabTo(page, words.connect.frameworks.express);
    await page.keyboard.press('Enter');
    await page.locator('details[open] code', { hasText: `clientId: 'notes'` }).waitFor();
    await tabTo(page, words.connect.frameworks.fastify);
    await page.goto(stage.app + ADMIN_PAGES.sites);
    await page.keyboard.press('/');
    await page.keyboard.type('NOT');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('search') === 'NOT');
    await page.getByRole('link', { name: 'Notes' }).waitFor();
    assert.deepEqual(visitor.complaints, []);
  },
);
