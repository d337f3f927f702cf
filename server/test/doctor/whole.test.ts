import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PrintedCheck } from '../../src/cli/check.ts';
import { CHECK_NAMES } from '../../src/cli/check-names.ts';
import { insertClient } from '../../src/clients/client.ts';
import { queueLetter } from '../../src/mail/outbox.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { bareDeps } from '../bare-deps.ts';
import { forEachFreshDatabase, freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { startFreezableProxy } from '../freezable-proxy.ts';
import { listeningSite } from '../listening-site.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { allTables } from '../schema.ts';
import { startSilentServer, startSmtpCatcher } from '../smtp-catcher.ts';

/** The command as people run it. */

const MASTER_KEY = '07'.repeat(16) + '8f3a1c5e7b9d2f406183a5c7e9fb0d2e';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function run(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const begun = performance.now();
  const { code, stdout, stderr } = await runPortico(['doctor', '--json', ...args], env);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly PrintedCheck[] };
  return { code, stdout, stderr, checks, took: performance.now() - begun };
}

const stateOf = (checks: readonly PrintedCheck[], name: string) => checks.find((check) => check.name === name)?.state;

test('every check says to which part it belongs, in one order, and --only runs one part alone', async (t) => {
  const env = { PORTICO_DATA_DIR: folderFor(t) };
  const { code, checks } = await run(env);
  assert.equal(code, 0);
  const order = checks.map(({ part }) => CHECK_NAMES.indexOf(part));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  for (const check of checks) {
    assert.deepEqual(
      Object.keys(check).filter((key) => !['part', 'name', 'state', 'finding', 'fix'].includes(key)),
      [],
    );
  }
  const alone = await run(env, '--only', 'cookies');
  assert.deepEqual([...new Set(alone.checks.map(({ part }) => part))], ['cookies']);
  const unknown = await runPortico(['doctor', '--only', 'weather'], env);
  assert.deepEqual([unknown.code, unknown.stderr.includes('--only needs the name of a part: settings, machine, dns')], [2, true]);
  const wrong = await run({ ...env, PORTICO_PORT: 'x', PORTICO_CODE_LIFE: 'y' });
  assert.deepEqual(
    [wrong.code, wrong.checks.length, wrong.checks.every(({ part, state }) => part === 'settings' && state === 'fail')],
    [1, 2, true],
  );
});

test('with every service silent the command still ends, and names each of them', async (t) => {
  if (await skippedWithoutPostgres(t)) return;
  const fresh = await freshDatabase('postgres');
  t.after(() => fresh.drop());
  const url = new URL(fresh.where.databaseUrl);
  const wire = await startFreezableProxy({ host: url.hostname, port: Number(url.port) });
  t.after(() => wire.close());
  wire.freeze();
  const silent = await startSilentServer();
  t.after(() => silent.close());
  url.port = String(wire.port);
  const { code, checks, took } = await run({
    PORTICO_DATA_DIR: folderFor(t),
    PORTICO_DATABASE_URL: url.href,
    PORTICO_MASTER_KEY: MASTER_KEY,
    PORTICO_REDIS_URL: `redis://127.0.0.1:${silent.port}`,
    PORTICO_SMTP_URL: `smtp://127.0.0.1:${silent.port}`,
    PORTICO_GOOGLE_CLIENT_ID: 'ours',
    PORTICO_GOOGLE_CLIENT_SECRET: 'canary',
    PORTICO_GOOGLE_ISSUER: `http://127.0.0.1:${silent.port}`,
  });
  assert.equal(code, 1);
  for (const name of ['database', 'redis', 'mail', 'provider Google']) assert.equal(stateOf(checks, name), 'fail', name);
  assert.equal(stateOf(checks, 'sites'), 'warn');
  assert.equal(stateOf(checks, 'cookies'), 'ok');
  // Far above the ten seconds that it may take, and far below any hang.
  assert.ok(took < 60_000, `${took} ms`);
});

forEachFreshDatabase(
  'it changes nothing, sends nothing and tells no secret; letters that wait too long are a warning',
  async (fresh, t) => {
    const { db, where } = await fresh();
    const site = await listeningSite();
    t.after(() => site.close());
    const mail = await startSmtpCatcher({
      disabledCommands: ['STARTTLS'],
      onAuth: (auth, _session, done) => done(null, { user: auth.username }),
    });
    t.after(() => mail.close());
    const env = {
      PORTICO_DATA_DIR: where.dataDir || folderFor(t),
      PORTICO_DATABASE_URL: where.databaseUrl,
      PORTICO_MASTER_KEY: MASTER_KEY,
      PORTICO_SMTP_URL: `smtp://ada:canary-pass@127.0.0.1:${mail.port}`,
      PORTICO_REDIS_URL: `redis://:canary-redis@127.0.0.1:${await freePort()}`,
      PORTICO_GITHUB_CLIENT_ID: 'ours',
      PORTICO_GITHUB_CLIENT_SECRET: 'canary-github',
      PORTICO_GITHUB_URL: `http://127.0.0.1:${await freePort()}`,
    };
    await insertClient(db, { id: 'shop', name: 'Shop', kind: 'web', backchannelLogoutUri: site.uri }, Date.now());
    const { deps } = await bareDeps(db, { masterKey: Buffer.from(MASTER_KEY, 'hex'), smtpUrl: 'smtp://127.0.0.1:9' });
    const letter = { to: 'ada@example.com', subject: 'x', text: 'canary-letter', html: '' };
    await db.transaction((tx) => queueLetter(tx, { ...deps, now: () => Date.now() - 16 * 60_000 }, letter));
    const everything = async () => {
      const other = openDatabase(where);
      try {
        const tables: unknown[] = [];
        for (const table of allTables()) tables.push([table, await other.all(`select * from ${table}`)]);
        return JSON.stringify(tables);
      } finally {
        await other.close();
      }
    };
    const before = await everything();
    const { checks, stdout, stderr } = await run(env);
    assert.equal(await everything(), before);
    assert.deepEqual([mail.letters.length, site.heard.map((form) => [...form.keys()])], [0, [[]]]);
    assert.doesNotMatch(stdout + stderr, new RegExp(`canary|${MASTER_KEY}`));
    assert.match(
      checks.find(({ name }) => name === 'outbox')?.finding ?? '',
      /^1 letters wait, the oldest for 1[67] minutes; 0 were given up/,
    );
    assert.equal(stateOf(checks, 'outbox'), 'warn');
    assert.equal(stateOf(checks, 'mail sender'), 'ok');
  },
);
