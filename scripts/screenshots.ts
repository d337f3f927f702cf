// npm run screenshots: the pictures of the README, taken from a real server by a real browser. Look at them before you commit them.

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { PAGES } from '@portico/protocol/routes';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { runPortico, startPortico } from '../server/test/portico-process.ts';
import { chromium as installedChromium } from './services/chromium.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'images');
/** The README is read over slow lines too. In bytes. */
const LARGEST = 150_000;
/** What `npm start` shows; the browser is told where it really is. */
const ORIGIN = 'http://localhost:4000';

/** Any credentials put the buttons on the page; nobody presses them. */
const OFFERED = Object.fromEntries(
  ['GITHUB', 'GOOGLE', 'DISCORD', 'GITLAB'].flatMap((name) => [
    [`PORTICO_${name}_CLIENT_ID`, 'picture'],
    [`PORTICO_${name}_CLIENT_SECRET`, 'picture'],
  ]),
);

const EMAIL = 'ada@example.com';
const PASSWORD = 'seven quiet lanterns above the lake';

const DESKTOP = {
  viewport: { width: 1280, height: 800 },
  colorScheme: 'light',
  timezoneId: 'UTC',
  reducedMotion: 'reduce',
} as const;
const PHONE = {
  ...DESKTOP,
  viewport: { width: 360, height: 720 },
  colorScheme: 'dark',
  deviceScaleFactor: 2,
  isMobile: true,
  userAgent: 'Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
} as const;

/** Client sites that a small studio may have. */
const SITES: readonly (readonly string[])[] = [
  ['--name', 'Notes', '--kind', 'web', '--redirect-uri', 'https://notes.example.net/auth/callback'],
  ['--name', 'Paint', '--kind', 'spa', '--redirect-uri', 'https://paint.example.org/', '--origin', 'https://paint.example.org'],
  ['--name', 'Space Snake', '--kind', 'native', '--redirect-uri', 'http://127.0.0.1/callback'],
  ['--name', 'Nightly reports', '--kind', 'machine'],
];

await takeScreenshots();

async function takeScreenshots(): Promise<void> {
  const found = await installedChromium.find();
  if (found === null) throw new Error('There is no Chromium on this machine: install it, or name it in CHROMIUM.');
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-screenshots-'));
  const env = { PORTICO_DATA_DIR: dataDir, PORTICO_ORIGIN: ORIGIN, ...OFFERED };
  const portico = await startPortico(env);
  const browser = await chromium.launch({
    executablePath: found.what,
    args: ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${new URL(ORIGIN).host} 127.0.0.1:${portico.port}`],
  });
  try {
    mkdirSync(FOLDER, { recursive: true });
    await photograph(browser, portico.origin, (words) => runPortico(words, env));
  } finally {
    await browser.close();
    await portico.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function photograph(browser: Browser, server: string, command: (words: readonly string[]) => Promise<unknown>): Promise<void> {
  const desktop = await browser.newContext(DESKTOP);
  const page = await desktop.newPage();
  await open(page, PAGES.signIn);
  await save(page, 'sign-in');
  await signUp(page, server);

  const phone = await browser.newContext(PHONE);
  await photographPhone(phone);

  await open(page, PAGES.dashboard);
  await save(page, 'dashboard');

  await command(['user', 'role', EMAIL, 'owner']);
  for (const site of SITES) await command(['client', 'add', ...site]);
  await open(page, ADMIN_PAGES.sites);
  await save(page, 'admin');
}

async function signUp(page: Page, server: string): Promise<void> {
  await open(page, PAGES.signUp);
  await page.fill('[name=email]', EMAIL);
  await page.fill('[name=displayName]', 'Ada Lovelace');
  await page.fill('[name=password]', PASSWORD);
  await page.click('main [type=submit]');
  await page.waitForURL(`**${PAGES.verifySignIn}`);
  await page.fill('[name=securityCode]', await mailedCode(server));
  await page.click('main [type=submit]');
  await page.waitForURL(`**${PAGES.dashboard}`);
}

async function photographPhone(phone: BrowserContext): Promise<void> {
  const page = await phone.newPage();
  await open(page, PAGES.signIn);
  await page.fill('[name=email]', EMAIL);
  await page.fill('[name=password]', PASSWORD);
  await page.click('main [type=submit]');
  await page.waitForURL(`**${PAGES.dashboard}`);
  await page.waitForSelector('html[data-alive]');
  await save(page, 'dashboard-phone');
}

async function mailedCode(server: string): Promise<string> {
  const inbox = await fetch(server + PAGES.devMail, { headers: { accept: 'application/json' } });
  const [newest] = (await inbox.json()) as readonly { readonly text: string }[];
  const code = /\b\d{8}\b/.exec(newest?.text ?? '')?.[0];
  if (code === undefined) throw new Error('no code was mailed');
  return code;
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(ORIGIN + path);
  await page.waitForSelector('html[data-alive]');
}

async function save(page: Page, name: string): Promise<void> {
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  if (size > LARGEST) throw new Error(`${path} has ${size} bytes, more than ${LARGEST}`);
  console.log(`docs/images/${name}.png  ${Math.round(size / 1000)} kB`);
}
