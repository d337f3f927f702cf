import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEADERS } from '@portico/protocol/cookies';
import { authPath, EXTERNAL_PATHS, EXTERNAL_PREFIX, OAUTH, PAGES } from '@portico/protocol/routes';
import { runPortico, startPortico } from '../../server/test/portico-process.ts';
import { launchChromium, reasonToSkip } from '../../ui/test/browser.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EMAIL = 'ada@example.com';
const PASSWORD = 'seven quiet lanterns above the lake';

function snippet(language: 'js' | 'ts' | 'javascript' = 'js'): string {
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]+?)\`\`\``).exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
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

/** Answers the cookies of the browser that signed up. */
async function createAccount(origin: string): Promise<string> {
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
  return verified.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
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
  for (let tries = 0; (await page.title()) === 'app' && tries < 600; tries += 1) await sleep(100);
  assert.notEqual(await page.title(), 'app', trouble.join('\n'));
  assert.deepEqual(JSON.parse(await page.title()), { email: EMAIL, gen: 1, isToken: true, stored: true });
  assert.match(attempts.join(), /^0\.[\w-]{22}$/);
});

test('the lines of the README for an app are those of examples/snippets, which the type check reads', () => {
  assert.equal(snippet('javascript'), readFileSync(join(ROOT, 'examples', 'snippets', 'client', 'readme.ts'), 'utf8'));
});

/** What the browser of somebody who is signed in brings back to the site, redeemed by the site's backend. */
async function accessTokenOf(origin: string, cookie: string, site: { id: string; secret: string; redirectUri: string }): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const asked = new URLSearchParams({
    client_id: site.id,
    redirect_uri: site.redirectUri,
    response_type: 'code',
    scope: 'openid',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const sent = await fetch(`${origin}${OAUTH.authorize}?${asked}`, { headers: { cookie }, redirect: 'manual' });
  const code = new URL(sent.headers.get('location') ?? 'about:blank').searchParams.get('code');
  const redeemed = await fetch(origin + EXTERNAL_PREFIX + EXTERNAL_PATHS.token, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`${site.id}:${site.secret}`)}` },
    body: JSON.stringify({ code, codeVerifier: verifier, redirectUri: site.redirectUri }),
  });
  const { accessToken } = (await redeemed.json()) as { accessToken: string };
  return accessToken;
}

test('the lines of the README protect a site, and a sign-out reaches it within seconds', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-readme-'));
  const portico = await startPortico({ PORTICO_DATA_DIR: dataDir });
  const file = join(ROOT, 'examples', 'client-site', `readme-${process.pid}.ts`);
  t.after(async () => {
    await portico.end();
    rmSync(file, { force: true });
    rmSync(dataDir, { recursive: true, force: true });
  });
  const redirectUri = 'http://localhost:5001/callback';
  const words = `client add --name Notes --id notes --kind web --confirmation auto --redirect-uri ${redirectUri} --json`;
  const added = await runPortico(words.split(' '), { PORTICO_DATA_DIR: dataDir });
  const { client_secret: secret } = JSON.parse(added.stdout) as { client_secret: string };
  const cookie = await createAccount(portico.origin);

  const lines = snippet('ts').replace('http://localhost:4000', portico.origin).replace('port: 5001', 'port: 0');
  writeFileSync(file, `${lines}\nprocess.send?.(app.server.address().port);\n`);
  const site = fork(file, { env: { ...process.env, NOTES_SECRET: secret }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => site.kill());
  const [port] = (await once(site, 'message')) as [number];

  const token = await accessTokenOf(portico.origin, cookie, { id: 'notes', secret, redirectUri });
  const me = () => fetch(`http://127.0.0.1:${port}/me`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await fetch(`http://127.0.0.1:${port}/me`)).status, 401);
  const answer = await me();
  assert.equal(answer.status, 200);
  assert.match(((await answer.json()) as { id: string }).id, /^[\w-]{22}$/);

  const { csrfToken } = (await (await fetch(portico.origin + authPath('session'), { headers: { cookie } })).json()) as {
    csrfToken: string;
  };
  const signedOut = await fetch(portico.origin + authPath('signOut'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: portico.origin, cookie, [HEADERS.csrf]: csrfToken },
    body: '{}',
  });
  assert.equal(signedOut.status, 204);
  for (let tries = 0; (await me()).status !== 401 && tries < 600; tries += 1) await sleep(100);
  assert.equal((await me()).status, 401);
});
