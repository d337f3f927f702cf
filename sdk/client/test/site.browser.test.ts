import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { PAGES, SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import { createPorticoSite } from '@portico/server/site';
import { onStage, type Stage, typeCode, type Visitor } from '../../../server/test/browser/visitor.ts';
import { freePort, runPortico } from '../../../server/test/portico-process.ts';
import { siteForNode } from '../../server/src/site/node.ts';
import type { Portico } from '../src/types.ts';
import { type AppServer, serveApp } from './app-server.ts';
import { open, session, signIn } from './app-stage.ts';

/** An app with a backend: the site kit of `@portico/server` keeps the tokens, and this one never sees them. */

declare const portico: Portico;

const path = (name: keyof typeof SITE_PATHS) => SITE_PREFIX + SITE_PATHS[name];

async function startSite(stage: Stage, t: TestContext): Promise<AppServer> {
  const port = await freePort();
  const baseUrl = `http://notes.localhost:${port}`;
  const settings = { PORTICO_DATA_DIR: stage.dataDir, PORTICO_PORT: String(stage.portico.port), PORTICO_ORIGIN: stage.app };
  const words = ['client', 'add', '--name', 'Notes', '--kind', 'web', '--id', 'notes', '--redirect-uri', baseUrl + path('callback')];
  const added = await runPortico([...words, '--origin', baseUrl, '--json'], settings);
  assert.equal(added.code, 0, added.stderr);
  const { client_secret: clientSecret } = JSON.parse(added.stdout) as { client_secret: string };
  const site = createPorticoSite({ issuer: stage.app, clientId: 'notes', clientSecret, baseUrl });
  t.after(() => site.close());
  const node = siteForNode(site);
  const options = { issuer: stage.app, clientId: 'notes' };
  return serveApp(t, {
    host: 'notes.localhost',
    port,
    options,
    backend: async (request, response) => {
      if (await node.handle(request, response)) return true;
      if (request.url !== '/api/notes') return false;
      const user = await node.requireUser(request, response);
      if (user !== null) response.end(JSON.stringify({ authorization: request.headers.authorization ?? null }));
      return true;
    },
  });
}

/** What this browser asks of the app's backend from here on. */
function watchSite({ context }: Visitor): string[] {
  const asked: string[] = [];
  context.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith(`${SITE_PREFIX}/`) && new URL(request.url()).hostname === 'notes.localhost') asked.push(pathname);
  });
  return asked;
}

onStage('an app with a backend: signed in, refreshed and signed out, and no script sees a token', async (stage, t) => {
  const site = await startSite(stage, t);
  const visitor = await stage.visitor();
  visitor.context.setDefaultTimeout(20_000);
  await visitor.signUp('ada@example.com');
  await typeCode(stage, visitor, 'ada@example.com');
  const { page, context } = visitor;
  const asked = watchSite(visitor);
  assert.equal((await open(page, `${site.origin}/list?page=2#note-7`)).status, 'signed-out');
  assert.deepEqual(asked, [path('me'), path('refresh')]);
  const { status, user } = await signIn(page);
  assert.equal(status, 'signed-in');
  assert.ok(user !== null && 'email' in user && user.email === 'ada@example.com');
  assert.equal(page.url(), `${site.origin}/list?page=2#note-7`);
  asked.length = 0;
  await page.reload();
  assert.equal((await session(page)).status, 'signed-in');
  assert.deepEqual(asked, [path('me')], 'nothing is spent where nothing has ended');
  assert.deepEqual(await page.evaluate(async () => [await portico.getAccessToken(), portico.getCsrfToken()]), [null, null]);
  const notes = () => page.evaluate(async () => (await portico.fetch('/api/notes')).json() as Promise<unknown>);
  assert.deepEqual(await notes(), { authorization: null }, 'the cookie says it');

  // Refused once: a refresh, and once more.
  let refused = 0;
  await page.route('**/api/notes', async (route) => {
    refused += 1;
    if (refused === 1) await route.fulfill({ status: 401, json: {} });
    else await route.continue();
  });
  asked.length = 0;
  assert.deepEqual(await notes(), { authorization: null });
  assert.deepEqual([asked, refused], [[path('refresh')], 2]);
  assert.equal(await page.evaluate(() => portico.refresh()), true);
  await page.evaluate(() => portico.extend());

  // A backend that is away signs nobody out.
  const away = (url: URL) => url.pathname.startsWith(SITE_PREFIX);
  await page.route(away, (route) => route.fulfill({ status: 503, json: { error: 'unavailable' } }));
  await page.reload();
  assert.equal((await session(page)).status, 'offline');
  await page.unroute(away);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.waitForFunction(() => portico.session.status === 'signed-in');

  const other = await context.newPage();
  assert.equal((await open(other, site.origin)).status, 'signed-in');
  await page.evaluate(() => portico.signOut());
  await other.waitForFunction(() => portico.session.status === 'signed-out');
  await other.reload();
  assert.equal((await session(other)).status, 'signed-out');
  await other.goto(`${stage.app}${PAGES.dashboard}`);
  assert.equal(new URL(other.url()).pathname, PAGES.signIn, 'on all sites');
  assert.deepEqual(visitor.complaints, []);
});
