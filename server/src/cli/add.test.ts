import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { OAUTH } from '@portico/protocol/routes';
import { type FreshDatabase, forEachFreshDatabase } from '../../test/databases.ts';
import { type Ended, runPortico, startPortico } from '../../test/portico-process.ts';
import { parseCommand } from '../cli.ts';
import { isAuthenticationSecret } from '../clients/client-secret.ts';
import { FRAMEWORKS } from '../clients/snippets.ts';
import { tokenHash } from '../platform/crypto.ts';
import { SQLITE_FILE } from '../platform/sqlite-file.ts';
import { findPortico, folderOfCaller, PORTICO_FOLDER } from './add/find-portico.ts';
import { linesFor } from './add/snippets.ts';

interface AppFolder {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  add(...args: string[]): Promise<Ended>;
  json(...args: string[]): Promise<Record<string, unknown>>;
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-add-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An app with these dependencies, beside a Portico on that database. */
function appAt({ where }: FreshDatabase, t: TestContext, ...dependencies: string[]): AppFolder {
  const folder = newFolder(t);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'notes', dependencies: Object.fromEntries(dependencies.map((name) => [name, '1'])) }),
  );
  const env = {
    ...(where.databaseUrl === '' ? { PORTICO_DATA_DIR: where.dataDir } : { PORTICO_DATABASE_URL: where.databaseUrl }),
    PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
  };
  const add = (...args: string[]) => runPortico(['add', ...args], env, undefined, folder);
  return {
    folder,
    env,
    add,
    json: async (...args) => {
      const { code, stdout, stderr } = await add(...args, '--json');
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^\{[^\n]*\}\n$/);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
  };
}

const clientsOf = async ({ db }: FreshDatabase) =>
  db.all(
    "select id, kind, origins, redirect_uris, post_logout_uris, backchannel_logout_uri from clients where id <> 'portico' order by id",
  );

test('bad usage of add is told in one line that says what is missing', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /needs the address/],
    [[''], /needs the address/],
    [['localhost:5173'], /write it whole/],
    [['5173'], /write it whole/],
    [['ftp://localhost'], /write it whole/],
    [['http://localhost:5173/app'], /must be an origin/],
    [['http://localhost:5173?x'], /must be an origin/],
    [['http://app.example.com'], /must use https/],
    [['http://a@localhost:5173'], /name or a password/],
    [['http://localhost:99999'], /must be an absolute address/],
    [['http://localhost:5173', 'more'], /unexpected "more"/],
    [['http://localhost:5173', '--kind', 'native'], /--kind is one of spa, web/],
    [['http://localhost:5173', '--name', 'a', '--name', 'b'], /--name came more than once/],
    [['http://localhost:5173', '--force'], /unknown option/i],
    [['http://localhost:5173', '--redirect-uri', 'x'], /takes no --redirect-uri/],
  ];
  for (const [args, sentence] of wrong) {
    const parsed = parseCommand(['add', ...args]);
    assert.match(parsed.kind === 'bad-usage' ? parsed.problem : 'understood', sentence, args.join(' '));
    assert.doesNotMatch(parsed.kind === 'bad-usage' ? parsed.problem : '', /\n/);
  }
  const parsed = parseCommand([
    'add',
    'http://localhost:5173/',
    '--kind',
    'web',
    '--id',
    'a',
    '--name',
    'A',
    '--data-dir',
    'd',
    '--dry-run',
  ]);
  assert.deepEqual(parsed, {
    kind: 'add',
    origin: 'http://localhost:5173',
    wanted: { kind: 'web', name: 'A' },
    id: 'a',
    dataDir: 'd',
    dryRun: true,
    json: false,
  });
});

forEachFreshDatabase(
  'an app without a backend is registered with its origin and no secret, and nothing is written into its folder',
  async (fresh, t) => {
    const database = await fresh();
    const app = appAt(database, t, 'vite', 'react');
    const made = await app.json('http://localhost:5173');
    assert.match(String(made['client_id']), /^notes-[0-9a-f]{10}$/);
    assert.deepEqual([made['kind'], made['framework'], made['registered'], made['client_secret_file']], ['spa', 'react', true, null]);
    assert.deepEqual(
      (await clientsOf(database)).map((row) => ({ ...row })),
      [
        {
          id: made['client_id'],
          kind: 'spa',
          origins: '["http://localhost:5173"]',
          redirect_uris: '["http://localhost:5173/"]',
          post_logout_uris: '["http://localhost:5173/"]',
          backchannel_logout_uri: null,
        },
      ],
    );
    assert.deepEqual(readdirSync(app.folder), ['package.json']);
  },
);

forEachFreshDatabase('a site with a backend gets its secret into a file, and no answer shows it', async (fresh, t) => {
  const database = await fresh();
  const app = appAt(database, t, 'fastify');
  const { code, stdout } = await app.add('http://notes.localhost:4001', '--id', 'notes', '--name', 'My Notes');
  assert.equal(code, 0);
  const secret = readFileSync(join(app.folder, '.portico', 'notes.secret'), 'utf8').trim();
  assert.ok(await isAuthenticationSecret(database.db, 'notes', tokenHash(secret), Date.now()));
  assert.ok(!stdout.includes(secret));
  assert.equal(readFileSync(join(app.folder, '.gitignore'), 'utf8'), '.portico/\n');
  const [row] = await clientsOf(database);
  assert.deepEqual(
    [row?.['redirect_uris'], row?.['post_logout_uris'], row?.['backchannel_logout_uri']],
    // Portico calls the last one itself, and only browsers know *.localhost.
    ['["http://notes.localhost:4001/auth/callback"]', '["http://notes.localhost:4001/"]', 'http://127.0.0.1:4001/auth/backchannel-logout'],
  );
  assert.match(stdout, /^registered My Notes \(web, fastify\) at http:\/\/localhost:4000, (SQLite in|PostgreSQL at) /);
  assert.match(stdout, /--- server\.mjs\n/);
  for (const line of [
    "issuer: 'http://localhost:4000'",
    "clientId: 'notes'",
    "baseUrl: 'http://notes.localhost:4001'",
    "clientSecretFile: '.portico/notes.secret'",
  ])
    assert.ok(stdout.includes(line), `${line} in ${stdout}`);
  const events = await database.db.all("select action, user_agent from events where client_id = 'notes'");
  assert.deepEqual(
    events.map((event) => [event['action'], event['user_agent']]),
    [['client.added', 'portico']],
  );
});

forEachFreshDatabase(
  'adding again changes nothing and prints the lines again, at once or later, also where the secret is lost',
  async (fresh, t) => {
    const database = await fresh();
    const app = appAt(database, t, 'express');
    const many = await Promise.all(Array.from({ length: 4 }, () => app.json('http://localhost:3000')));
    assert.equal(new Set(many.map((one) => one['client_id'])).size, 1);
    assert.deepEqual(many.filter((one) => one['registered']).length, 1);
    const id = String(many[0]?.['client_id']);
    assert.deepEqual(readdirSync(join(app.folder, '.portico')), [`${id}.secret`]);
    const again = await app.add('http://localhost:3000/');
    assert.match(again.stdout, /is registered already .*; nothing was changed\n/);
    assert.ok(again.stdout.includes(`clientId: '${id}'`));
    assert.match(
      (await app.add('http://localhost:3000', '--kind', 'spa')).stderr,
      /^portico: .* is registered already, as notes-\w+ \(web\)/,
    );
    assert.equal((await app.add('http://localhost:3000', '--id', 'other')).code, 1);
    rmSync(join(app.folder, '.portico'), { recursive: true });
    assert.match((await app.add('http://localhost:3000')).stdout, new RegExp(`not in this folder: portico client rotate-secret ${id}`));
    assert.equal((await clientsOf(database)).length, 1);
  },
);

forEachFreshDatabase(
  'where the secret cannot be kept nothing is registered, and where nothing is registered no secret is kept',
  async (fresh, t) => {
    const database = await fresh();
    const app = appAt(database, t, 'hono');
    const secret = join(app.folder, '.portico', 'notes.secret');
    mkdirSync(join(app.folder, '.portico'));
    writeFileSync(secret, 'theirs\n');
    const refused = await app.add('http://localhost:3000', '--id', 'notes');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /^portico: the secret cannot be kept, so nothing was registered: EEXIST[^\n]*\n$/);
    assert.deepEqual(await clientsOf(database), []);
    assert.deepEqual([readFileSync(secret, 'utf8'), existsSync(join(app.folder, '.gitignore'))], ['theirs\n', false]);

    rmSync(join(app.folder, '.portico'), { recursive: true });
    assert.match((await app.add('http://localhost:4000')).stderr, /Portico's own/);
    assert.equal((await app.add('http://localhost:3000', '--id', 'portico')).code, 1);
    for (const [option, value] of [
      ['--name', ' padded'],
      ['--id', 'a/../b'],
    ] as const)
      assert.equal((await app.add('http://localhost:3000', option, value)).code, 2, option);
    assert.deepEqual(await clientsOf(database), []);
    assert.deepEqual(readdirSync(app.folder), ['package.json']);
  },
);

forEachFreshDatabase('--dry-run says what would be done, and does nothing', async (fresh, t) => {
  const database = await fresh();
  const app = appAt(database, t, 'fastify');
  const planned = await app.add('http://localhost:3000', '--dry-run');
  assert.match(planned.stdout, /^would register notes \(web, fastify\) .*redirect URI {3}http:\/\/localhost:3000\/auth\/callback/s);
  assert.deepEqual([await clientsOf(database), readdirSync(app.folder)], [[], ['package.json']]);
});

forEachFreshDatabase('a server that runs knows the app without a restart', async (fresh, t) => {
  const database = await fresh();
  const app = appAt(database, t, 'vite');
  const portico = await startPortico({ ...app.env, PORTICO_DATA_DIR: database.where.dataDir || newFolder(t) });
  t.after(() => portico.end());
  const ask = async () => {
    const query = new URLSearchParams({
      client_id: 'notes',
      redirect_uri: 'http://localhost:5173/',
      response_type: 'code',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      state: 's',
    });
    const { status, headers } = await fetch(`${portico.origin}${OAUTH.authorize}?${query}`, { redirect: 'manual' });
    return `${status} ${headers.get('location') ?? ''}`;
  };
  assert.match(await ask(), /^400 /);
  await app.json('http://localhost:5173', '--id', 'notes');
  assert.match(await ask(), /^30\d .*\/login/);
});

test('the database is the one of the settings, of --data-dir, of this folder or of the folder of Portico; none is made', async (t) => {
  const [folder, other] = [newFolder(t), newFolder(t)];
  const at = (env: Record<string, string>, dataDir: string | null = null, current = folder) =>
    findPortico({ env, current, folder }, dataDir)['PORTICO_DATA_DIR'];
  const data = join(folder, 'portico-data');
  for (const made of [data, join(folder, 'mine')]) {
    mkdirSync(made);
    writeFileSync(join(made, SQLITE_FILE), '');
  }
  assert.equal(at({}), data);
  assert.equal(at({ PORTICO_DATA_DIR: './mine' }), join(folder, 'mine'));
  assert.equal(at({ PORTICO_DATA_DIR: other }, 'mine'), join(folder, 'mine'));
  assert.equal(at({ PORTICO_DATABASE_URL: 'postgres://localhost/portico' }), undefined);
  assert.throws(() => at({ PORTICO_DATABASE_URL: 'postgres://localhost/portico' }, 'mine'), /name two databases/);
  for (const wrong of [() => at({ PORTICO_DATA_DIR: other }), () => at({}, 'none')])
    assert.throws(wrong, /there is no Portico in .*npm start/);
  writeFileSync(join(other, 'package.json'), '{"dependencies":{"vite":"8"}}');
  const told = await runPortico(['add', 'http://localhost:5173', '--data-dir', 'none'], {}, undefined, other);
  assert.deepEqual([told.code, readdirSync(other)], [1, ['package.json']]);

  // npm starts a program in the folder of its package, and says from where.
  assert.equal(folderOfCaller({ INIT_CWD: other }, PORTICO_FOLDER), other);
  assert.equal(folderOfCaller({ INIT_CWD: other }, folder), folder);
  assert.equal(folderOfCaller({}, PORTICO_FOLDER), PORTICO_FOLDER);
  const own = await runPortico(['add', 'http://localhost:5173'], {}, undefined, PORTICO_FOLDER);
  assert.deepEqual([own.code, own.stdout], [2, '']);
  assert.match(own.stderr, /Portico's own folder/);
});

test('every framework has lines, with the names of the app in place of those of the example', () => {
  const values = {
    issuer: 'https://auth.example.org',
    clientId: 'space-snake',
    baseUrl: "https://it's.example.org",
    clientSecretFile: '.portico/space-snake.secret',
  };
  for (const framework of FRAMEWORKS) {
    const kind = ['vite', 'react', 'svelte'].includes(framework) ? 'spa' : 'web';
    const lines = linesFor({ framework, kind, name: 'x', typed: false, modules: true }, values);
    const text = lines.map(({ text }) => text).join('\n');
    assert.match(text, /issuer: 'https:\/\/auth\.example\.org'/, framework);
    assert.match(text, /clientId: 'space-snake'/, framework);
    assert.doesNotMatch(text, /localhost|'notes'|from '\.[^']*\.ts/, framework);
    if (kind === 'web')
      assert.match(text, /clientSecretFile: '\.portico\/space-snake\.secret'[\s\S]*|baseUrl: 'https:\/\/it\\'s/, framework);
    for (const { put } of lines) assert.doesNotMatch(put, /\.tsx?$/, framework);
  }
});
