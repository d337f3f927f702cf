import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { AUTH_PREFIX, PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { onStage, type Stage, typeCode, type Visitor } from '../../../server/test/browser/visitor.ts';
import { freePort, runPortico } from '../../../server/test/portico-process.ts';
import type { Portico, PorticoOptions, PorticoSession } from '../src/types.ts';
import { type AppServer, serveApp } from './app-server.ts';

/** Milliseconds. */
const WAIT = 60_000;

/** A registered app, served, and people who open it. */
export interface AppStage {
  readonly stage: Stage;
  readonly app: AppServer;
  readonly clientId: string;
  /** Another browser; with an account unless said otherwise, signed in at Portico and nowhere else. */
  person(account?: boolean): Promise<Visitor>;
}

export interface AppOptions extends Partial<PorticoOptions> {
  /** `localhost` is Portico's own site, every other name another one. */
  readonly host?: string;
}

declare const portico: Portico;

/** Registers an app with the command line while the server runs, and serves it. */
export async function openAppStage(stage: Stage, t: TestContext, { host = 'localhost', ...options }: AppOptions = {}): Promise<AppStage> {
  const port = await freePort();
  const clientId = `app-${port}`;
  const origin = `http://${host}:${port}`;
  const settings = { PORTICO_DATA_DIR: stage.dataDir, PORTICO_PORT: String(stage.portico.port), PORTICO_ORIGIN: stage.app };
  const words = ['client', 'add', '--name', 'Snake', '--kind', 'spa', '--id', clientId, '--redirect-uri', `${origin}/back`];
  const added = await runPortico([...words, '--origin', origin, '--json'], settings);
  assert.equal(added.code, 0, added.stderr);
  const app = await serveApp(t, { host, port, options: { issuer: stage.app, clientId, ...options } });
  let people = 0;
  return {
    stage,
    app,
    clientId,
    person: async (account = true) => {
      const visitor = await stage.visitor();
      visitor.context.setDefaultTimeout(WAIT);
      t.after(() => visitor.context.close());
      if (!account) return visitor;
      people += 1;
      const email = `person-${port}-${people}@example.com`;
      await visitor.signUp(email);
      await typeCode(stage, visitor, email);
      return visitor;
    },
  };
}

/** A test with an app of its own, on Portico's own site unless said otherwise. */
export function withApp(name: string, options: AppOptions, body: (app: AppStage, t: TestContext) => Promise<void>): void {
  onStage(name, async (stage, t) => body(await openAppStage(stage, t, options), t), { shared: true });
}

/** Opens a page of the app and waits until it knows who is signed in. */
export async function open(page: Page, address: string): Promise<PorticoSession> {
  await page.goto(address);
  return session(page);
}

export async function session(page: Page): Promise<PorticoSession> {
  await page.waitForFunction(() => 'portico' in globalThis);
  return page.evaluate(async () => {
    await portico.ready;
    return portico.session;
  });
}

/** From a page of the app through Portico and back; the first time somebody is asked whether they want to. */
export async function signIn(page: Page, returnTo?: string): Promise<PorticoSession> {
  const { origin } = new URL(page.url());
  const arrived = page.waitForEvent('load');
  await page.evaluate((path) => void portico.signIn(path === undefined ? {} : { returnTo: path }), returnTo);
  await arrived;
  if (new URL(page.url()).pathname === PAGES.consent) {
    await page.locator(`form[action="${PAGES.consent}"] button`).first().click();
    await page.waitForURL((url) => url.origin === origin);
  }
  return session(page);
}

/** What the app asks of Portico from here on, and where the browser is led; not what Portico's own pages ask, at their own times. */
export function watch({ context }: Visitor): string[] {
  const asked: string[] = [];
  context.on('request', (request) => {
    const { pathname, origin } = new URL(request.url());
    if (!request.isNavigationRequest() && new URL(request.frame().url()).origin === origin) return;
    if (pathname.startsWith(AUTH_PREFIX) || pathname.startsWith('/oauth')) asked.push(pathname.replace(AUTH_PREFIX, ''));
  });
  return asked;
}
