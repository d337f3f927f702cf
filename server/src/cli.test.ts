import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { forEachFreshDatabase } from '../test/databases.ts';
import { freePort, runPortico } from '../test/portico-process.ts';
import { startSmtpCatcher } from '../test/smtp-catcher.ts';
import { parseCommand } from './cli.ts';
import { SUSPENSION_LIVES, suspendNetwork } from './guessing/suspension.ts';
import { JOBS } from './jobs/index.ts';
import { takeLease } from './jobs/lease.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const BAD_USAGE: readonly (readonly string[])[] = [
  ['serve'],
  [''],
  ['start', 'now'],
  ['start', '--json'],
  ['--json'],
  ['migrate', 'up'],
  ['migrate', '--drop', '1'],
  ['job'],
  ['job', 'nothing'],
  ['job', '__proto__'],
  ['job', 'deliver-mail', 'twice'],
  ['keys'],
  ['keys', 'list'],
  ['keys', 'rotate', 'now'],
  ['keys', 'rotate', '--drop'],
  ['keys', 'rotate', '--drop='],
  ['keys', 'rotate', '--drop', 'one'],
  ['keys', 'rotate', '--drop', '-1'],
  ['keys', 'rotate', '--drop', '1e1'],
  ['invite'],
  ['invite', 'ada'],
  ['invite', 'ada@example.com', 'bob@example.com'],
  ['invite', 'ada@example.com', '--drop', '1'],
  ['suspension'],
  ['suspension', 'end'],
  ['suspension', 'list', 'all'],
  ['suspension', 'list', '--note', 'x'],
  ['suspension', 'lift'],
  ['suspension', 'lift', 'everybody'],
  ['suspension', 'lift', '1.2.3'],
  ['suspension', 'lift', '1.2.3.4/64'],
  ['suspension', 'lift', '1.2.3.4', '1.2.3.5'],
  ['suspension', 'allow'],
  ['suspension', 'allow', '0.0.0.0/0'],
  ['suspension', 'allow', '::/0'],
  ['suspension', 'allow', '1.2.3.4/33'],
  ['suspension', 'allow', '1.2.3.4/'],
  ['suspension', 'allow', '::ffff:1.2.3.4/120'],
  ['suspension', 'allow', 'fe80::1%eth0'],
  ['suspension', 'allow', '10.0.0.0/8', '--note', 'two\nlines'],
  ['suspension', 'allow', '10.0.0.0/8', '--note', 'x'.repeat(201)],
  ['suspension', 'disallow', 'office'],
  ['doctor', '--drop', '1'],
  ['doctor', '--fix'],
  ['doctor', '--only', 'weather'],
  ['migrate', '--only', 'tls'],
  ['-x'],
  ['--json=yes', 'doctor'],
];

test('what is no command is told so in one line', () => {
  for (const argv of BAD_USAGE) {
    const parsed = parseCommand(argv);
    assert.equal(parsed.kind, 'bad-usage', argv.join(' '));
    assert.doesNotMatch(parsed.kind === 'bad-usage' ? parsed.problem : '', /\n/);
  }
});

test('each command is understood as what it says', () => {
  const understood: readonly (readonly [string, object])[] = [
    ['', { kind: 'start' }],
    ['start', { kind: 'start' }],
    ['migrate --json', { kind: 'migrate', json: true }],
    ['--json migrate', { kind: 'migrate', json: true }],
    ['keys rotate', { kind: 'rotate-keys', json: false }],
    ['keys rotate --drop 12 --json', { kind: 'drop-key', id: '12', json: true }],
    [`keys rotate --drop ${'k'.repeat(43)}`, { kind: 'drop-key', id: 'k'.repeat(43), json: false }],
    ['suspension list', { kind: 'suspension-list', json: false }],
    ['suspension lift 203.0.113.7 --json', { kind: 'suspension-lift', network: '203.0.113.7', json: true }],
    ['suspension lift ::ffff:203.0.113.7', { kind: 'suspension-lift', network: '203.0.113.7', json: false }],
    ['suspension lift 2001:DB8::7', { kind: 'suspension-lift', network: '2001:db8:0:0::/64', json: false }],
    ['suspension lift 2001:db8:0:0::/64', { kind: 'suspension-lift', network: '2001:db8:0:0::/64', json: false }],
    ['suspension lift unknown', { kind: 'suspension-lift', network: 'unknown', json: false }],
    ['suspension allow 203.0.113.7', { kind: 'suspension-allow', range: '203.0.113.7/32', note: '', json: false }],
    ['suspension allow 203.0.113.7/24 --note office', { kind: 'suspension-allow', range: '203.0.113.0/24', note: 'office', json: false }],
    ['suspension allow 2001:DB8:0::9/48', { kind: 'suspension-allow', range: '2001:db8::/48', note: '', json: false }],
    ['suspension disallow 203.0.113.0/24', { kind: 'suspension-disallow', range: '203.0.113.0/24', json: false }],
    ['doctor', { kind: 'doctor', json: false, only: null }],
    ['doctor --only tls --json', { kind: 'doctor', json: true, only: 'tls' }],
    ['--version', { kind: 'version' }],
    ['-h', { kind: 'help' }],
    ['doctor --help', { kind: 'help' }],
    ...Object.keys(JOBS).map((name) => [`job ${name}`, { kind: 'job', name, json: false }] as const),
  ];
  const invited = parseCommand(['invite', 'Ada@example.com', '--json']);
  assert.deepEqual(invited.kind === 'invite' ? [invited.email.text, invited.email.key, invited.json] : [], [
    'Ada@example.com',
    'ada@example.com',
    true,
  ]);
  for (const [line, command] of understood) {
    assert.deepEqual(parseCommand(line.split(' ').filter((word) => word !== '')), command, line);
  }
});

test('bad usage exits 2 with one line on standard error; help and version exit 0', async () => {
  for (const args of [['serve'], ['keys', 'rotate', '--drop', 'x'], ['--bogus']]) {
    const { code, stdout, stderr } = await runPortico(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /^portico: [^\n]+\n$/);
  }
  const help = await runPortico(['--help']);
  assert.equal(help.code, 0);
  for (const name of ['start', 'migrate', 'job NAME', 'keys rotate', 'doctor', ...Object.keys(JOBS)])
    assert.ok(help.stdout.includes(name), name);
  const version = await runPortico(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

test('wrong settings are all printed, exit 1, and nothing is made', async (t) => {
  const dataDir = join(folderFor(t), 'data');
  for (const args of [['start'], ['migrate'], ['job', 'deliver-mail'], ['keys', 'rotate']]) {
    const { code, stdout, stderr } = await runPortico(args, {
      NODE_ENV: 'production',
      PORTICO_DATA_DIR: dataDir,
      PORTICO_ORIGIN: 'http://auth.example.com',
      PORTICO_PORT: 'x',
      PORTICO_ORIGNI: 'x',
    });
    assert.deepEqual([code, stdout], [1, '']);
    for (const name of ['PORTICO_PORT', 'PORTICO_ORIGNI', 'PORTICO_ORIGIN (', 'PORTICO_SMTP_URL'])
      assert.ok(stderr.includes(`  - ${name}`), stderr);
    assert.doesNotMatch(stderr, /\s+at /);
  }
  assert.ok(!existsSync(dataDir));
});

test('a database that cannot be reached ends every command with one line that says where it is, without its password', async (t) => {
  const env = { PORTICO_DATA_DIR: folderFor(t), PORTICO_DATABASE_URL: `postgres://portico:canary@127.0.0.1:${await freePort()}/portico` };
  for (const args of [['start'], ['migrate'], ['keys', 'rotate']]) {
    const { code, stderr } = await runPortico(args, env);
    assert.equal(code, 1);
    assert.match(stderr, /^portico: the database cannot be reached \(PostgreSQL at 127\.0\.0\.1:\d+\/portico\): .*ECONNREFUSED.*\n$/);
    assert.doesNotMatch(stderr, /canary/);
  }
  const doctor = await runPortico(['doctor'], env);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /fail {2}database: the database cannot be reached/);
});

test('a taken port ends the start with one line', async (t) => {
  const other = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  t.after(() => other.close());
  const { code, stderr } = await runPortico(['start'], { PORTICO_DATA_DIR: folderFor(t), PORTICO_PORT: String(port) });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^portico: port ${port} on 127\\.0\\.0\\.1 is taken .*\\n$`));
});

forEachFreshDatabase('migrate, keys rotate, keys rotate --drop and job do what they say, once', async (fresh, t) => {
  const { db, where } = await fresh({ folder: null });
  const env = {
    PORTICO_DATA_DIR: where.dataDir || folderFor(t),
    PORTICO_DATABASE_URL: where.databaseUrl,
    PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
  };
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await runPortico([...args, '--json'], env);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  assert.deepEqual(await json('migrate'), { applied: readdirSync(new URL('../migrations', import.meta.url)).sort() });
  assert.deepEqual(await json('migrate'), { applied: [] });

  const made = await json('keys', 'rotate');
  assert.deepEqual([made['chainKeyId'], typeof made['signingKid']], [1, 'string']);
  const ahead = Date.parse(String(made['currentFrom'])) - Date.now();
  assert.ok(ahead > 30_000 && ahead <= 60_000);
  for (const [id, sentence] of [
    ['0', 'key 0 is in use: run portico keys rotate, and drop it a minute later'],
    ['7', 'there is no key 7'],
  ] as const) {
    const refused = await runPortico(['keys', 'rotate', '--drop', id], env);
    assert.deepEqual([refused.code, refused.stderr], [1, `portico: ${sentence}\n`]);
  }
  assert.deepEqual(await json('keys', 'rotate', '--drop', '1'), { id: 1, families: 0 });
  assert.equal((await runPortico(['keys', 'rotate', '--drop', '1'], env)).code, 1);

  assert.deepEqual(await json('job', 'delete-expired-rows'), { job: 'delete-expired-rows', outcome: 'done' });
  await takeLease(db, 'delete-expired-rows', 'another', Date.now() + 60_000, Date.now());
  const taken = await runPortico(['job', 'delete-expired-rows'], env);
  assert.deepEqual([taken.code, taken.stdout], [1, '']);
  assert.match(taken.stderr, /^portico: delete-expired-rows is just being done by another process\n$/);
});

forEachFreshDatabase(
  'invite makes an invitation and its letter; without a mail server it prints the link; it refuses what could not be used',
  async (fresh, t) => {
    const { db, where } = await fresh({ folder: null });
    const env = {
      PORTICO_DATA_DIR: where.dataDir || folderFor(t),
      PORTICO_DATABASE_URL: where.databaseUrl,
      PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
      PORTICO_SIGNUP: 'invite',
      PORTICO_SIGNUP_DOMAINS: 'example.com',
    };
    const printed = await runPortico(['invite', 'Ada@example.com', '--json'], env);
    assert.equal(printed.code, 0, printed.stderr);
    const { email, link, expiresAt } = JSON.parse(printed.stdout) as Record<string, string>;
    assert.equal(email, 'Ada@example.com');
    assert.match(link ?? '', /^http:\/\/localhost:4000\/signup\?invite=[A-Za-z0-9_-]{43}$/);
    assert.ok(Math.abs(Date.parse(expiresAt ?? '') - Date.now() - 7 * 86_400_000) < 60_000);

    const mailed = await runPortico(['invite', 'ada@example.com'], { ...env, PORTICO_SMTP_URL: 'smtp://127.0.0.1:9' });
    assert.deepEqual(
      [mailed.code, /^invited ada@example\.com; the letter is on its way, [^\n]+\n$/.test(mailed.stdout)],
      [0, true],
      mailed.stdout,
    );
    assert.deepEqual(
      (await db.all('select email_key, used_at from invitations')).map((row) => [row['email_key'], row['used_at']]),
      [['ada@example.com', null]],
    );
    assert.equal((await db.all('select id from mails where sent_at is null')).length, 1, 'its letter waits for the server');
    for (const [args, more, sentence] of [
      ['eve@example.org', {}, 'the domain of this address is not one of PORTICO_SIGNUP_DOMAINS'],
      ['eve@example.com', { PORTICO_SIGNUP: 'closed' }, 'nobody can sign up: PORTICO_SIGNUP is closed'],
    ] as const) {
      const refused = await runPortico(['invite', args], { ...env, ...more });
      assert.deepEqual([refused.code, refused.stdout], [1, '']);
      assert.ok(refused.stderr.startsWith(`portico: ${sentence}`), refused.stderr);
    }
  },
);
forEachFreshDatabase('a suspension is listed, lifted, and kept from a range; each act stands in the audit log', async (fresh, t) => {
  const { db, where } = await fresh();
  const env = {
    PORTICO_DATA_DIR: where.dataDir || folderFor(t),
    PORTICO_DATABASE_URL: where.databaseUrl,
    PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
  };
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await runPortico(['suspension', ...args, '--json'], env);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, readonly Record<string, unknown>[]>;
  };
  assert.deepEqual(await json('list'), { suspensions: [], allowed: [] });
  await suspendNetwork(db, { network: '203.0.113.7', reason: 'password', tries: 50, now: Date.now() });
  const [item] = (await json('list'))['suspensions'] ?? [];
  assert.deepEqual(
    [item?.['network'], item?.['status'], item?.['times'], item?.['tries'], item?.['reason']],
    ['203.0.113.7', 'suspended', 1, 50, 'password'],
  );
  assert.ok(Math.abs(Date.parse(String(item?.['until'])) - Date.now() - SUSPENSION_LIVES[0]) < 60_000);
  const lines = await runPortico(['suspension', 'list'], env);
  assert.match(lines.stdout, /^203\.0\.113\.7 {2}suspended until \S+Z {2}time 1, after 50 wrong guesses \(password\)\n$/);
  assert.deepEqual(await json('lift', '203.0.113.7'), { network: '203.0.113.7', lifted: true });
  assert.equal((await json('list'))['suspensions']?.[0]?.['status'], 'lifted');
  const again = await runPortico(['suspension', 'lift', '203.0.113.7'], env);
  assert.deepEqual([again.code, again.stderr], [1, 'portico: 203.0.113.7 is not suspended\n']);
  assert.deepEqual(await json('allow', '203.0.113.0/24', '--note', 'our office'), {
    network: '203.0.113.0/24',
    note: 'our office',
    allowed: true,
  });
  assert.deepEqual(
    (await json('list'))['allowed']?.map(({ network, note }) => [network, note]),
    [['203.0.113.0/24', 'our office']],
  );
  assert.deepEqual(await json('disallow', '203.0.113.9/24'), { network: '203.0.113.0/24', allowed: false });
  assert.equal((await runPortico(['suspension', 'disallow', '203.0.113.0/24'], env)).code, 1);
  const events = await db.all('select action, reason, user_agent from events order by at');
  assert.deepEqual(
    events.map((row) => [row['action'], row['reason'], row['user_agent']]),
    [
      ['network.lifted', '203.0.113.7', 'portico'],
      ['network.allowed', '203.0.113.0/24', 'portico'],
      ['network.disallowed', '203.0.113.0/24', 'portico'],
    ],
  );
});

interface Report {
  readonly settings: readonly { name: string; value: string; source: string }[];
  readonly checks: readonly { name: string; state: string; finding: string; fix?: string }[];
}

async function doctor(env: Readonly<Record<string, string>>): Promise<Report & { code: number | null; stdout: string }> {
  const { code, stdout } = await runPortico(['doctor', '--json'], env);
  return { code, stdout, ...(JSON.parse(stdout) as Report) };
}

forEachFreshDatabase('doctor finds a sound installation sound, and tells no secret', async (fresh, t) => {
  const { where } = await fresh();
  const catcher = await startSmtpCatcher({
    disabledCommands: ['STARTTLS'],
    onAuth: (auth, _session, done) => done(null, { user: auth.username }),
  });
  t.after(() => catcher.close());
  const env = {
    PORTICO_DATA_DIR: where.dataDir || folderFor(t),
    PORTICO_DATABASE_URL: where.databaseUrl,
    PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
    PORTICO_SMTP_URL: `smtp://ada:canary-smtp@127.0.0.1:${catcher.port}`,
  };
  await runPortico(['keys', 'rotate'], env);
  for (const job of Object.keys(JOBS)) await runPortico(['job', job], env);
  const report = await doctor(env);
  assert.deepEqual(
    report.checks.filter(({ state }) => state !== 'ok'),
    [],
  );
  assert.equal(report.code, 0);
  assert.ok(report.settings.some(({ name, source }) => name === 'PORTICO_SMTP_URL' && source === 'environment'));
  assert.doesNotMatch(report.stdout, new RegExp(`canary|${env.PORTICO_MASTER_KEY}`));
  assert.equal(catcher.letters.length, 0);

  const otherKey = await doctor({ ...env, PORTICO_MASTER_KEY: randomBytes(32).toString('hex') });
  assert.equal(otherKey.code, 1);
  assert.ok(otherKey.checks.some(({ name, state }) => name === 'keys' && state === 'fail'));
  const start = await runPortico(['start'], { ...env, PORTICO_MASTER_KEY: randomBytes(32).toString('hex') });
  assert.deepEqual([start.code, /^portico: the keys in the database do not open: [^\n]+\n$/.test(start.stderr)], [1, true], start.stderr);
});

test('doctor on an empty folder makes nothing, and names what is wrong with a fix', async (t) => {
  const dataDir = join(folderFor(t), 'data');
  const fine = await doctor({ PORTICO_DATA_DIR: dataDir });
  assert.equal(fine.code, 0);
  assert.ok(!existsSync(dataDir));
  const mail = await doctor({ PORTICO_DATA_DIR: dataDir, PORTICO_SMTP_URL: `smtp://127.0.0.1:${await freePort()}` });
  assert.equal(mail.code, 1);
  assert.match(mail.checks.find(({ name }) => name === 'mail')?.finding ?? '', /takes no letters: .*ECONNREFUSED/);
  const wrong = await doctor({ PORTICO_DATA_DIR: dataDir, PORTICO_PORT: 'x', PORTICO_CODE_LIFE: 'y' });
  assert.equal(wrong.code, 1);
  assert.equal(wrong.checks.length, 2);
  for (const report of [mail, wrong]) {
    for (const check of report.checks) assert.equal(check.state === 'ok', check.fix === undefined, check.name);
  }
});
