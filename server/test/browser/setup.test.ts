import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { runPortico } from '../portico-process.ts';
import { onStage, PASSWORD, type Stage, typeCode } from './visitor.ts';

const arrived = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path);
const shows = (page: Page, text: string) => page.getByText(text).first().waitFor();

async function link(stage: Stage, ...words: string[]): Promise<{ readonly url: string; readonly token: string }> {
  const env = { PORTICO_DATA_DIR: stage.dataDir, PORTICO_ORIGIN: stage.app };
  const { stdout } = await runPortico(['admin', ...words, '--json'], env);
  const { link: url } = JSON.parse(stdout) as { link: string };
  return { url, token: new URL(url).hash.slice(1) };
}

/** From the field that has the focus to the one with this name, by the Tab key alone. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    if ((await page.evaluate(() => document.activeElement?.getAttribute('name'))) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way by Tab to ${name}`);
}

onStage(
  'the link of the command line: the secret leaves the address bar, no request carries it in its address, and keys alone make the owner',
  async (stage) => {
    const { page, complaints } = await stage.visitor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url(), request.headers()['referer'] ?? ''));
    const { url, token } = await link(stage, 'create', '--email', 'ada@example.com');
    await page.goto(url);
    await page.locator('input[name=email][readonly]').waitFor();
    assert.equal(page.url(), stage.app + PAGES.setup);
    assert.equal(await page.inputValue('input[name=email]'), 'ada@example.com', 'whom the link is for');
    assert.equal(await page.locator('input[name=token]').getAttribute('type'), 'hidden', 'nobody has to paste anything');
    assert.deepEqual(
      await page.$$eval('input[autocomplete]', (inputs) => inputs.map((input) => input.getAttribute('autocomplete'))),
      ['username', 'name', 'new-password'],
      'as password managers know it',
    );
    await tabTo(page, 'displayName');
    await page.keyboard.type('Ada');
    await tabTo(page, 'password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await arrived(page, ADMIN_PAGES.home);
    await shows(page, 'Ada');

    // Back in the history there is no secret, and the link is over.
    await page.goBack();
    assert.ok(!page.url().includes(token));
    const stranger = await stage.visitor();
    await stranger.page.goto(url);
    await shows(stranger.page, en.pages.setup.over);
    for (const sent of asked) assert.ok(!sent.includes(token), sent);
    assert.deepEqual(complaints, []);
  },
);

onStage(
  'who has an account signs in first and comes back to the page, which still knows the link; without JavaScript the code is pasted',
  async (stage) => {
    const first = await stage.visitor();
    await first.signUp('ada@example.com');
    await typeCode(stage, first, 'ada@example.com');
    await first.page.click('form#log-out button');
    await arrived(first.page, PAGES.signIn);

    const { page } = first;
    const one = await link(stage, 'create', '--email', 'ada@example.com');
    await page.goto(one.url);
    await shows(page, en.pages.setup.known);
    await page.click(`main a[href^="${PAGES.signIn}"]`);
    await arrived(page, PAGES.signIn);
    assert.ok(!page.url().includes(one.token));
    await page.fill('input[name=email]', 'ada@example.com');
    await page.fill('input[name=password]', PASSWORD);
    await page.press('input[name=password]', 'Enter');
    await arrived(page, PAGES.setup);
    await page.getByRole('button', { name: 'Make ada@example.com an owner' }).press('Enter');
    await arrived(page, ADMIN_PAGES.home);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'nothing is left of it');
    assert.deepEqual(first.complaints, []);

    const plain = await stage.visitor({ javaScriptEnabled: false });
    const two = await link(stage, 'link');
    await plain.page.goto(two.url);
    await plain.page.fill('input[name=token]', two.token);
    await plain.page.fill('input[name=email]', 'eve@example.com');
    await plain.page.fill('input[name=password]', 'too short');
    await plain.page.press('input[name=password]', 'Enter');
    await shows(plain.page, en.errors.password_refused);
    await plain.page.fill('input[name=password]', PASSWORD);
    await plain.page.press('input[name=password]', 'Enter');
    await arrived(plain.page, ADMIN_PAGES.home);
    await shows(plain.page, 'eve@example.com');
  },
);

const threeHosts = {
  settings: (port: number) => ({
    PORTICO_ORIGIN: `http://example.localhost:${port}`,
    PORTICO_APP_ORIGIN: `http://app.example.localhost:${port}`,
    PORTICO_API_ORIGIN: `http://api.example.localhost:${port}`,
  }),
  app: (port: number) => `http://app.example.localhost:${port}`,
};

onStage(
  'three hosts: the page asks the API on its own host, who is here and whom the link is for',
  async (stage) => {
    const { page, complaints } = await stage.visitor();
    const shown = /\S+\/setup#\S{43}/.exec(stage.portico.stdout())?.[0] ?? '';
    assert.ok(shown.startsWith(stage.app), 'the link of the first screen');
    await page.goto(shown);
    await page.locator('input[name=token][type=hidden]').waitFor({ state: 'attached' });
    await page.fill('input[name=email]', 'ada@example.com');
    await page.fill('input[name=password]', PASSWORD);
    await page.press('input[name=password]', 'Enter');
    await arrived(page, ADMIN_PAGES.home);
    await shows(page, 'ada@example.com');
    await page.goto(stage.app + PAGES.setup);
    await page.getByRole('button', { name: 'Make ada@example.com an owner' }).waitFor();
    assert.deepEqual(complaints, []);
  },
  threeHosts,
);
