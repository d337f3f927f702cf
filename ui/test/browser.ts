import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PATH = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Milliseconds: a page that does nothing for so long is broken, on any machine. */
const WAIT = 60_000;

/** What `node:test` takes as `skip`: a reason that is printed, or false. A machine that promises everything (CI) may not skip. */
export function reasonToSkip(): string | false {
  if (existsSync(PATH)) return false;
  if (process.env['CI'] === 'true') throw new Error(`No Chromium at ${PATH}. Set CHROMIUM_PATH.`);
  console.error(`SKIPPED: no Chromium at ${PATH}; the pages were not looked at in a browser. Set CHROMIUM_PATH.`);
  return `no Chromium at ${PATH}`;
}

export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: [...FLAGS, ...more], timeout: 120_000 });
}

export interface OpenPage {
  readonly page: Page;
  /** What the browser complained about: policy violations, failed hydration, thrown errors. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<OpenPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refused request is what some tests are about; the browser reports it by itself.
    if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, complaints, close: () => context.close() };
}

/** The script of the page has taken over. */
export async function hydrated(page: Page, name = page.url()): Promise<void> {
  await page.waitForSelector('html[data-alive]').catch((cause: unknown) => {
    throw new Error(`${name} did not come to life`, { cause });
  });
}
