import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEADERS } from '@portico/protocol/cookies';
import { authPath, PAGES } from '@portico/protocol/routes';
import { startPortico } from '../../server/test/portico-process.ts';
import { launchChromium, reasonToSkip } from '../../ui/test/browser.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EMAIL = 'ada@example.com';
const PASSWORD = 'seven quiet lanterns above the lake';

function snippet(): string {
  const found = /```js\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  assert.ok(found);
  return found;
}

/** The operator's folder: a page whose script is the README's, with a user's input before it and its results after it. */
function writeApp(folder: string): void {
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>app</title><script type="module" src="/app.js"></script>');
  const input = `const [email, password] = ${JSON.stringify([EMAIL, PASSWORD])};`;
  const results =
    'document.title = JSON.stringify({ email: me.email, gen, isToken: /^ey.+[.].+[.]/.test(accessToken), stored: localStorage["attempt 0"] === attempt });';
  writeFileSync(join(folder, 'app.js'), `${input}\n${snippet()}\n${results}`);
}

async function createAccount(origin: string): Promise<void> {
  const post = (call: 'signUp' | 'verifySignIn', body: object, cookie = '') =>
    fetch(origin + authPath(call), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, cookie },
      body: JSON.stringify(body),
    });
  const signUp = await post('signUp', { email: EMAIL, password: PASSWORD });
  const waiting = signUp.headers.getSetCookie().map((line) => line.split(';')[0]);
  const inbox = await fetch(origin + PAGES.devMail, { headers: { accept: 'application/json' } });
  const code = /\b\d{8}\b/.exec(await inbox.text())?.[0];
  const verified = await post('verifySignIn', { securityCode: code }, waiting.join('; '));
  assert.equal(verified.status, 200, await verified.text());
}

test('the lines of the README sign in, read the profile and refresh, in a real browser', { skip: reasonToSkip() }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-readme-'));
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-readme-'));
  writeApp(folder);
  const portico = await startPortico({ PORTICO_DATA_DIR: dataDir, PORTICO_STATIC_DIR: folder });
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    await portico.end();
    for (const each of [folder, dataDir]) rmSync(each, { recursive: true, force: true });
  });
  await createAccount(portico.origin);
  const page = await browser.newPage();
  const trouble: string[] = [];
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on('console', (message) => trouble.push(message.text()));
  const attempts: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith(authPath('refresh'))) attempts.push(request.headers()[HEADERS.attempt]);
  });
  await page.goto(portico.origin);
  // Asked from outside: the policy of the page lets nobody evaluate anything in it.
  for (let tries = 0; (await page.title()) === 'app' && tries < 100; tries += 1) await sleep(100);
  assert.notEqual(await page.title(), 'app', trouble.join('\n'));
  assert.deepEqual(JSON.parse(await page.title()), { email: EMAIL, gen: 1, isToken: true, stored: true });
  assert.match(attempts.join(), /^0\.[\w-]{22}$/);
});
