import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { runPortico } from '../../test/portico-process.ts';
import { parseCommand } from '../cli.ts';
import { inspectConfig } from '../config.ts';
import { COPIES, readDockerFile } from './init/docker-files.ts';

const SECRETS = ['database_password', 'database_url', 'master_key', 'metrics_token', 'redis_url', 'smtp_url', 'valkey_conf'];

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-init-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const init = (folder: string, ...args: readonly string[]) => runPortico(['init', '--docker', ...args], {}, undefined, folder);
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
const valuesOf = (text: string) =>
  Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));

/** The environment of a node, as compose makes it, with the secrets where they lie on this side. */
function nodeEnvironment(folder: string): Record<string, string> {
  const env = valuesOf(readFileSync(join(folder, '.env'), 'utf8'));
  const compose = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: Record<string, { environment: Record<string, string> }>;
  };
  const given = Object.entries(compose.services['portico-1']?.environment ?? {}).map(([name, value]) => [
    name,
    value
      .replace(/\$\{(\w+):-([^}]*)\}/g, (_, variable: string, standard: string) => env[variable] ?? standard)
      .replace('/run/secrets', join(folder, 'secrets')),
  ]);
  const others = Object.entries(env).filter(([name]) => name.startsWith('PORTICO_'));
  return {
    NODE_ENV: 'production',
    PORTICO_HOST: '0.0.0.0',
    PORTICO_PORT: '4000',
    ...Object.fromEntries(others),
    ...Object.fromEntries(given),
  };
}

test('init --docker writes all that compose needs, and secrets that nobody else reads and that are new each time', async (t) => {
  const folders = [folderFor(t), folderFor(t)] as const;
  const made: string[][] = [];
  for (const folder of folders) {
    const { code, stdout, stderr } = await init(folder, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const told = JSON.parse(stdout) as { folder: string; made: string[]; kept: string[]; next: string[] };
    assert.deepEqual([told.folder, told.kept], [folder, []]);
    made.push(told.made);
    assert.deepEqual(filesIn(folder), [...told.made].sort());
    assert.deepEqual(
      told.made.filter((path) => !path.startsWith('secrets/')),
      [...Object.keys(COPIES), '.env'],
    );
    for (const [path, name] of Object.entries(COPIES)) assert.equal(readFileSync(join(folder, path), 'utf8'), readDockerFile(name));
    for (const path of ['secrets', 'secrets/tls']) assert.equal(statSync(join(folder, path)).mode & 0o777, 0o700, path);
    for (const path of told.made.filter((each) => each.startsWith('secrets/'))) {
      assert.equal(statSync(join(folder, path)).mode & 0o777, 0o600, path);
    }
    // Read in its container by a user of the database's own, whatever umask made it.
    assert.deepEqual(
      [statSync(join(folder, 'deploy/database')).mode & 0o777, statSync(join(folder, 'deploy/database/role.sql')).mode & 0o777],
      [0o755, 0o644],
    );
    assert.equal(readFileSync(join(folder, 'secrets', '.gitignore'), 'utf8'), '*\n');
    // Whoever made them is whom the containers run as: root gives them away.
    const { uid, gid } = statSync(join(folder, 'secrets', 'master_key'));
    assert.ok(uid > 0);
    assert.match(readFileSync(join(folder, '.env'), 'utf8'), new RegExp(`^RUN_AS=${uid}:${gid}$`, 'm'));
    const secrets = ['master_key', 'database_password', 'metrics_token'].map((name) =>
      readFileSync(join(folder, 'secrets', name), 'utf8').trim(),
    );
    for (const secret of secrets) {
      assert.ok(secret.length >= 43);
      assert.ok(!stdout.includes(secret));
      for (const path of filesIn(folder).filter((each) => !each.startsWith('secrets/'))) {
        assert.ok(!readFileSync(join(folder, path), 'utf8').includes(secret), path);
      }
    }
  }
  assert.deepEqual(made[0], made[1]);
  for (const name of SECRETS.filter((each) => each !== 'smtp_url')) {
    const [one, other] = folders.map((folder) => readFileSync(join(folder, 'secrets', name), 'utf8'));
    assert.notEqual(one, other, name);
  }
});

for (const origin of ['http://localhost:8080', 'https://auth.example.com', 'https://auth.example.com:9443', 'http://127.0.0.1']) {
  test(`what init writes for ${origin} is good for production as soon as the mail server is known`, async (t) => {
    const folder = folderFor(t);
    const { code, stderr } = await init(folder, '--origin', origin, 'new');
    assert.deepEqual([code, stderr], [0, '']);
    const place = join(folder, 'new');
    const env = nodeEnvironment(place);
    assert.throws(() => inspectConfig(env), /PORTICO_SMTP_URL_FILE: .* is empty/);
    writeFileSync(join(place, 'secrets', 'smtp_url'), 'smtp://user:password@mail.example.com:587\n');
    const config = inspectConfig(env);
    assert.deepEqual([config.origin, config.mode, config.port], [origin, 'production', 4000]);
    assert.equal(config.masterKey?.length, 32);
    assert.equal(new URL(config.databaseUrl).password, readFileSync(join(place, 'secrets', 'database_password'), 'utf8').trim());
    const conf = readFileSync(join(place, 'secrets', 'valkey_conf'), 'utf8');
    assert.ok(conf.includes(`\nrequirepass ${new URL(config.redisUrl).password}\n`));
    const said = valuesOf(readFileSync(join(place, '.env'), 'utf8'));
    const published = {
      'http://localhost:8080': ['http', '127.0.0.1:8080', '127.0.0.1:8443'],
      'https://auth.example.com': ['https', '80', '443'],
      'https://auth.example.com:9443': ['https', '80', '9443'],
      'http://127.0.0.1': ['http', '127.0.0.1:80', '127.0.0.1:8443'],
    }[origin];
    assert.deepEqual([said['PROXY'], said['HTTP_AT'], said['HTTPS_AT']], published);
  });
}

test('init overwrites nothing: it names what is there and writes not one file', async (t) => {
  const folder = folderFor(t);
  assert.equal((await init(folder)).code, 0);
  const before = new Map(filesIn(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
  // As somebody may have tidied up.
  rmSync(join(folder, 'deploy'), { recursive: true });
  const again = await init(folder);
  assert.equal(again.code, 1);
  for (const name of SECRETS) assert.ok(again.stderr.includes(`secrets/${name}`), name);
  assert.doesNotMatch(again.stderr, /compose\.yaml/);
  assert.deepEqual(
    new Map(filesIn(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8')])),
    new Map([...before].filter(([path]) => !path.startsWith('deploy/'))),
  );
});

test('a compose.yaml with the same words stays; one with others is in the way', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'compose.yaml'), readDockerFile('compose.yaml'));
  const { code, stdout } = await init(folder, '--json');
  assert.equal(code, 0);
  assert.deepEqual((JSON.parse(stdout) as { kept: string[] }).kept, ['compose.yaml']);
  const other = folderFor(t);
  writeFileSync(join(other, 'compose.yaml'), 'services: {}\n');
  const refused = await init(other);
  assert.deepEqual([refused.code, filesIn(other)], [1, ['compose.yaml']]);
  assert.match(refused.stderr, /^portico: compose\.yaml in .*: already there, and never overwritten; nothing was written\n$/);
});

test('a link where the secrets belong is not followed, and what was begun is taken back', async (t) => {
  const folder = folderFor(t);
  const elsewhere = folderFor(t);
  symlinkSync(elsewhere, join(folder, 'secrets'));
  const { code, stderr } = await init(folder);
  assert.equal(code, 1);
  assert.match(stderr, /^portico: the files cannot be made, and none was: .*secrets is no folder\n$/);
  assert.deepEqual([filesIn(folder), readdirSync(folder), filesIn(elsewhere)], [['secrets'], ['secrets'], []]);
  const file = folderFor(t);
  mkdirSync(join(file, 'secrets'), { mode: 0o777 });
  assert.equal((await init(file)).code, 0);
  for (const name of SECRETS) assert.equal(statSync(join(file, 'secrets', name)).mode & 0o777, 0o600);
});

test('init understands one folder and one origin, and only for this machine one in clear text', () => {
  const line = (...args: readonly string[]) => parseCommand(['init', ...args]);
  assert.deepEqual(line('--docker'), { kind: 'init', folder: null, origin: 'http://localhost:8080', json: false });
  assert.deepEqual(line('--docker', 'there', '--origin', 'https://auth.example.com', '--json'), {
    kind: 'init',
    folder: 'there',
    origin: 'https://auth.example.com',
    json: true,
  });
  for (const args of [
    [],
    ['there'],
    ['--docker', 'one', 'two'],
    ['--docker', '--origin', 'http://auth.example.com'],
    ['--docker', '--origin', 'https://auth.example.com/'],
    ['--docker', '--origin', 'auth.example.com'],
    ['--docker', '--origin', 'https://a.example.com', '--origin', 'https://b.example.com'],
    ['--docker', '--name', 'x'],
    ['--docker=yes'],
  ])
    assert.equal(line(...args).kind, 'bad-usage', args.join(' '));
  assert.equal(parseCommand(['start', '--docker']).kind, 'bad-usage');
});
