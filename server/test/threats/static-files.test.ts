import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { AUTH_PREFIX, PAGES, SYSTEM } from '@portico/protocol/routes';
import type { Answered, Browser } from '../browser.ts';
import { inWorld } from '../world.ts';

/** Files that are served, and all those beside them that are not. */

const PAGE = { headers: { accept: 'text/html' } };
const outside = mkdtempSync(join(tmpdir(), 'portico-static-'));
const staticDir = join(outside, 'public');
after(() => rmSync(outside, { recursive: true, force: true }));

const SERVED: Readonly<Record<string, string>> = {
  'index.html': '<!doctype html><title>Own landing page</title>',
  'about/index.html': '<!doctype html><title>About</title>',
  'pictures/one.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'robots.txt': 'User-agent: *',
};
/** Names of ours, which must win. */
const LOSERS = ['login', 'dashboard/index.html', 'api/v1/auth/session', 'assets/own.js', 'healthz', '.well-known/jwks.json'];
/** What lies in such folders by accident. */
const ACCIDENTS = [
  '.git/config',
  '.git/HEAD',
  '.env',
  '.htpasswd',
  '.well-known/keys.txt',
  'about/.env.local',
  'about/.hidden/file.txt',
  'app.js.map',
  'app.ts',
  'prod.env',
  'backup.sql',
  'page.html.bak',
  'portico.sqlite',
  'master.key',
  'tls.pem',
  'npm-debug.log',
];
const BESIDE = ['../secret.txt', '../public-too/secret.txt'];

function write(name: string, text: string): void {
  mkdirSync(dirname(join(staticDir, name)), { recursive: true });
  writeFileSync(join(staticDir, name), text);
}
for (const [name, text] of Object.entries(SERVED)) write(name, text);
for (const name of [...LOSERS, ...ACCIDENTS, ...BESIDE]) write(name, `canary ${name}`);

/** Other ways to write a path, which some servers decode once more than others. */
function spellings(name: string): string[] {
  const dotted = name.replaceAll('.', '%2e');
  const upper = name.replace(/\.\w+$/, (end) => end.toUpperCase());
  return [
    `/${name}`,
    `/${dotted}`,
    `/${name.replaceAll('/', '%2f')}`,
    `//${name}`,
    `/about/../${name}`,
    `/about/%2e%2e/${name}`,
    `/./${name}`,
    `/${name}/`,
    `/${name}%00`,
    `/${name}%20`,
    `/${name}.`,
    `/${name}?x`,
    `/${name};x`,
    `/${upper}`,
    `/%252e/${dotted.replaceAll('%', '%25')}`,
  ];
}

const TRAVERSALS = [
  '..',
  '%2e%2e',
  '..%2f',
  '%2e%2e%2f',
  '..%5c',
  '%2e%2e%5c',
  '..%c0%af',
  '..%252f',
  '..;',
  '.../..',
  '..%00',
  '....//',
].flatMap((up) => [
  `/${up}/secret.txt`,
  `/${up}/public-too/secret.txt`,
  `/about/${up}/${up}/secret.txt`,
  `/${`${up}/`.repeat(12)}etc/passwd`,
  `${SYSTEM.assets}/${up}/${up}/${up}/package.json`,
  `${SYSTEM.assets}/${up}/server/render.js`,
]);

async function requireAbsent(browser: Browser, path: string): Promise<void> {
  for (const options of [PAGE, {}]) {
    const answered: Answered = await browser.send('GET', path, undefined, options);
    assert.ok(
      !answered.text.includes('canary') && !answered.text.includes('root:') && !answered.text.includes('"dependencies"'),
      `${path}: ${answered.text.slice(0, 80)}`,
    );
    assert.ok(
      [400, 403, 404].includes(answered.status) || (answered.status >= 300 && answered.status < 304),
      `${path}: ${answered.status}`,
    );
  }
}

inWorld(
  'the operator’s folder is served without lists, dot files and accidents, and never past its edge',
  async (world) => {
    const browser = world.browser();
    const own = await browser.send('GET', '/', undefined, PAGE);
    assert.match(own.text, /Own landing page/);
    assert.equal((await browser.send('GET', '/robots.txt')).text, 'User-agent: *');
    assert.match(String((await browser.send('GET', '/pictures/one.svg')).headers['content-type']), /^image\/svg\+xml/);
    for (const name of ACCIDENTS) for (const path of spellings(name)) await requireAbsent(browser, path);
    for (const path of [...TRAVERSALS, '/pictures', '/pictures/', '/pictures/.', '/pictures//', '/about/.hidden/', '/.git', '/.git/'])
      await requireAbsent(browser, path);
  },
  { config: { staticDir } },
);

inWorld(
  'our own paths win over files of the same name, and carry our headers, as the files do',
  async (world) => {
    const browser = world.browser();
    const ours = [PAGES.signIn, PAGES.dashboard, `${AUTH_PREFIX}/session`, SYSTEM.health, SYSTEM.jwks, `${SYSTEM.assets}/own.js`];
    for (const path of ours) assert.ok(!(await browser.send('GET', path, undefined, PAGE)).text.includes('canary'), path);
    for (const path of ['/', '/robots.txt', '/pictures/one.svg', '/nowhere']) {
      const { headers } = await browser.send('GET', path, undefined, PAGE);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.match(String(headers['strict-transport-security']), /max-age=31536000/, path);
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, path);
      assert.equal(headers['access-control-allow-origin'], undefined, path);
    }
  },
  { config: { staticDir } },
);

inWorld('without such a folder nothing but the pages’ own scripts and styles is served: no source, no map, no list', async (world) => {
  const browser = world.browser();
  for (const name of [
    '.git/HEAD',
    '.env',
    '.npmrc',
    'package.json',
    'server/src/main.ts',
    'src/main.ts',
    'portico-data/master.key',
    'master.key',
    'node_modules/fastify/package.json',
    '.DS_Store',
    'wp-login.php',
    'server-status',
    'metrics',
    'docs',
    'graphql',
    'actuator/env',
    'debug/pprof',
  ])
    await requireAbsent(browser, `/${name}`);
  for (const path of [SYSTEM.assets, `${SYSTEM.assets}/`, `${SYSTEM.assets}/.`, ...TRAVERSALS]) await requireAbsent(browser, path);
  const page = await browser.send('GET', PAGES.signIn, undefined, PAGE);
  const files = [...page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => found[1] ?? '');
  assert.ok(files.length >= 2);
  for (const file of files) {
    const asset = await browser.send('GET', file);
    assert.equal(asset.status, 200, file);
    assert.ok(!asset.text.includes('sourceMappingURL'), file);
    assert.equal((await browser.send('GET', `${file}.map`)).status, 404, file);
    const signedIn = await (await world.signedUp(`${file.replace(/\W+/g, '-').slice(1, 40)}@example.com`)).send('GET', file);
    assert.equal(signedIn.text, asset.text, 'a script knows nobody');
  }
});

inWorld('a page under a made-up file name is 404, so no cache can be made to keep somebody’s dashboard', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  for (const path of [PAGES.dashboard, `${AUTH_PREFIX}/me`, `${AUTH_PREFIX}/session`, PAGES.signOut]) {
    for (const end of ['/x.css', '/x.js', ';x.css', '%2fx.css', '.css', '.js', '%3fx.css', '/..%2fx.css', '%00.css', '/%0ax.png']) {
      const answered = await browser.send('GET', path + end, undefined, PAGE);
      assert.ok([400, 404].includes(answered.status), `${path}${end}: ${answered.status}`);
      assert.equal(answered.headers['cache-control'], 'no-store');
      assert.ok(!answered.text.includes('ada@example.com'), path + end);
    }
  }
});
