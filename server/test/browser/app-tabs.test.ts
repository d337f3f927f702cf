import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Portico } from '@portico/client';
import { authPath, PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { type AppServer, serveApp } from '../../../sdk/client/test/app-server.ts';
import { rounds } from '../counts.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { FATES, unreliable } from './unreliable.ts';
import { onStage, type Stage, typeCode, type Visitor } from './visitor.ts';

/** Many tabs of one app, in a real browser: whatever the network does, nobody is signed out. */

declare global {
  // What the page of the app puts there.
  var portico: Portico;
  var seen: string[];
  var sleepFor: (milliseconds: number) => void;
}

const EMAIL = 'ada@example.com';
const TABS = 8;

/** Lets time pass for the page: its monotonic clock goes on as it does while a machine sleeps and wakes. */
const SLEEPY = `{
  const real = performance.now.bind(performance);
  let slept = 0;
  performance.now = () => real() + slept;
  globalThis.sleepFor = (milliseconds) => { slept += milliseconds; };
}`;
/** Browsers whose tabs cannot speak to one another. */
const ALONE = 'delete globalThis.BroadcastChannel; Object.defineProperty(navigator, "locks", { value: undefined });';

interface Opened {
  readonly app: AppServer;
  readonly visitor: Visitor;
  readonly tabs: readonly Page[];
}

async function openTabs(stage: Stage, t: TestContext, init: string): Promise<Opened> {
  const app = await serveApp(t, { options: { issuer: stage.app, clientId: 'app' } });
  const words = ['client', 'add', '--name', 'App', '--kind', 'spa', '--id', 'app', '--confirmation', 'auto'];
  const settings = { PORTICO_DATA_DIR: stage.dataDir, PORTICO_PORT: String(stage.portico.port), PORTICO_ORIGIN: stage.app };
  const added = await runPortico([...words, '--origin', app.origin, '--redirect-uri', `${app.origin}/`], settings);
  assert.equal(added.code, 0, added.stderr);
  const visitor = await stage.visitor();
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  await visitor.context.addInitScript(init);
  const tabs: Page[] = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await visitor.context.newPage();
    await page.goto(`${app.origin}/`);
    if (tab === 0) {
      await page.evaluate(() => portico.ready);
      await Promise.all([
        page.waitForURL(({ origin, search }) => origin === app.origin && search === ''),
        page.evaluate(() => void portico.signIn()),
      ]);
    }
    await page.waitForFunction(() => globalThis.portico?.session.status === 'signed-in');
    await page.evaluate(() => void (seen.length = 0));
    tabs.push(page);
  }
  return { app, visitor, tabs };
}

const everywhere = <T>({ tabs }: Opened, act: () => T | Promise<T>): Promise<Awaited<T>[]> =>
  Promise.all(tabs.map((tab) => tab.evaluate(act)));
const ofAll = <T>(value: T): T[] => Array.from({ length: TABS }, () => value);
/** Every status that a tab has shown since it was opened. */
const shown = async (opened: Opened): Promise<string[]> => [...new Set((await everywhere(opened, () => seen)).flat())].sort();

for (const [name, init] of [
  ['eight tabs', SLEEPY],
  ['eight tabs that cannot hear one another', SLEEPY + ALONE],
] as const) {
  onStage(`${name} wake with expired tokens, again and again: no call fails, and nobody is signed out`, async (stage, t) => {
    const opened = await openTabs(stage, t, init);
    const { app } = opened;
    const count = rounds(12, 200);
    for (let round = 0; round < count; round += 1) {
      // Either the tabs know that they slept, or the API tells them.
      if (round % 2 === 0) await everywhere(opened, () => sleepFor(15 * 60_000));
      else app.refuse(TABS);
      assert.deepEqual(await everywhere(opened, async () => (await portico.fetch('/api/scores')).status), ofAll(200), `round ${round}`);
    }
    assert.deepEqual(await shown(opened), []);
    assert.deepEqual(await everywhere(opened, () => portico.session.status), ofAll('signed-in'));
    const tokens = new Set(app.calls.map(({ authorization }) => authorization));
    assert.ok(tokens.size >= count, 'a token for each round at least');
    t.diagnostic(`${count} rounds of ${TABS} tabs, ${app.calls.length} calls, ${tokens.size} tokens, 0 sign-outs`);
  });
}

const port = await freePort();
const network = {
  settings: () => ({ PORTICO_ORIGIN: `http://localhost:${port}` }),
  app: () => `http://localhost:${port}`,
};

onStage(
  'lost requests, lost answers, slow ones and trouble: the tabs go on, and nobody is signed out',
  async (stage, t) => {
    const between = await unreliable(t, port, stage.portico.port);
    const opened = await openTabs(stage, t, SLEEPY);
    const count = rounds(10, 200);
    let turn = 0;
    between.fate = (method, path) => {
      if (method !== 'POST' || path !== authPath('refresh')) return 'passes';
      turn += 1;
      return FATES[(turn * 7) % FATES.length] ?? 'passes';
    };
    for (let round = 0; round < count; round += 1) {
      await everywhere(opened, () => sleepFor(15 * 60_000));
      await everywhere(opened, async () => (await portico.fetch('/api/scores')).status);
    }
    for (const fate of FATES) assert.ok((between.met.get(fate) ?? 0) > 0, fate);
    assert.deepEqual(
      (await shown(opened)).filter((status) => status !== 'signed-in' && status !== 'offline'),
      [],
    );
    // The network is good again.
    between.fate = () => 'passes';
    await everywhere(opened, () => sleepFor(15 * 60_000));
    assert.deepEqual(await everywhere(opened, async () => (await portico.fetch('/api/scores')).status), ofAll(200));
    assert.deepEqual(await everywhere(opened, () => portico.session.status), ofAll('signed-in'));
    await opened.visitor.page.goto(stage.app + PAGES.dashboard);
    await opened.visitor.page.getByText(EMAIL).first().waitFor();
    t.diagnostic(`${count} rounds: ${[...between.met].map(([fate, times]) => `${times} ${fate}`).join(', ')}; 0 sign-outs`);
  },
  network,
);
