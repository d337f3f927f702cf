import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { authPath, PAGES } from '@portico/protocol/routes';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { launchChromium, reasonToSkip } from '../../../ui/test/browser.ts';
import { SQLITE_FILE } from '../../src/platform/sqlite-file.ts';
import { freePort, type RunningPortico, startPortico } from '../portico-process.ts';
import { type Authority, createAuthority } from './own-authority.ts';

export const PASSWORD = 'correct horse battery staple';
/** Milliseconds. */
const WAIT = 60_000;

/** The whole product as a person meets it: the real server in its own process, and a real browser. */
export interface Stage {
  readonly portico: RunningPortico;
  readonly browser: Browser;
  /** Whose certificates the hosts have; null where all speak plain http. */
  readonly authority: Authority | null;
  /** Where the pages are. */
  readonly app: string;
  readonly dataDir: string;
  visitor(options?: VisitorOptions): Promise<Visitor>;
  /** A code that was mailed to this address since the last one was asked for; waits for it. */
  codeFor(email: string): Promise<string>;
  /** The link to `page` in the newest letter to this address that has one; waits for it. */
  linkFor(email: string, page: keyof typeof PAGES): Promise<string>;
  /** One statement on the server's own database, behind its back: how time passes for a server that keeps the machine's time. */
  sql(statement: string): void;
}

export interface VisitorOptions {
  readonly javaScriptEnabled?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  readonly locale?: string;
  /** Only to look at a page from inside, by a script that its policy forbids. */
  readonly bypassCSP?: boolean;
}

/** One browser profile with one page. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about: policy violations, failed hydration, thrown errors. */
  readonly complaints: readonly string[];
  signUp(email: string): Promise<void>;
  signIn(email: string, password?: string): Promise<void>;
}

export interface StageOptions {
  /** Settings of the server, given the port that it will have. */
  readonly settings?: (port: number) => Readonly<Record<string, string>>;
  /** Another `portico` than this one. */
  readonly command?: string;
  /** Where others must know it beforehand. */
  readonly port?: number;
  /** Where the pages are, if not at the server's own origin. */
  readonly app?: (port: number) => string;
  /** Portico behind https, with certificates of an authority that the server, the browser and this process trust. */
  readonly https?: boolean;
  /** The server of all tests in this file that say so: they have accounts and clients of their own, and leave its settings alone. */
  readonly shared?: boolean;
}

interface Served {
  readonly portico: RunningPortico;
  readonly port: number;
  readonly dataDir: string;
}

/** One Chromium and at most one shared server a file: to start them costs more than most tests do with them. */
const browsers = new Map<string, Promise<Browser>>();
const servers: Promise<Served>[] = [];
after(async () => {
  for (const browser of browsers.values()) await browser.then((one) => one.close()).catch(() => undefined);
  for (const server of servers) await server.then(endServer).catch(() => undefined);
});

/** A test with the real server and a real Chromium. */
export function onStage(name: string, body: (stage: Stage, t: TestContext) => Promise<void>, options: StageOptions = {}): void {
  test(name, { skip: reasonToSkip() }, async (t) => {
    const port = options.port ?? (await freePort());
    const authority = options.https === true ? await createAuthority(t) : null;
    const origin = authority === null ? null : `https://localhost:${await authority.front(port)}`;
    const start = () => startServer(port, origin ?? `http://localhost:${port}`, authority, options);
    if (options.shared === true && servers.length === 0) servers.push(start());
    const served = await (options.shared === true ? servers[0] : start());
    if (served === undefined) throw new Error('no server was started');
    if (options.shared !== true) t.after(() => endServer(served));
    const browser = await launched(authority);
    t.after(async () => {
      for (const context of browser.contexts()) await context.close();
    });
    const home = origin ?? `http://localhost:${served.port}`;
    await body(stageOf(served.portico, browser, served.port, options.app?.(served.port) ?? home, served.dataDir, authority), t);
  });
}

function launched(authority: Authority | null): Promise<Browser> {
  const key = authority?.spki ?? '';
  const browser =
    browsers.get(key) ?? launchChromium(authority === null ? [] : [`--ignore-certificate-errors-spki-list=${authority.spki}`]);
  browsers.set(key, browser);
  return browser;
}

async function startServer(
  port: number,
  origin: string,
  authority: Authority | null,
  { settings, command }: StageOptions,
): Promise<Served> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-stage-'));
  const portico = await startPortico(
    {
      NODE_ENV: 'development',
      ...(authority === null ? {} : { NODE_EXTRA_CA_CERTS: authority.file }),
      PORTICO_DATA_DIR: dataDir,
      PORTICO_PORT: String(port),
      PORTICO_ORIGIN: origin,
      PORTICO_HOST: '127.0.0.1',
      ...settings?.(port),
    },
    command,
  );
  return { portico, port, dataDir };
}

async function endServer({ portico, dataDir }: Served): Promise<void> {
  await portico.end();
  await rm(dataDir, { recursive: true, force: true });
}

function stageOf(
  portico: RunningPortico,
  browser: Browser,
  port: number,
  app: string,
  dataDir: string,
  authority: Authority | null,
): Stage {
  const told = new Set<string>();
  return {
    portico,
    browser,
    authority,
    app,
    dataDir,
    sql: (statement) => {
      const database = new DatabaseSync(join(dataDir, SQLITE_FILE));
      database.exec(`pragma busy_timeout = 5000; ${statement}`);
      database.close();
    },
    codeFor: async (email) => {
      const code = await untilInInbox(port, email, /\b\d{8}\b/, (one) => !told.has(one));
      told.add(code);
      return code;
    },
    linkFor: (email, page) => untilInInbox(port, email, new RegExp(`http\\S+${PAGES[page]}\\?(?:token|invite)=[A-Za-z0-9_-]+`)),
    visitor: async (options = {}) => {
      const context = await browser.newContext(options);
      if (options.javaScriptEnabled === false) scriptless.add(context);
      context.setDefaultTimeout(WAIT);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
      });
      const at = (path: string) => (url: URL) => url.pathname === path;
      return {
        page,
        context,
        complaints,
        signUp: async (email) => {
          await page.goto(app + PAGES.signUp);
          await page.fill('input[name=email]', email);
          await page.fill('input[name=password]', PASSWORD);
          await page.press('input[name=password]', 'Enter');
          await page.waitForURL(at(PAGES.verifySignIn));
        },
        signIn: async (email, password = PASSWORD) => {
          await page.goto(app + PAGES.signIn);
          await page.fill('input[name=email]', email);
          await page.fill('input[name=password]', password);
          await toDashboard(page, () => page.press('input[name=password]', 'Enter'));
        },
      };
    },
  };
}

/** What fits in the newest letter to this address in which something does; letters that are written after an answer need a moment. */
async function untilInInbox(port: number, email: string, wanted: RegExp, isNew: (text: string) => boolean = () => true): Promise<string> {
  for (const deadline = performance.now() + WAIT; performance.now() < deadline; await sleep(50)) {
    const inbox = await fetch(`http://127.0.0.1:${port}${PAGES.devMail}`, { headers: { accept: 'application/json' } });
    const mails = (await inbox.json()) as { to: string; text: string }[];
    const [newest] = mails.filter(({ to }) => to === email).flatMap(({ text }) => wanted.exec(text)?.[0] ?? []);
    if (newest !== undefined && isNew(newest)) return newest;
  }
  throw new Error(`no letter to ${email} has a new ${wanted.source}`);
}

/** Types the mailed code on the page that asks for it, and arrives at the dashboard. */
export async function typeCode(stage: Stage, { page }: Pick<Visitor, 'page'>, email: string): Promise<void> {
  const field = 'input[autocomplete=one-time-code]';
  await page.fill(field, await stage.codeFor(email));
  await toDashboard(page, () => page.press(field, 'Enter'));
}

const scriptless = new WeakSet<BrowserContext>();
/** Milliseconds: where a test has cut the way, no answer comes. */
const REFRESH_WAIT = 10_000;

/** The dashboard refreshes once as soon as it lives, and whoever changes cookies or leaves before it is answered races with it. */
async function toDashboard(page: Page, act: () => Promise<void>): Promise<void> {
  const isRefresh = (response: Response) => new URL(response.url()).pathname === authPath('refresh');
  const refreshed = scriptless.has(page.context()) ? null : page.waitForResponse(isRefresh, { timeout: REFRESH_WAIT }).catch(() => null);
  await act();
  await page.waitForURL((url) => url.pathname === PAGES.dashboard);
  await refreshed;
}
