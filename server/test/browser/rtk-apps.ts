import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AUTH_PREFIX, PAGES } from '@portico/protocol/routes';
import type { BrowserContext, Page } from 'playwright-core';
import { PAGES as APPS, buildRtkApp } from '../../../examples/rtk-app/src/build.ts';
import { createRtkApp } from '../../../examples/rtk-app/src/rtk-app.ts';
import { type Stage, typeCode, type Visitor } from './visitor.ts';

/** The example app of RTK Query beside a running Portico: with the SDK, and with an interceptor that somebody wrote by hand. */

export interface RunningApp {
  readonly id: string;
  readonly kind: keyof typeof APPS;
  readonly origin: string;
  /** The clock of its API, which alone decides when a token has ended there. */
  readonly clock: { ahead: number };
}

export interface AppWish {
  /** What a copied sign-in of the app ends: its own family, or the whole session, which is held. */
  readonly reuseEnds?: 'grant' | 'session';
}

/** Builds it, registers it at Portico as a browser client of Portico's own site, and starts it. */
export async function startApp(
  stage: Stage,
  t: TestContext,
  kind: keyof typeof APPS,
  { reuseEnds = 'grant' }: AppWish = {},
): Promise<RunningApp> {
  const id = `scores-${kind}`;
  const folder = await mkdtemp(join(tmpdir(), 'portico-rtk-app-'));
  await buildRtkApp(folder, APPS[kind]);
  const clock = { ahead: 0 };
  const app = createRtkApp({
    issuer: stage.app,
    clientId: id,
    url: `http://127.0.0.1:${stage.portico.port}`,
    folder,
    verifier: { now: () => Date.now() + clock.ahead },
  });
  const server = createServer(app.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    app.close();
    await rm(folder, { recursive: true, force: true });
  });
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  stage.sql(`
    insert into clients (id, name, kind, origins, redirect_uris, authentication, confirmation, reuse_ends, created_at)
      values ('${id}', 'High scores', 'spa', '["${origin}"]', '["${origin}/"]', 'none', 'auto', '${reuseEnds}', 0)`);
  return { id, kind, origin, clock };
}

export interface Answers {
  /** What was answered since the last call, such as `POST refresh 200`, in order. */
  taken(): string[];
}

/** Listens to what a page sends to Portico's refresh and to its own API. */
export function answersOf(page: Page): Answers {
  let answered: string[] = [];
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    const method = response.request().method();
    const name = pathname === `${AUTH_PREFIX}/refresh` ? 'refresh' : /^\/api\/(scores)$/.exec(pathname)?.[1];
    if (name !== undefined && method !== 'OPTIONS') answered.push(`${method} ${name} ${response.status()}`);
  });
  return {
    taken: () => {
      const before = answered;
      answered = [];
      return before;
    },
  };
}

/** From now on the API takes the token of the page for one that has ended, until so many requests were refused for it. */
export async function endTokenOf(page: Page, { clock }: RunningApp, requests = 1): Promise<void> {
  clock.ahead = 600_000;
  let refused = 0;
  const allRefused = new Promise<void>((resolve) => {
    page.on('response', (response) => {
      if (response.status() === 401) refused += 1;
      if (refused === requests) resolve();
    });
  });
  await page.route(
    `**${AUTH_PREFIX}/refresh`,
    async (route) => {
      await allRefused;
      clock.ahead = 0;
      await route.continue();
    },
    { times: requests },
  );
}

/** A page of the app in which the user is signed in, and everything has been answered. */
export async function openApp(context: BrowserContext, app: RunningApp, email: string): Promise<{ page: Page; answers: Answers }> {
  const page = await context.newPage();
  const answers = answersOf(page);
  await page.goto(app.origin);
  // By hand nobody needs to press a button: the start itself is refused, and leads away.
  if (app.kind === 'sdk') await page.getByRole('button', { name: 'Sign in' }).click();
  await showsUser(page, email);
  return { page, answers };
}

export async function showsUser(page: Page, email: string): Promise<void> {
  await page.locator('#who').getByText(email).waitFor();
  await page.waitForLoadState('networkidle');
}

export const scorePoint = (page: Page) => page.getByRole('button', { name: 'Score a point' }).click();

export const atLogin = (url: URL) => url.pathname === PAGES.signIn;

/** Somebody with an account, signed in at Portico. */
export async function signedUp(stage: Stage, email: string): Promise<Visitor> {
  const visitor = await stage.visitor();
  await visitor.signUp(email);
  await typeCode(stage, visitor, email);
  return visitor;
}
