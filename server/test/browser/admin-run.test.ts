import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after } from 'node:test';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { fillPath, PAGES } from '@portico/protocol/routes';
import { fill } from '@portico/protocol/texts';
import { en } from '@portico/protocol/texts/en';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { startEmulators } from '../emulators.ts';
import { freePort } from '../portico-process.ts';
import { onStage, PASSWORD, typeCode } from './visitor.ts';

/** What runs a service, by keyboard alone: the overview, one client site, sign-in services, settings, jobs and networks. */

const OWNER = 'owner@example.com';
const RANGE = '192.0.2.0/24';
const port = await freePort();
const home = `http://localhost:${port}`;
const emulators = await startEmulators({ app: home, api: home });
after(() => emulators.close());
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const words = en.admin;

/** Tabs to what has this label, text or field name, as somebody does who sees no pointer. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  const stops: string[] = [];
  for (let step = 0; step < 100; step += 1) {
    await page.keyboard.press('Tab');
    const names = await page.evaluate(() => {
      const node = document.activeElement;
      return [node?.getAttribute('aria-label'), node?.getAttribute('name'), node?.getAttribute('href'), node?.textContent?.trim()];
    });
    if (names.includes(wanted)) return;
    stops.push(names.find((name) => name) ?? '');
  }
  assert.fail(`“${wanted}” was not reached: ${stops.join(' | ')}`);
}

async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await enter(page);
}

async function enter(page: Page): Promise<void> {
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

/** Opens a destructive act and types the name that it asks for. */
async function confirm(page: Page, label: string, name: string): Promise<void> {
  await tabTo(page, label);
  await page.keyboard.press('Enter');
  await tabTo(page, 'confirm');
  await page.keyboard.type(name);
  await enter(page);
}

onStage(
  'a site is changed, gets a secret after a fresh proof and is removed; a service is tested, a job runs, a network is allowed: without a pointer',
  async (stage) => {
    const visitor = await stage.visitor({ bypassCSP: true });
    const { page } = visitor;
    const open = (path: string) => page.goto(stage.app + path);
    await visitor.signUp(OWNER);
    await typeCode(stage, visitor, OWNER);
    stage.sql(`update users set role = 'owner'`);

    await open(ADMIN_PAGES.home);
    await shows(page, words.home.setUp);
    await isClean(page);
    await press(page, words.home.items.site.title);
    await tabTo(page, `${ADMIN_PAGES.newSite}?kind=web`);
    await enter(page);
    await tabTo(page, 'name');
    await page.keyboard.type('Notes');
    await tabTo(page, 'redirectUris');
    await page.keyboard.type('https://notes.example.com/cb');
    await tabTo(page, words.newSite.more);
    await page.keyboard.press('Enter');
    await tabTo(page, 'id');
    await page.keyboard.type('notes');
    await press(page, words.newSite.submit);
    await shows(page, words.frame.shownOnceHint);

    const site = fillPath(ADMIN_PAGES.site, { clientId: 'notes' });
    await open(site);
    await isClean(page);
    await tabTo(page, 'name');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('Field notes');
    await press(page, words.site.change);
    await page.getByRole('heading', { level: 1, name: 'Field notes' }).waitFor();

    // What tells a secret asks for the password first, when that is long ago; then the act is one step again.
    stage.sql('update sessions set auth_time = auth_time - 660000, proved_at = null');
    await press(page, words.site.rotateSecret);
    await page.waitForURL(({ pathname }) => pathname === PAGES.dashboardProof);
    await page.locator('html[data-alive] input[name=password]').waitFor();
    await tabTo(page, 'password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(({ pathname }) => pathname === site);
    await press(page, words.site.rotateSecret);
    await shows(page, words.site.shownTitle);
    assert.match((await page.textContent('main')) ?? '', /pts_[\w-]{43}/);

    await open(site);
    await confirm(page, words.site.disable, 'Field note');
    await page.locator('details[open] [name=confirm][aria-invalid=true]').waitFor();
    await tabTo(page, 'confirm');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('Field notes');
    await enter(page);
    await shows(page, words.site.disabledLead);
    await confirm(page, words.site.remove, 'Field notes');
    await shows(page, words.done.removeSite);
    assert.equal(new URL(page.url()).pathname, ADMIN_PAGES.sites);

    await open(ADMIN_PAGES.providers);
    await isClean(page);
    await tabTo(page, fill(words.providers.testNamed, { service: 'Discord' }));
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.has('tested'));
    await shows(page, emulators.somebody.email ?? '');

    await open(ADMIN_PAGES.system);
    await isClean(page);
    await press(page, fill(words.system.runNamed, { job: 'deliver-mail' }));
    await shows(page, fill(words.system.outcomes.done, { job: 'deliver-mail' }));

    await open(ADMIN_PAGES.settings);
    await page.getByRole('rowheader', { name: 'PORTICO_ORIGIN' }).waitFor();
    await isClean(page);

    await open(ADMIN_PAGES.suspensions);
    await isClean(page);
    // The first field of this name asks the list; the second one adds to the other list.
    await tabTo(page, 'network');
    await tabTo(page, 'network');
    await page.keyboard.type(RANGE);
    await press(page, words.suspensions.allow);
    await page.getByRole('rowheader', { name: RANGE }).waitFor();
    await press(page, fill(words.suspensions.disallowNamed, { network: RANGE }));
    await shows(page, words.suspensions.allowedEmpty);
    assert.deepEqual(visitor.complaints, []);
  },
  { port, settings: () => emulators.settings },
);
