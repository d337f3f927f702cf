import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PAGES } from '@portico/protocol/routes';
import { onStage, typeCode } from './visitor.ts';

const threeHosts = {
  settings: (port: number) => ({
    PORTICO_ORIGIN: `http://example.localhost:${port}`,
    PORTICO_APP_ORIGIN: `http://app.example.localhost:${port}`,
    PORTICO_API_ORIGIN: `http://api.example.localhost:${port}`,
  }),
  app: (port: number) => `http://app.example.localhost:${port}`,
};

onStage(
  'three hosts: from the landing page to the sign-up, the code, the dashboard and out again; every cookie lives on the API’s host',
  async (stage) => {
    const visitor = await stage.visitor();
    const { page, context } = visitor;
    const landing = stage.app.replace('app.', '');
    await page.goto(landing);
    await page.locator(`a[href^="${stage.app}${PAGES.signIn}"]`).first().click();
    await page.waitForURL((url) => url.origin === stage.app && url.pathname === PAGES.signIn);
    await visitor.signUp('ada@example.com');
    await typeCode(stage, visitor, 'ada@example.com');
    await page.getByText('ada@example.com').first().waitFor();
    assert.deepEqual([...new Set((await context.cookies()).map(({ domain }) => domain))], ['api.example.localhost']);

    // Seed 000's start, on three hosts.
    const refreshed = page.waitForResponse((response) => response.url().endsWith('/refresh'));
    await page.goto(stage.app + PAGES.dashboard);
    assert.equal((await refreshed).status(), 200);
    await page.getByText('ada@example.com').first().waitFor();

    await page.locator('form#log-out button').click();
    await page.waitForURL((url) => url.pathname === PAGES.signIn);
    await page.goto(stage.app + PAGES.dashboard);
    await page.waitForURL((url) => url.pathname === PAGES.signIn);
    await visitor.signIn('ada@example.com');
    assert.deepEqual(visitor.complaints, []);
  },
  threeHosts,
);

onStage(
  'three hosts: a sibling host gets neither an answer that it may read nor a change',
  async (stage) => {
    const visitor = await stage.visitor();
    await visitor.signUp('ada@example.com');
    await typeCode(stage, visitor, 'ada@example.com');
    const api = stage.app.replace('app.', 'api.');
    await visitor.page.goto(stage.app.replace('app.', ''));
    const outcome = await visitor.page.evaluate(async (url) => {
      const read = await fetch(`${url}/api/v1/auth/session`, { credentials: 'include' }).then(
        () => 'read',
        () => 'blocked',
      );
      const changed = await fetch(`${url}/api/v1/auth/refresh`, { method: 'POST', credentials: 'include', mode: 'no-cors' }).then(
        ({ type }) => type,
      );
      return [read, changed];
    }, api);
    assert.deepEqual(outcome, ['blocked', 'opaque']);
    await visitor.page.goto(stage.app + PAGES.dashboard);
    await visitor.page.getByText('ada@example.com').first().waitFor();
  },
  threeHosts,
);

onStage(
  'three hosts without JavaScript: the page says that it is needed',
  async (stage) => {
    const visitor = await stage.visitor({ javaScriptEnabled: false });
    await visitor.page.goto(stage.app + PAGES.signIn);
    assert.match((await visitor.page.textContent('body')) ?? '', /JavaScript/);
  },
  threeHosts,
);

const ASSETS = fileURLToPath(new URL('../../../ui/dist/client/assets', import.meta.url));
/** A content delivery network: the built assets, on an origin of its own. */
const cdn = createServer((request, response) => {
  const type = request.url?.endsWith('.css') ? 'text/css' : request.url?.endsWith('.svg') ? 'image/svg+xml' : 'text/javascript';
  readFile(join(ASSETS, basename(request.url ?? ''))).then(
    (file) =>
      response
        .writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' })
        .end(file),
    () => response.writeHead(404).end(),
  );
});
cdn.listen(0, '127.0.0.1').unref();
await once(cdn, 'listening');
const cdnOrigin = `http://127.0.0.1:${(cdn.address() as AddressInfo).port}`;

onStage(
  'assets from a CDN: scripts and styles come from there, and the policy allows nothing else',
  async (stage) => {
    const visitor = await stage.visitor();
    const asked = new Set<string>();
    visitor.page.on('request', (request) => asked.add(`${new URL(request.url()).origin} ${request.resourceType()}`));
    await visitor.page.goto(stage.app + PAGES.signIn);
    await visitor.page.waitForSelector('html[data-alive]');
    assert.ok(asked.has(`${cdnOrigin} script`) && asked.has(`${cdnOrigin} stylesheet`), [...asked].join(', '));
    assert.ok(!asked.has(`${stage.app} script`));
    assert.deepEqual(visitor.complaints, []);
  },
  { settings: () => ({ PORTICO_ASSET_BASE: cdnOrigin }) },
);

const folder = await mkdtemp(join(tmpdir(), 'portico-static-'));
await mkdir(join(folder, 'sub'));
await mkdir(join(folder, 'login'));
await writeFile(join(folder, 'index.html'), '<!doctype html><title>Ours</title><h1>Our own page</h1>');
await writeFile(join(folder, 'login', 'index.html'), 'shadowed');
for (const name of ['.env', 'notes.bak', 'app.js.map', 'dump.sql', 'sub/page.txt']) await writeFile(join(folder, name), 'content');
process.on('exit', () => void rm(folder, { recursive: true, force: true }));

onStage(
  'a folder of the operator’s own is served at / without listings, dot files or leftovers, and our paths win',
  async (stage) => {
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${stage.portico.port}${path}`, { redirect: 'manual' })).status;
    assert.match(await (await fetch(`http://127.0.0.1:${stage.portico.port}/`)).text(), /Our own page/);
    assert.equal(await status('/sub/page.txt'), 200);
    for (const path of [
      '/.env',
      '/notes.bak',
      '/app.js.map',
      '/dump.sql',
      '/sub/',
      '/sub',
      '/../portico.sqlite',
      '/%2e%2e/portico.sqlite',
      '/%2eenv',
      '/sub/..%2f.env',
      '/.git/config',
    ]) {
      assert.ok([403, 404].includes(await status(path)), `${path} answered ${await status(path)}`);
    }
    const visitor = await stage.visitor();
    await visitor.page.goto(stage.app + PAGES.signIn);
    assert.equal(await visitor.page.locator('input[name=email]').count(), 1);
  },
  { settings: () => ({ PORTICO_STATIC_DIR: folder }) },
);
