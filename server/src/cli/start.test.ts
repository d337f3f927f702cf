import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { authPath, PAGES, SYSTEM } from '@portico/protocol/routes';
import { within } from '../../test/counts.ts';
import { forEachFreshDatabase } from '../../test/databases.ts';
import { runPortico, startPortico } from '../../test/portico-process.ts';
import { startSmtpCatcher } from '../../test/smtp-catcher.ts';

const PASSWORD = 'canary horse battery staple';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-start-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function post(origin: string, name: 'signUp' | 'verifySignIn', body: object, cookies: readonly string[] = []): Promise<Response> {
  return fetch(origin + authPath(name), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, 'sec-fetch-site': 'same-origin', cookie: cookies.join('; ') },
    body: JSON.stringify(body),
  });
}

const cookiesOf = (answer: Response) => answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(20)) if (await done()) return;
  throw new Error('it did not happen within a minute');
}

/** It takes no new connection: it has heard that it is to end. */
function untilClosed(origin: string): Promise<void> {
  return until(() =>
    fetch(origin + SYSTEM.health).then(
      () => false,
      () => true,
    ),
  );
}

forEachFreshDatabase(
  'a code is mailed by the real server through a real mail server, opens the account, and stays nowhere',
  async (fresh, t) => {
    const { db, where } = await fresh();
    const catcher = await startSmtpCatcher();
    const portico = await startPortico({
      NODE_ENV: 'production',
      PORTICO_LOG_LEVEL: 'trace',
      PORTICO_DATA_DIR: where.dataDir || folderFor(t),
      PORTICO_DATABASE_URL: where.databaseUrl,
      PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
      PORTICO_SMTP_URL: `smtp://127.0.0.1:${catcher.port}`,
      PORTICO_MAIL_FROM: 'Portico <no-reply@auth.example>',
    });
    t.after(async () => {
      await portico.end('SIGKILL');
      await catcher.close();
    });
    const began = performance.now();
    const signUp = await post(portico.origin, 'signUp', { email: 'ada@example.com', password: PASSWORD });
    assert.equal(signUp.status, 200, await signUp.text());
    await until(() => catcher.letters.length > 0);
    assert.ok(performance.now() - began < within(5000), 'the letter waited for the next tick');
    const [letter, ...others] = catcher.letters;
    assert.ok(letter && others.length === 0);
    assert.deepEqual([letter.from, letter.recipients], ['no-reply@auth.example', ['ada@example.com']]);
    const code = /\b\d{8}\b/.exec(letter.message.text ?? '')?.[0] ?? '';
    const verified = await post(portico.origin, 'verifySignIn', { securityCode: code }, cookiesOf(signUp));
    assert.equal(verified.status, 200, await verified.text());
    await until(async () => (await db.all('select id from mails')).length === 0);

    const { code: exit, stdout, stderr } = await portico.end();
    assert.deepEqual([exit, stderr], [0, '']);
    for (const line of stdout.trim().split('\n')) assert.equal(typeof JSON.parse(line), 'object');
    const values = [...cookiesOf(signUp), ...cookiesOf(verified)].map((cookie) => cookie.slice(cookie.indexOf('=') + 1));
    const secrets = values.filter((value) => value.length > 8);
    assert.ok(secrets.length >= 5);
    for (const secret of [code, 'canary', ...secrets]) assert.ok(!stdout.includes(secret), secret);
  },
);

test('the first screen says where everything is, and what it speaks of belongs to its owner alone', async (t) => {
  const dataDir = join(folderFor(t), 'data');
  const portico = await startPortico({ PORTICO_DATA_DIR: dataDir });
  await until(() => portico.stdout().includes('Ctrl-C'));
  const { code, stdout } = await portico.end('SIGINT');
  assert.equal(code, 0);
  const addresses = [PAGES.landing, PAGES.signIn, PAGES.signUp, PAGES.dashboard, PAGES.devMail, SYSTEM.openapi].map(
    (path) => portico.origin + path,
  );
  for (const part of [...addresses, `SQLite in ${dataDir}`, join(dataDir, 'master.key'), process.versions.node])
    assert.ok(stdout.includes(part), part);
  assert.ok(stdout.split('\n').length < 24, 'it does not fit one screen');
  assert.deepEqual(
    readdirSync(dataDir).filter((name) => !name.startsWith('portico.sqlite')),
    ['master.key'],
  );
  if (process.platform !== 'win32')
    for (const name of readdirSync(dataDir)) assert.equal(statSync(join(dataDir, name)).mode & 0o077, 0, name);
});

test('asked to end, it finishes the answer under way, takes no new connection, waits for no idle one, and exits 0', async (t) => {
  const portico = await startPortico({ PORTICO_DATA_DIR: folderFor(t) });
  t.after(() => portico.end('SIGKILL'));
  const body = JSON.stringify({ email: 'ada@example.com', password: PASSWORD });
  const [silent, busy] = [connect(portico.port, '127.0.0.1'), connect(portico.port, '127.0.0.1')];
  await Promise.all([once(silent, 'connect'), once(busy, 'connect')]);
  let answer = '';
  busy.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  const head = [
    `POST ${authPath('signUp')} HTTP/1.1`,
    `Host: 127.0.0.1:${portico.port}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  busy.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 10)}`);
  await sleep(700);
  const began = performance.now();
  const ended = portico.end();
  await untilClosed(portico.origin);
  busy.write(body.slice(10));
  assert.equal((await ended).code, 0);
  assert.ok(performance.now() - began < within(4000));
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('a second signal ends it at once', async (t) => {
  const portico = await startPortico({ PORTICO_DATA_DIR: folderFor(t) });
  const busy = connect(portico.port, '127.0.0.1');
  busy.on('error', () => undefined);
  await once(busy, 'connect');
  busy.write(`POST ${authPath('signUp')} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
  await sleep(700);
  portico.child.kill('SIGINT');
  await untilClosed(portico.origin);
  assert.equal(portico.child.exitCode, null);
  const { code } = await portico.end('SIGINT');
  assert.equal(code, 130);
});

test('a master key that is not the one in use is told at the start, and the database is left as it was', async (t) => {
  const dataDir = folderFor(t);
  await runPortico(['keys', 'rotate'], { PORTICO_DATA_DIR: dataDir });
  const before = readFileSync(join(dataDir, 'portico.sqlite'));
  const { code, stderr } = await runPortico(['start'], { PORTICO_DATA_DIR: dataDir, PORTICO_MASTER_KEY: randomBytes(32).toString('hex') });
  assert.equal(code, 1);
  assert.match(stderr, /^portico: the keys in the database do not open: restore the master key [^\n]+\n$/);
  assert.deepEqual(readFileSync(join(dataDir, 'portico.sqlite')), before);
});

async function runProgram(lines: string): Promise<{ code: number | null; stdout: string }> {
  const program = `import { endOnFatalErrors } from ${JSON.stringify(new URL('./process-end.ts', import.meta.url).href)};
    import { createLogger } from ${JSON.stringify(new URL('../platform/logger.ts', import.meta.url).href)};
    endOnFatalErrors(createLogger({ logLevel: 'info' }));
    ${lines}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout };
}

test('a promise that nobody waited for is logged and ends nothing; an exception that nobody caught is logged and ends the process', async () => {
  const rejected = await runProgram(`Promise.reject(new Error('forgotten')); setTimeout(() => console.log('still here'), 50);`);
  assert.deepEqual([rejected.code, /"level":60.*forgotten/.test(rejected.stdout), rejected.stdout.includes('still here')], [0, true, true]);
  const thrown = await runProgram(
    `setTimeout(() => { throw new Error('uncaught'); }, 10); setTimeout(() => console.log('still here'), 500);`,
  );
  assert.deepEqual([thrown.code, /"level":60.*uncaught/.test(thrown.stdout), thrown.stdout.includes('still here')], [1, true, false]);
});
