import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from './config/environment.ts';
import { ALL_SETTINGS, ConfigProblems, explainConfig, readConfig, SETTINGS } from './config.ts';
import { findMasterKeyFile } from './platform/master-key.ts';

const KEY = 'mZ3n5x0q1T7bP9rKd2uVfYcWgA8sHjLe4iOoXwBNv6E';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function problemsOf(env: Environment): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems;
    throw error;
  }
  return [];
}

test('an empty environment is a working development set-up on this machine', (t) => {
  const config = readConfig({ PORTICO_DATA_DIR: folderFor(t) });
  assert.equal(config.mode, 'development');
  assert.equal(config.origin, 'http://localhost:4000');
  assert.deepEqual([config.appOrigin, config.apiOrigin], [config.origin, config.origin]);
  assert.deepEqual([config.host, config.port], ['127.0.0.1', 4000]);
  assert.deepEqual(
    [config.accessTokenLife, config.sessionLife, config.unverifiedLife, config.codeLife],
    [300_000, 2_592_000_000, 43_200_000, 600_000],
  );
  assert.deepEqual([config.passwordMin, config.logLevel, config.mailFrom], [15, 'warn', 'Portico <no-reply@localhost>']);
});

test('every problem of a hopeless environment is told at once, and nothing is made', (t) => {
  const dataDir = join(folderFor(t), 'new');
  const problems = problemsOf({
    NODE_ENV: 'production',
    PORTICO_DATA_DIR: dataDir,
    PORTICO_ORIGIN: 'http://auth.example.com',
    PORTICO_APP_ORIGIN: 'https://app.example.net',
    PORTICO_PORT: 'tcp://10.0.0.1:4000',
    PORTICO_SERVICE_HOST: '10.0.0.1',
    PORTICO_DATABASE_URL: 'postgres://u:p@db/portico',
    PORTICO_STATIC_DIR: '/does/not/exist',
    PORTICO_TRUSTED_PROXIES: '0.0.0.0/0',
    PORTICO_ACCESS_TOKEN_LIFE: '1h',
    PORTICO_PASSWORD_MIN: '7',
    PORTICO_SIGNUP: 'maybe',
    PORTICO_SIGNUP_DOMAINS: 'example.com, *.example.com',
    PORTICO_DEMO: 'on',
    PORTICO_ORIGN: 'https://x.example.com',
    PORTICO_MAIL_FROM: 'a@b.c, d@e.f',
  });
  const expected = [
    /^PORTICO_PORT must be a whole number/,
    /^PORTICO_MAIL_FROM must be one address/,
    /^PORTICO_ACCESS_TOKEN_LIFE must be a duration from 2m to 15m/,
    /^PORTICO_SIGNUP must be open \| invite \| closed/,
    /^PORTICO_SIGNUP_DOMAINS must be a list of domains/,
    /^PORTICO_PASSWORD_MIN must be a whole number from 8/,
    /^PORTICO_STATIC_DIR must be/,
    /^PORTICO_ORIGN is not a setting: did you mean PORTICO_ORIGIN\?/,
    /^PORTICO_SERVICE_HOST: Kubernetes/,
    /^PORTICO_APP_ORIGIN .* is not on the same site/,
    /^PORTICO_ORIGIN .* must be https in production/,
    /^PORTICO_SMTP_URL is missing/,
    /^PORTICO_MASTER_KEY is missing/,
    /^PORTICO_TRUSTED_PROXIES trusts the whole internet/,
    /^PORTICO_DEMO is on: in production/,
  ];
  for (const pattern of expected)
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${pattern} in\n${problems.join('\n')}`,
    );
  assert.equal(problems.length, expected.length, problems.join('\n'));
  assert.ok(!existsSync(dataDir));
});

test('a complete production environment is taken', (t) => {
  const config = readConfig({
    NODE_ENV: 'production',
    PORTICO_DATA_DIR: folderFor(t),
    PORTICO_ORIGIN: 'https://Example.com/',
    PORTICO_APP_ORIGIN: 'https://app.example.com:443',
    PORTICO_API_ORIGIN: 'https://api.example.com:8443',
    PORTICO_ASSET_BASE: 'https://cdn.example.net',
    PORTICO_DATABASE_URL: 'postgres://u:p@db/portico',
    PORTICO_SMTP_URL: 'smtps://u:p%40ss@mail.example.com',
    PORTICO_MASTER_KEY: KEY,
    PORTICO_SIGNUP: 'invite',
    PORTICO_SIGNUP_DOMAINS: 'Example.com BÜCHER.example',
    PORTICO_TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.7 fd00::/8,::1',
  });
  assert.deepEqual(
    [config.origin, config.appOrigin, config.apiOrigin],
    ['https://example.com', 'https://app.example.com', 'https://api.example.com:8443'],
  );
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '192.168.1.7/32', 'fd00::/8', '::1/128']);
  assert.deepEqual([config.signup, config.signupDomains], ['invite', ['example.com', 'bücher.example']]);
  assert.equal(config.masterKey.toString('base64url'), KEY);
  assert.deepEqual([config.logLevel, config.mailFrom], ['info', 'Portico <no-reply@example.com>']);
});

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  PORTICO_ORIGIN: [
    'auth.example.com',
    'ftp://auth.example.com',
    'javascript:alert(1)',
    'https://auth.example.com/path',
    'https://auth.example.com?x',
    'https://auth.example.com#x',
    'https://user:pass@auth.example.com',
    'https://good.example\\@evil.example',
    'https://*.example.com',
    'https://a_b.example.com',
    'https://auth.example.com.',
    'https://exa mple.com',
    'https://auth.example.com\n',
    'https://-x.example.com',
    'https://auth.example.com:99999',
    '//auth.example.com',
    'null',
  ],
  PORTICO_ASSET_BASE: ['https://cdn.example.com/folder', 'cdn.example.com'],
  PORTICO_HOST: ['http://0.0.0.0', '0.0.0.0:4000', 'a b'],
  PORTICO_DATABASE_CONNECTIONS: ['0', '1', '501', '-5', '2.5', 'ten'],
  PORTICO_DRAIN_DELAY: ['5s', '1m', '-1s', '2', '500ms', 'soon'],
  PORTICO_PORT: ['0', '-1', '65536', '4000.5', '0x10', '4e3', 'NaN', ' 4000'],
  PORTICO_DATABASE_URL: ['mysql://u@h/d', 'portico.sqlite', 'postgres://h/d x'],
  PORTICO_REDIS_URL: ['localhost:6379', 'http://127.0.0.1:6379', 'redis://', 'redis://a b:6379'],
  PORTICO_SMTP_URL: [
    'mail.example.com',
    'http://mail.example.com',
    'smtp://',
    'smtp://user@mail.example.com',
    'smtp://mail.example.com/path',
    'smtp://mail.example.com?tls.rejectUnauthorized=false',
    'smtp://mail.example.com?tls=never',
    'smtp://mail.example.com?tls=none&tls=required',
    'smtps://mail.example.com?tls=none',
    'smtp://u:%ff@mail.example.com',
    'smtp://mail.example.com\r\nRCPT TO:<evil@example.com>',
    'smtp://mail%0d%0a.example.com',
  ],
  PORTICO_MAIL_FROM: [
    'nobody',
    'a@b@c',
    'a@b.c, d@e.f',
    'Portico <a@b.c> <d@e.f>',
    'Po\r\nBcc: x <a@b.c>',
    '"a@b" <c@d.e>',
    'group: a@b.c;',
    'a＠b@c.d',
  ],
  PORTICO_MASTER_KEY: ['short', 'a'.repeat(64), '0'.repeat(43), `${KEY}AA`, `${KEY} `, 'changeme'.repeat(8)],
  PORTICO_ACCESS_LOG: ['yes', 'true', 'ON', '1'],
  PORTICO_METRICS_TOKEN: ['short', 'x'.repeat(31), 'x'.repeat(513), `${'x'.repeat(32)} y`, `${'x'.repeat(32)}\u00e4`],
  PORTICO_NEXT_MASTER_KEY: ['short', 'a'.repeat(64), '0'.repeat(43), `${KEY}AA`, 'changeme'.repeat(8)],
  PORTICO_OUTGOING_NETWORKS: ['10.0.0.0/33', 'example.com', '10.1', '*'],
  PORTICO_TRUSTED_PROXIES: ['10.0.0.0/33', 'example.com', '10.1', '0x7f000001', '10.0.0.1/', 'all'],
  PORTICO_ACCESS_TOKEN_LIFE: ['1m', '119s', '16m', '0', '5', '5 m', '-5m', '5min', '300000', '1e9m'],
  PORTICO_SESSION_LIFE: ['59m', '401d', '30D'],
  PORTICO_SESSION_IDLE: ['14m', '401d'],
  PORTICO_UNVERIFIED_LIFE: ['9m', '49h'],
  PORTICO_CODE_LIFE: ['1m', '31m'],
  PORTICO_SIGNUP: ['yes', 'Open', 'invited', 'open closed'],
  PORTICO_SIGNUP_DOMAINS: ['example', '@example.com', '*.example.com', 'example.com;evil.example', '-a.example', 'a..example', 'exam ple'],
  PORTICO_PASSWORD_MIN: ['7', '65', '15.5', 'fifteen'],
  PORTICO_EVENT_LIFE: ['6d', '3651d', 'ever'],
  PORTICO_STATIC_DIR: ['/does/not/exist', process.execPath],
  PORTICO_DEMO: ['yes', 'ON', '1'],
  PORTICO_LOG_LEVEL: ['verbose', 'INFO', '__proto__'],
  NODE_ENV: ['prod', 'Production', 'constructor'],
};

for (const [name, values] of Object.entries(REFUSED)) {
  test(`${name} refuses what is not one`, (t) => {
    for (const value of values) {
      const problems = problemsOf({ PORTICO_DATA_DIR: folderFor(t), [name]: value });
      assert.equal(problems.length, 1, `${name}=${JSON.stringify(value)}: ${problems.join(' | ')}`);
      assert.ok(problems[0]?.startsWith(`${name} `), problems.join());
    }
  });
}

test('there is a hostile value in this file for every setting that can be wrong by itself', () => {
  const names = Object.values(SETTINGS).map((setting) => setting.name);
  assert.deepEqual(
    names.filter((name) => !(name in REFUSED)),
    ['PORTICO_APP_ORIGIN', 'PORTICO_API_ORIGIN', 'PORTICO_DATA_DIR'],
  );
});

test('every setting is also read from the file that NAME_FILE names, without its last line end', (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'smtp');
  for (const ending of ['', '\n', '\r\n']) {
    writeFileSync(file, `smtp://u:p@127.0.0.1:2525${ending}`);
    assert.equal(readConfig({ PORTICO_DATA_DIR: folder, PORTICO_SMTP_URL_FILE: file }).smtpUrl, 'smtp://u:p@127.0.0.1:2525');
  }
  const names = Object.values(SETTINGS).map((setting) => setting.name);
  for (const name of names.filter((each) => each !== 'NODE_ENV')) {
    const problems = problemsOf({
      PORTICO_DATA_DIR: folder,
      [`${name}_FILE`]: join(folder, 'missing'),
      ...(name === 'PORTICO_DATA_DIR' ? { PORTICO_DATA_DIR: '' } : {}),
    });
    assert.ok(problems.includes(`${name}_FILE: ${join(folder, 'missing')} cannot be read (ENOENT)`), problems.join(' | '));
  }
});

test('NAME and NAME_FILE together are a problem, even when they agree; an empty file is one too', (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'port');
  writeFileSync(file, '4000\n');
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR: folder, PORTICO_PORT: '4000', PORTICO_PORT_FILE: file }), [
    'PORTICO_PORT and PORTICO_PORT_FILE are both given: keep one',
  ]);
  writeFileSync(file, '\n');
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR: folder, PORTICO_PORT_FILE: file }), [`PORTICO_PORT_FILE: ${file} is empty`]);
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR: folder, PORTICO_PORT: '', PORTICO_PORT_FILE: '' }), []);
});

test('the three origins must be one site', (t) => {
  const PORTICO_DATA_DIR = folderFor(t);
  const sameSite = (a: string, b: string) =>
    problemsOf({ PORTICO_DATA_DIR, PORTICO_SMTP_URL: 'smtp://localhost', PORTICO_ORIGIN: a, PORTICO_API_ORIGIN: b }).length === 0;
  const one = [
    ['https://example.com', 'https://api.example.com'],
    ['https://auth.example.com', 'https://api.example.com'],
    ['http://example.localhost:4000', 'http://api.example.localhost:4001'],
    ['http://localhost:4000', 'http://localhost:4001'],
    ['https://a.example.co.uk', 'https://b.example.co.uk'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4001'],
  ] as const;
  const two = [
    ['https://example.com', 'http://api.example.com'],
    ['https://example.com', 'https://example.net'],
    ['https://notexample.com', 'https://example.com'],
    ['http://app.localhost', 'http://api.localhost'],
    ['https://a.co.uk', 'https://b.co.uk'],
    ['https://ada.github.io', 'https://eve.github.io'],
    ['http://127.0.0.1', 'http://127.0.0.2'],
    ['http://10.0.0.1', 'http://9.0.0.1'],
    ['http://127.0.0.1', 'http://localhost'],
  ] as const;
  for (const [a, b] of one) assert.ok(sameSite(a, b), `${a} and ${b} are one site`);
  for (const [a, b] of two) assert.ok(!sameSite(a, b), `${a} and ${b} are two sites`);
});

test('production takes http only on loopback, for every origin', (t) => {
  const production = { NODE_ENV: 'production', PORTICO_DATA_DIR: folderFor(t), PORTICO_SMTP_URL: 'smtp://localhost' };
  for (const host of ['localhost:4000', 'x.localhost', '127.0.0.1:4000', '127.9.9.9', '[::1]:4000']) {
    assert.deepEqual(problemsOf({ ...production, PORTICO_ORIGIN: `http://${host}` }), [], host);
  }
  for (const host of ['example.com', '10.0.0.1', '128.0.0.1', 'localhost.example.com', 'notlocalhost', '[::2]', '[::ffff:7f00:1]']) {
    assert.equal(problemsOf({ ...production, PORTICO_ORIGIN: `http://${host}` }).length, 1, host);
  }
  assert.equal(problemsOf({ ...production, PORTICO_ASSET_BASE: 'http://cdn.example.com' }).length, 1);
});

test('a public address in development without a mail server would show codes to strangers, and is refused', (t) => {
  const PORTICO_DATA_DIR = folderFor(t);
  assert.match(problemsOf({ PORTICO_DATA_DIR, PORTICO_ORIGIN: 'https://auth.example.com' }).join(), /^NODE_ENV is development/);
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR, PORTICO_ORIGIN: 'https://auth.example.com', PORTICO_SMTP_URL: 'smtp://localhost' }), []);
});

test('the port follows an origin on this machine, and the origin follows the port', (t) => {
  const PORTICO_DATA_DIR = folderFor(t);
  assert.equal(readConfig({ PORTICO_DATA_DIR, PORTICO_ORIGIN: 'http://localhost:5123' }).port, 5123);
  assert.equal(readConfig({ PORTICO_DATA_DIR, PORTICO_PORT: '5123' }).origin, 'http://localhost:5123');
  assert.equal(readConfig({ PORTICO_DATA_DIR, PORTICO_ORIGIN: 'http://example.test:5123' }).port, 4000);
});

test('the demo runs in development on this machine, unless it is turned off; elsewhere it is refused', (t) => {
  const PORTICO_DATA_DIR = folderFor(t);
  const demoOf = (env: Environment) => readConfig({ PORTICO_DATA_DIR, ...env }).demo;
  assert.equal(demoOf({}), 'on');
  assert.equal(demoOf({ PORTICO_ORIGIN: 'http://auth.example.localhost:5000' }), 'on');
  assert.equal(demoOf({ PORTICO_DEMO: 'off' }), 'off');
  assert.equal(demoOf({ NODE_ENV: 'test' }), 'off');
  assert.equal(demoOf({ NODE_ENV: 'production', PORTICO_SMTP_URL: 'smtp://localhost' }), 'off');
  for (const origin of ['http://auth.example.test', 'https://localhost:4000'])
    assert.equal(demoOf({ PORTICO_ORIGIN: origin }), 'off', origin);
  const problems = problemsOf({ PORTICO_DATA_DIR, PORTICO_DEMO: 'on', PORTICO_ORIGIN: 'http://auth.example.test' });
  assert.match(problems.join(), /^PORTICO_DEMO is on, but its apps are http addresses of this machine/);
});

test('the data folder never lies where files are served from', (t) => {
  const folder = folderFor(t);
  const inside = join(folder, 'data');
  for (const PORTICO_DATA_DIR of [inside, folder]) {
    assert.match(problemsOf({ PORTICO_DATA_DIR, PORTICO_STATIC_DIR: folder }).join(), /^PORTICO_DATA_DIR lies in PORTICO_STATIC_DIR/);
  }
  mkdirSync(`${folder}/data2`);
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR: inside, PORTICO_STATIC_DIR: `${folder}/data2` }), []);
});

test('doctor sees where each value comes from, and no secret', (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'db');
  writeFileSync(file, 'postgres://portico:canary-db@db/portico?sslpassword=canary-tls\n');
  const rows = explainConfig({
    PORTICO_DATA_DIR: folder,
    PORTICO_SMTP_URL: 'smtp://u:canary-smtp@mail.example.com',
    PORTICO_REDIS_URL: 'redis://u:canary-redis@cache.example.com',
    PORTICO_METRICS_TOKEN: 'canary-metrics-of-thirty-two-characters',
    PORTICO_DATABASE_URL_FILE: file,
    PORTICO_MASTER_KEY: KEY,
    PORTICO_CODE_LIFE: 'canary is wrong',
  });
  const row = (name: string) => rows.find((each) => each.name === name);
  assert.equal(rows.length, ALL_SETTINGS.length);
  assert.deepEqual(row('PORTICO_SMTP_URL'), { name: 'PORTICO_SMTP_URL', value: 'smtp://u:***@mail.example.com', source: 'environment' });
  assert.equal(row('PORTICO_DATABASE_URL')?.source, 'file PORTICO_DATABASE_URL_FILE');
  assert.deepEqual(row('PORTICO_MASTER_KEY'), { name: 'PORTICO_MASTER_KEY', value: '***', source: 'environment' });
  assert.deepEqual(row('PORTICO_SESSION_LIFE'), { name: 'PORTICO_SESSION_LIFE', value: '30d', source: 'default' });
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(`canary-|${KEY}`));
  assert.deepEqual(
    explainConfig({ PORTICO_DATA_DIR: folder }).find((each) => each.name === 'PORTICO_MASTER_KEY'),
    {
      name: 'PORTICO_MASTER_KEY',
      value: `${join(folder, 'master.key')} (made at the first start)`,
      source: 'generated',
    },
  );
  assert.equal(findMasterKeyFile(folder).kind, 'absent', 'explaining made a key');
});

test('problems with secrets do not print them', (t) => {
  const problems = problemsOf({
    PORTICO_DATA_DIR: folderFor(t),
    PORTICO_SMTP_URL: 'smtp://u:canary@h/x',
    PORTICO_DATABASE_URL: 'mysql://u:canary@h/d',
    PORTICO_MASTER_KEY: 'canary',
  });
  assert.equal(problems.length, 3);
  assert.doesNotMatch(problems.join(), /canary/);
});

test('the generated master key and its new folder belong to their owner alone, and the key stays', {
  skip: process.platform === 'win32',
}, (t) => {
  const PORTICO_DATA_DIR = join(folderFor(t), 'data');
  const first = readConfig({ PORTICO_DATA_DIR }).masterKey;
  assert.equal(first.length, 32);
  assert.equal(statSync(PORTICO_DATA_DIR).mode & 0o777, 0o700);
  assert.equal(statSync(join(PORTICO_DATA_DIR, 'master.key')).mode & 0o777, 0o600);
  assert.deepEqual(readConfig({ PORTICO_DATA_DIR }).masterKey, first);
  assert.deepEqual(readdirSync(PORTICO_DATA_DIR), ['master.key']);
});

test('a master key file that others can read, that was cut short, or that is a link stops the start', {
  skip: process.platform === 'win32',
}, (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'master.key');
  writeFileSync(path, `${KEY}\n`, { mode: 0o600 });
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR: folder }), []);
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(path, mode);
    assert.match(problemsOf({ PORTICO_DATA_DIR: folder }).join(), /can be read by others: run chmod 600/, mode.toString(8));
  }
  chmodSync(path, 0o600);
  writeFileSync(path, KEY.slice(0, 20));
  assert.match(problemsOf({ PORTICO_DATA_DIR: folder }).join(), /does not hold a key/);
  assert.equal(readFileSync(path, 'utf8'), KEY.slice(0, 20), 'a damaged key is never overwritten');
  rmSync(path);
  writeFileSync(join(folder, 'elsewhere'), `${KEY}\n`, { mode: 0o600 });
  symlinkSync(join(folder, 'elsewhere'), path);
  assert.match(problemsOf({ PORTICO_DATA_DIR: folder }).join(), /is not a plain file/);
});

test('a lost master key is not silently replaced while its database is there', (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'portico.sqlite'), '');
  assert.match(problemsOf({ PORTICO_DATA_DIR: folder }).join(), /is missing, but its database is there/);
  assert.deepEqual(problemsOf({ PORTICO_DATA_DIR: folder, PORTICO_MASTER_KEY: KEY }), []);
  assert.ok(!existsSync(join(folder, 'master.key')));
});

test('eight processes that start together on an empty folder agree on one key', async (t) => {
  const folder = folderFor(t);
  const [dataDir, go] = [join(folder, 'data'), join(folder, 'go')];
  const program = `import { existsSync } from 'node:fs';
    import { readConfig } from ${JSON.stringify(new URL('./config.ts', import.meta.url).href)};
    process.stdout.write('ready ');
    while (!existsSync(process.argv[1])) {}
    process.stdout.write(readConfig({ PORTICO_DATA_DIR: process.argv[2] }).masterKey.toString('hex'));`;
  const children = Array.from({ length: 8 }, () => spawn(process.execPath, ['--input-type=module', '-e', program, go, dataDir]));
  const printed = children.map((child) => collect(child.stdout));
  while (printed.some((text) => text() === '')) await sleep(20);
  writeFileSync(go, '');
  await Promise.all(children.map((child) => once(child, 'close')));
  const keys = printed.map((text) => text().replace('ready ', ''));
  assert.match(keys[0] ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual([...new Set(keys)], [keys[0]]);
  assert.deepEqual(readdirSync(dataDir), ['master.key']);
});

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

test('a provider is offered with both its credentials; half of them, http in production and an address with a password are problems', (t) => {
  const dataDir = folderFor(t);
  const both = { PORTICO_GITHUB_CLIENT_ID: 'id', PORTICO_GITHUB_CLIENT_SECRET: 'canary-of-a-secret' };
  assert.deepEqual(readConfig({ PORTICO_DATA_DIR: dataDir }).providers, {});
  assert.deepEqual(readConfig({ PORTICO_DATA_DIR: dataDir, ...both, PORTICO_GITHUB_URL: 'https://git.example.com' }).providers, {
    github: { clientId: 'id', clientSecret: 'canary-of-a-secret', addresses: { URL: 'https://git.example.com', API_URL: '' } },
  });
  assert.deepEqual(
    problemsOf({ PORTICO_DATA_DIR: dataDir, PORTICO_GOOGLE_CLIENT_ID: 'id', PORTICO_DISCORD_CLIENT_SECRET: 'canary-of-a-secret' }),
    [
      'PORTICO_DISCORD_CLIENT_ID is missing: PORTICO_DISCORD_CLIENT_SECRET is given',
      'PORTICO_GOOGLE_CLIENT_SECRET is missing: PORTICO_GOOGLE_CLIENT_ID is given',
    ],
  );
  const production = {
    NODE_ENV: 'production',
    PORTICO_DATA_DIR: dataDir,
    PORTICO_ORIGIN: 'https://auth.example.com',
    PORTICO_SMTP_URL: 'smtp://mail.example.com',
    ...both,
  };
  assert.deepEqual(problemsOf({ ...production, PORTICO_GITHUB_URL: 'http://git.example.com' }), [
    'PORTICO_GITHUB_URL (http://git.example.com) must be https in production',
  ]);
  assert.deepEqual(problemsOf({ ...production, PORTICO_GITHUB_URL: 'http://localhost:9000' }), []);
  for (const wrong of [
    'git.example.com',
    'ftp://git.example.com',
    'https://u:p@git.example.com',
    'https://git.example.com/?a=b',
    'https://a b',
    'https://git.example.com/#x',
  ])
    assert.equal(problemsOf({ PORTICO_DATA_DIR: dataDir, PORTICO_GITLAB_URL: wrong }).length, 1, wrong);
  const shown = JSON.stringify(explainConfig({ PORTICO_DATA_DIR: dataDir, ...both }));
  assert.ok(shown.includes('"PORTICO_GITHUB_CLIENT_SECRET","value":"***"') && !shown.includes('canary'));
});

test('the secret of a provider comes from a file as well', (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'secret');
  writeFileSync(file, 'from-a-file\n');
  const config = readConfig({ PORTICO_DATA_DIR: folder, PORTICO_GITLAB_CLIENT_ID: 'id', PORTICO_GITLAB_CLIENT_SECRET_FILE: file });
  assert.equal(config.providers['gitlab']?.clientSecret, 'from-a-file');
  assert.equal(config.providers['gitlab']?.addresses.URL, 'https://gitlab.com');
});

test('a systemd credential is a setting by its name, what is given otherwise comes first, and one that is none stops the start', (t) => {
  const [folder, credentials] = [folderFor(t), folderFor(t)];
  const OTHER = randomBytes(32).toString('base64url');
  writeFileSync(join(credentials, 'portico-master-key'), `${KEY}\n`);
  writeFileSync(join(credentials, 'portico-smtp-url'), 'smtps://u:canary@mail.example.com\n');
  writeFileSync(join(credentials, 'another-service'), 'x');
  const env = { PORTICO_DATA_DIR: folder, CREDENTIALS_DIRECTORY: credentials };
  const config = readConfig(env);
  assert.deepEqual([config.masterKey.toString('base64url'), config.smtpUrl], [KEY, 'smtps://u:canary@mail.example.com']);
  assert.ok(!existsSync(join(folder, 'master.key')), 'no key is made beside a given one');
  const shown = explainConfig(env);
  const row = shown.find(({ name }) => name === 'PORTICO_MASTER_KEY');
  assert.deepEqual(row, { name: 'PORTICO_MASTER_KEY', value: '***', source: 'credential portico-master-key' });
  assert.ok(!JSON.stringify(shown).includes('canary') && !JSON.stringify(shown).includes(KEY));

  const file = join(folder, 'given');
  writeFileSync(file, OTHER);
  assert.equal(readConfig({ ...env, PORTICO_MASTER_KEY: OTHER }).masterKey.toString('base64url'), OTHER);
  assert.equal(readConfig({ ...env, PORTICO_MASTER_KEY_FILE: file }).masterKey.toString('base64url'), OTHER);
  writeFileSync(join(credentials, 'portico-smtp-url'), '');
  writeFileSync(join(credentials, 'portico-mastr-key'), KEY);
  assert.deepEqual(problemsOf(env), [
    `credential portico-smtp-url: ${join(credentials, 'portico-smtp-url')} is empty`,
    'credential portico-mastr-key is not a setting in lower case with hyphens, such as portico-master-key',
  ]);
});
