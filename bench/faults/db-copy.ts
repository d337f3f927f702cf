/**
 * `node bench/faults/db-copy.ts [--rows N]`: people and a real Chromium use a Portico on SQLite while `portico db copy` moves it to PostgreSQL; the
 * server is started on the copy; then the same back. Prints figures; ends with 1 when anybody was signed out or an acknowledged change is gone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, PAGES, SYSTEM } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { findBinaries, startCluster } from '../../scripts/services/postgres-cluster.ts';
import { insertRows } from '../../server/src/moving/table-rows.ts';
import { migrate } from '../../server/src/platform/migrate.ts';
import { openBulk } from '../../server/src/platform/open-bulk.ts';
import { openDatabase, type Whereabouts } from '../../server/src/platform/open-database.ts';
import {
  assertNothingLost,
  type Crowd,
  destinationOf,
  environmentOf,
  originOf,
  portico,
  signInCrowd,
  type Use,
  useUntilOver,
} from '../../server/test/moving/live.ts';
import { ALL_TABLES, strangeRow } from '../../server/test/moving/strange-rows.ts';
import { freePort, type RunningPortico, startPortico } from '../../server/test/portico-process.ts';
import { tally } from '../../server/test/races/house.ts';
import { launchChromium } from '../../ui/test/browser.ts';

const PEOPLE = 8;
const WAIT = 60_000;
const EMAIL = 'grace@example.com';
const PASSWORD = 'correct horse battery staple';

interface Place {
  readonly name: string;
  readonly where: Whereabouts;
}

const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' } } });
const rows = Number(values.rows);
if (!Number.isSafeInteger(rows) || rows < 0) {
  console.error('--rows takes a number');
  process.exit(2);
}
process.exitCode = await main();

async function main(): Promise<number> {
  const binaries = findBinaries();
  if (binaries === null) {
    console.error('NOT RUN: no PostgreSQL on this machine');
    return 1;
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-db-copy-'));
  const cluster = await startCluster(binaries);
  const chromium = await launchChromium();
  try {
    const sqlite: Place = { name: 'SQLite', where: { databaseUrl: '', dataDir } };
    const postgres: Place = { name: 'PostgreSQL', where: { databaseUrl: cluster.env['TEST_DATABASE_URL'] ?? '', dataDir: '' } };
    const port = await freePort();
    const crowd = await settle(sqlite, port);
    let server = await serve(sqlite, port, crowd.masterKey);
    const page = await (await chromium.newContext({ bypassCSP: true })).newPage();
    page.setDefaultTimeout(WAIT);
    await signUp(page, port);
    for (const [from, to] of [
      [sqlite, postgres],
      [postgres, sqlite],
    ] as const) {
      server = await move({ crowd, page, port, server, from, to });
    }
    await server.end();
    crowd.wire.close();
    console.log(
      `signed out: 0; acknowledged changes lost: 0; answers to ${PEOPLE} people: ${tally(crowd.people.flatMap(({ seen }) => seen))}`,
    );
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await chromium.close();
    await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** People who are signed in, and events of others, so that there is something to carry. */
async function settle({ where }: Place, port: number): Promise<Crowd> {
  const db = openDatabase(where);
  await migrate(db);
  const crowd = await signInCrowd({ dialect: 'sqlite', db, where, drop: async () => undefined }, port, PEOPLE);
  await db.close();
  const bulk = await openBulk(where);
  const events = ALL_TABLES.find(({ name }) => name === 'events');
  if (events === undefined) throw new Error('there is no table of events');
  await bulk.run('begin');
  for (let n = 0; n < rows; n += 500)
    await insertRows(
      bulk,
      events,
      Array.from({ length: Math.min(500, rows - n) }, (_, at) => strangeRow(events, n + at)),
    );
  await bulk.run('commit');
  await bulk.close();
  return crowd;
}

function serve({ where }: Place, port: number, masterKey: Buffer): Promise<RunningPortico> {
  const settings = { ...environmentOf(where, masterKey), NODE_ENV: 'development', PORTICO_LOG_LEVEL: 'silent' };
  return startPortico({ ...settings, PORTICO_PORT: String(port), PORTICO_ORIGIN: originOf(port), PORTICO_HOST: '127.0.0.1' });
}

interface Moving {
  readonly crowd: Crowd;
  readonly page: Page;
  readonly port: number;
  readonly server: RunningPortico;
  readonly from: Place;
  readonly to: Place;
}

async function move({ crowd, page, port, server, from, to }: Moving): Promise<RunningPortico> {
  const use: Use = { over: false };
  const using = Promise.all(crowd.people.map((person) => useUntilOver(person, use)));
  const clicks = { statuses: [] as number[] };
  const clicking = refreshUntilOver(page, use, clicks.statuses);
  await enough(clicks.statuses, 5);
  const began = performance.now();
  const copied = await portico(from.where, crowd.masterKey, ['db', 'copy', '--to', destinationOf(to.where), '--json']);
  if (copied.code !== 0) throw new Error(`db copy ended with ${copied.code}: ${copied.stderr}`);
  const facts = JSON.parse(copied.stdout) as { rows: number; milliseconds: number; closedAt: string };
  await enough(clicks.statuses, clicks.statuses.length + 2);
  await server.end();
  const next = await serve(to, port, crowd.masterKey);
  const [before, until] = [clicks.statuses.length, performance.now() + WAIT];
  try {
    while (!clicks.statuses.slice(before).includes(200)) {
      if (performance.now() > until) throw new Error(`the browser did not get on: ${clicks.statuses.slice(-5).join()}`);
      await page.waitForTimeout(20);
    }
  } finally {
    use.over = true;
  }
  const closedFor = Date.now() - Date.parse(facts.closedAt);
  await Promise.all([using, clicking]);
  await assertNothingLost(crowd);
  await page.goto(originOf(port) + PAGES.dashboard);
  if (new URL(page.url()).pathname !== PAGES.dashboard) throw new Error(`Chromium was sent to ${page.url()}`);
  if (!(await page.content()).includes(EMAIL)) throw new Error('the dashboard knows nobody');
  await page.waitForLoadState('networkidle');
  await page.goto(originOf(port) + SYSTEM.health);
  const strange = clicks.statuses.filter((status) => ![200, 409, 503, 0].includes(status));
  if (strange.length > 0) throw new Error(`Chromium was answered ${strange.join()}`);
  const speed = Math.round((facts.rows / facts.milliseconds) * 1000);
  console.log(
    `${from.name} -> ${to.name}: ${facts.rows} rows copied, read back and compared in ${facts.milliseconds} ms (${speed} a second), ` +
      `command ${Math.round(performance.now() - began)} ms with the switch; no writes for ${closedFor} ms; ` +
      `Chromium: ${tally(clicks.statuses.map((status) => (status === 0 ? 'no connection' : String(status))))}, still signed in`,
  );
  return next;
}

async function enough(statuses: readonly number[], many: number): Promise<void> {
  for (const until = performance.now() + WAIT; statuses.length < many; await new Promise((resolve) => setTimeout(resolve, 20)))
    if (performance.now() > until) throw new Error(`Chromium got ${statuses.length} answers only`);
}

/** The page's own cookies; an attempt is kept until its refresh was answered. */
async function refreshUntilOver(page: Page, use: Use, statuses: number[]): Promise<void> {
  const attempts = new Map<number, string>();
  while (!use.over) {
    const gen = Number((await page.context().cookies()).find(({ name }) => name === 'portico_g')?.value ?? 0);
    const attempt = attempts.get(gen) ?? `${gen}.${crypto.getRandomValues(Buffer.alloc(16)).toString('base64url')}`;
    attempts.set(gen, attempt);
    const status = await page.evaluate(
      async ({ path, header, value }) =>
        fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', [header]: value }, body: '{}' }).then(
          (answer) => answer.status,
          () => 0,
        ),
      { path: AUTH_PREFIX + AUTH_PATHS.refresh, header: HEADERS.attempt, value: attempt },
    );
    statuses.push(status);
    await page.waitForTimeout(30);
  }
}

async function signUp(page: Page, port: number): Promise<void> {
  await page.goto(originOf(port) + PAGES.signUp);
  await page.fill('input[name=email]', EMAIL);
  await page.fill('input[name=password]', PASSWORD);
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL((url) => url.pathname === PAGES.verifySignIn);
  await page.fill('input[autocomplete=one-time-code]', await codeFor(port));
  await page.press('input[autocomplete=one-time-code]', 'Enter');
  await page.waitForURL((url) => url.pathname === PAGES.dashboard);
  // The dashboard refreshes by itself, with an attempt of its own: whoever else did would be a second holder.
  await page.waitForLoadState('networkidle');
  await page.goto(originOf(port) + SYSTEM.health);
}

async function codeFor(port: number): Promise<string> {
  for (const until = performance.now() + WAIT; performance.now() < until; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const inbox = await fetch(originOf(port) + PAGES.devMail, { headers: { accept: 'application/json' } });
    const mails = (await inbox.json()) as readonly { to: string; text: string }[];
    const code = mails.flatMap(({ to, text }) => (to === EMAIL ? (/\b\d{8}\b/.exec(text)?.[0] ?? []) : []))[0];
    if (code !== undefined) return code;
  }
  throw new Error('no code was mailed');
}
