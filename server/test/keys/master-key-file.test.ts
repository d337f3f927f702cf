import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { listMasterKeyIds } from '../../src/keys/data-key.ts';
import { openVault } from '../../src/keys/open-vault.ts';
import { findMasterKeyFile, masterKeyIdOf, requireMasterKeyFile } from '../../src/platform/master-key.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { bareDeps } from '../bare-deps.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { runPortico } from '../portico-process.ts';

const PROCESS = fileURLToPath(new URL('rotate-process.ts', import.meta.url));
const DIE_AT = pathToFileURL(fileURLToPath(new URL('die-at.ts', import.meta.url))).href;

interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(words: readonly string[], env: Readonly<Record<string, string>>, dieAt?: string): Promise<Ran> {
  const preload = dieAt === undefined ? [] : ['--import', DIE_AT];
  const child = spawn(process.execPath, [...preload, PROCESS, ...words], {
    env: { PORTICO_LOG_LEVEL: 'silent', ...env, ...(dieAt === undefined ? {} : { DIE_AT: dieAt }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (printed.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (printed.stderr += text.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, ...printed };
}

/** A data folder with a database, and the master key that was made for it. */
async function installed(t: TestContext): Promise<{ dataDir: string; born: Buffer; env: Record<string, string> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-key-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const born = requireMasterKeyFile(dataDir);
  const env = { PORTICO_DATA_DIR: dataDir };
  assert.equal((await runPortico(['migrate'], env)).code, 0);
  const db = openDatabase({ dataDir, databaseUrl: '' });
  await bareDeps(db, { masterKey: born });
  await db.close();
  return { dataDir, born, env };
}

const keysIn = (dataDir: string) =>
  readdirSync(dataDir)
    .filter((name) => name.startsWith('master.key') && !/\.[0-9a-f]{12}$/.test(name))
    .sort();

function keyIn(dataDir: string, name: string): Buffer {
  const found = findMasterKeyFile(dataDir, name);
  if (found.kind !== 'present') throw new Error(`${name} holds no key`);
  return found.key;
}

/** Which of the keys in the folder open the database, by the names of their files; and no copy in it is for a key that nobody has. */
async function openedBy(dataDir: string): Promise<string[]> {
  const db = openDatabase({ dataDir, databaseUrl: '' });
  try {
    const opening: string[] = [];
    const ids = new Set(await listMasterKeyIds(db));
    for (const name of keysIn(dataDir)) {
      const masterKey = keyIn(dataDir, name);
      ids.delete(masterKeyIdOf(masterKey));
      const opened = await openVault({ db, now: Date.now, config: { masterKey } }).catch(() => null);
      if (opened !== null) opening.push(name);
    }
    assert.equal(ids.size, 0, 'a copy is sealed with a key that is in no file');
    return opening;
  } finally {
    await db.close();
  }
}

async function dataKeysIn(dataDir: string): Promise<number> {
  const db = openDatabase({ dataDir, databaseUrl: '' });
  const rows = await db.all('select distinct id from data_keys');
  await db.close();
  return rows.length;
}

/** Every place between two steps of the change: what a kill leaves there must open, and the command given again must end it. */
const PLACES = [
  ['before:linkSync:1', ['master.key']],
  ['after:linkSync:1', ['master.key']],
  ['before:linkSync:2', ['master.key', 'master.key.next']],
  ['after:linkSync:2', ['master.key', 'master.key.OLD', 'master.key.next']],
  ['before:renameSync:1', ['master.key', 'master.key.OLD', 'master.key.next']],
] as const;

test('a change of the generated master key that is killed between any two steps leaves keys that open, and is ended by the next', async (t) => {
  for (const [place, opening] of PLACES) {
    const { dataDir, born, env } = await installed(t);
    const old = `master.key.${masterKeyIdOf(born)}`;
    assert.equal((await run(['rotate'], env, place)).signal, 'SIGKILL', place);
    assert.deepEqual(await openedBy(dataDir), opening.map((name) => name.replace('master.key.OLD', old)).sort(), place);
    assert.ok(keyIn(dataDir, 'master.key').equals(born), `${place}: a server would start with the key of before`);

    const again = await run(['rotate'], env);
    assert.equal(again.code, 0, `${place}: ${again.stderr}`);
    assert.deepEqual(keysIn(dataDir), ['master.key', old].sort(), place);
    assert.deepEqual(await openedBy(dataDir), ['master.key', old].sort(), place);
    assert.ok(keyIn(dataDir, old).equals(born) && !keyIn(dataDir, 'master.key').equals(born));
    assert.equal(await dataKeysIn(dataDir), 2, `${place}: one data key was made, not one a try`);
    assert.equal(statSync(join(dataDir, 'master.key')).mode & 0o777, 0o600);
    for (const secret of [born, keyIn(dataDir, 'master.key')])
      for (const form of ['base64url', 'hex', 'base64'] as const) assert.ok(!(again.stdout + again.stderr).includes(secret.toString(form)));
  }
});

test('killed after the new key has its place the change is done: another waits until the one before is retired', async (t) => {
  const { dataDir, born, env } = await installed(t);
  assert.equal((await run(['rotate'], env, 'after:renameSync:1')).signal, 'SIGKILL');
  const old = `master.key.${masterKeyIdOf(born)}`;
  assert.deepEqual(await openedBy(dataDir), ['master.key', old].sort());
  const again = await run(['rotate'], env);
  assert.deepEqual([again.code, /retire-master/.test(again.stderr)], [1, true], again.stderr);
  assert.deepEqual(keysIn(dataDir), ['master.key', old].sort(), 'and no key is made for nothing');
  const retired = await run(['retire'], env);
  assert.deepEqual([retired.code, /not used everywhere yet/.test(retired.stderr)], [1, true]);
  // The doctor says what is left to do.
  const { stdout } = await runPortico(['doctor', '--json'], env);
  const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; finding: string }[] };
  assert.equal(checks.find(({ name }) => name === 'keys')?.state, 'ok');
  assert.equal(checks.find(({ name }) => name === 'secrets')?.state, 'warn');
});

test('of two commands that change the generated master key at once one does, and no key is lost', async (t) => {
  const { dataDir, born, env } = await installed(t);
  const ran = await Promise.all([run(['rotate'], env), run(['rotate'], env)]);
  for (const { code, stderr } of ran) assert.ok(code === 0 || /retire-master first/.test(stderr), stderr);
  const kinds = ran.filter(({ code }) => code === 0).map(({ stdout }) => (JSON.parse(stdout) as { kind: string }).kind);
  assert.equal(kinds.filter((kind) => kind === 'rotated').length, 1);
  assert.equal(await dataKeysIn(dataDir), 2);
  assert.ok((await openedBy(dataDir)).includes('master.key'));
  assert.ok(!keyIn(dataDir, 'master.key').equals(born));
});

forEachFreshDatabase(
  'a given master key is changed to a given one; without it, with the same or with a wrong one nothing is written',
  async (fresh, t) => {
    const { db, where } = await fresh();
    const [present, next, stranger] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    await bareDeps(db, { masterKey: present });
    const folder = mkdtempSync(join(tmpdir(), 'portico-key-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const text = (key: Buffer) => key.toString('base64url');
    const base = { PORTICO_DATA_DIR: where.dataDir || folder, PORTICO_DATABASE_URL: where.databaseUrl };
    const look = async () => JSON.stringify([await db.all('select * from data_keys'), await db.all('select id from events')]);
    const before = await look();
    for (const [settings, sentence] of [
      [{ PORTICO_MASTER_KEY: text(present) }, /^portico: PORTICO_NEXT_MASTER_KEY is missing/],
      [
        { PORTICO_MASTER_KEY: text(present), PORTICO_NEXT_MASTER_KEY: text(present) },
        /^portico: PORTICO_NEXT_MASTER_KEY is the key that is in use/,
      ],
      [{ PORTICO_MASTER_KEY: text(stranger), PORTICO_NEXT_MASTER_KEY: text(next) }, /^portico: the keys in the database do not open/],
    ] as const) {
      const refused = await runPortico(['keys', 'rotate-master'], { ...base, ...settings });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, sentence);
      assert.match(refused.stderr, /^[^\n]+\n$/, 'in one sentence');
    }
    assert.equal(await look(), before);

    const file = join(folder, 'next');
    writeFileSync(file, `${text(next)}\n`, { mode: 0o600 });
    const env = { ...base, PORTICO_MASTER_KEY: text(present), PORTICO_NEXT_MASTER_KEY_FILE: file };
    const done = await runPortico(['keys', 'rotate-master', '--json'], env);
    assert.equal(done.code, 0, done.stderr);
    const said = JSON.parse(done.stdout) as { kind: string; masterKeyId: string; dataKeyId: number; currentFrom: number };
    assert.deepEqual([said.kind, said.masterKeyId, said.dataKeyId], ['rotated', masterKeyIdOf(next), 1]);
    assert.ok(said.currentFrom - Date.now() > 30_000);
    for (const secret of [present, next]) assert.ok(!(done.stdout + done.stderr + (await look())).includes(text(secret)));
    const vault = await openVault({ db, now: Date.now, config: { masterKey: next } });
    assert.deepEqual(
      vault.dataKeys().map(({ id }) => id),
      [0, 1],
    );
    const events = await db.all("select action, user_agent from events where action = 'master_key.rotated'");
    assert.deepEqual(
      events.map((row) => ({ ...row })),
      [{ action: 'master_key.rotated', user_agent: 'portico' }],
    );
    assert.deepEqual(
      readdirSync(base.PORTICO_DATA_DIR).filter((name) => name.startsWith('master.key')),
      [],
      'no key is written to a file',
    );
  },
);
