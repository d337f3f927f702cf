import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { createServer } from 'vite';
import { freePort, runPortico } from '../portico-process.ts';
import { onStage, type Stage, typeCode, type Visitor } from './visitor.ts';

/** As a new user does it: `portico add` in the folder of an app, the lines that it prints copied into files, and the app started. */

const ROOT = join(import.meta.dirname, '..', '..', '..');
const EMAIL = 'ada@example.com';

interface AddedApp {
  readonly folder: string;
  readonly origin: string;
  readonly port: number;
  readonly files: readonly string[];
}

/** An app that depends on this, added, with the printed lines in their files. */
async function addedApp(stage: Stage, t: TestContext, manifest: object, ...options: string[]): Promise<AddedApp> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-added-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  linkPackages(folder);
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const env = { PORTICO_DATA_DIR: stage.dataDir, PORTICO_ORIGIN: stage.app };
  const { stdout, stderr } = await runPortico(['add', origin, ...options, '--json'], env, undefined, folder);
  assert.equal(stderr, '');
  const { files } = JSON.parse(stdout) as { files: readonly { put: string; text: string }[] };
  for (const { put, text } of files) writeInto(folder, put, text);
  return { folder, origin, port, files: files.map(({ put }) => put) };
}

function writeInto(folder: string, put: string, text: string): void {
  mkdirSync(dirname(join(folder, put)), { recursive: true });
  writeFileSync(join(folder, put), text);
}

/** Every package of this repository, where the app looks for its own. */
function linkPackages(folder: string): void {
  const place = join(folder, 'node_modules');
  mkdirSync(join(place, '@sveltejs'), { recursive: true });
  const link = (from: string, name: string) => symlinkSync(join(ROOT, from, name), join(place, name));
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((one) => one !== '@sveltejs' && !one.startsWith('.')))
    link('node_modules', name);
  for (const name of readdirSync(join(ROOT, 'node_modules', '@sveltejs'))) link('node_modules', `@sveltejs/${name}`);
  link('sdk/server/node_modules', '@sveltejs/kit');
}

/** Starts the backend as its developer does, and waits until it answers. */
async function startBackend(t: TestContext, { folder, origin }: AddedApp, command: readonly string[]): Promise<void> {
  const backend = spawn(process.execPath, command, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(() => backend.kill());
  for (let tries = 0; backend.exitCode === null && tries < 300; tries += 1) {
    if (await fetch(origin).then(Boolean, () => false)) return;
    await sleep(100);
  }
  throw new Error(`${command.join(' ')} did not answer`);
}

async function newVisitor(stage: Stage): Promise<Visitor> {
  const visitor = await stage.visitor();
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  return visitor;
}

const allow = (page: Page) => page.click(`form[action="${PAGES.consent}"] button`);

interface Backend {
  readonly name: string;
  readonly manifest: object;
  readonly options?: readonly string[];
  /** What is in the app already. */
  readonly before?: Readonly<Record<string, string>>;
  /** How it is started: the printed file, unless said otherwise. */
  readonly command?: (app: AddedApp) => readonly string[];
}

/** Next.js itself is not among our packages: its part here is to hand a request to the route of its path, as it does. */
const ROUTER = `
import { createServer } from 'node:http';
import { registerHooks } from 'node:module';

registerHooks({ resolve: (name, context, next) => next(/lib\\/portico$/.test(name) ? name + '.js' : name, context) });
const auth = await import('./app/auth/[...portico]/route.js');
const me = await import('./app/me/route.js');
const [port] = process.argv.slice(2);
createServer(async ({ method, url, headers }, response) => {
  const route = url.startsWith('/auth/') ? auth : url === '/me' ? me : null;
  const request = new Request('http://localhost:' + port + url, { method, headers });
  const answer = route === null
    ? new Response('<a href="/auth/login?returnTo=/me">Sign in</a>', { headers: { 'content-type': 'text/html' } })
    : await route[method](request);
  response.writeHead(answer.status, [...answer.headers].flat());
  response.end(Buffer.from(await answer.arrayBuffer()));
}).listen(port);
`;

const BACKENDS: readonly Backend[] = [
  { name: 'Fastify', manifest: { dependencies: { fastify: '5' } } },
  { name: 'Express', manifest: { dependencies: { express: '5' } } },
  { name: 'Hono', manifest: { dependencies: { hono: '4' }, type: 'module' } },
  { name: 'Node', manifest: {}, options: ['--kind', 'web'] },
  {
    name: 'Next',
    manifest: { dependencies: { next: '16', react: '19' }, type: 'module' },
    before: { 'router.js': ROUTER },
    command: ({ port }) => ['router.js', String(port)],
  },
  {
    name: 'SvelteKit',
    manifest: { type: 'module', devDependencies: { '@sveltejs/kit': '3', svelte: '5', vite: '8' } },
    before: {
      'vite.config.js':
        "import { sveltekit } from '@sveltejs/kit/vite';\nexport default { plugins: [sveltekit()], server: { fs: { strict: false } } };\n",
      'src/app.html': '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
      'src/routes/+page.svelte': '<a href="/auth/login?returnTo=/me" data-sveltekit-reload>Sign in</a>',
    },
    command: ({ port }) => ['node_modules/vite/bin/vite.js', 'dev', '--port', String(port), '--strictPort'],
  },
];

onStage('the printed lines are a backend that people sign in to, in each framework', async (stage, t) => {
  const { page } = await newVisitor(stage);
  for (const { name, manifest, options = [], before = {}, command } of BACKENDS) {
    const app = await addedApp(stage, t, { name, ...manifest }, ...options);
    for (const [put, text] of Object.entries(before)) writeInto(app.folder, put, text);
    await startBackend(t, app, command?.(app) ?? app.files);
    assert.equal((await page.request.get(`${app.origin}/me`)).status(), 401, name);
    await page.goto(app.origin);
    await page.click('text=Sign in');
    await page.waitForURL((url) => url.pathname === PAGES.consent);
    await allow(page);
    await page.waitForURL(`${app.origin}/me`);
    const user = JSON.parse(await page.innerText('body')) as { email: string };
    assert.equal(user.email, EMAIL, name);
  }
});

const PAGES_OF_APPS: readonly (readonly [name: string, manifest: object, main: string | null])[] = [
  ['Vite', { devDependencies: { vite: '8' } }, null],
  [
    'React',
    { dependencies: { react: '19' }, devDependencies: { vite: '8', typescript: '6' } },
    "import { createElement } from 'react';\nimport { createRoot } from 'react-dom/client';\nimport { SignIn } from './SignIn';\ncreateRoot(document.body.appendChild(document.createElement('div'))).render(createElement(SignIn));",
  ],
  [
    'Svelte',
    { devDependencies: { vite: '8', svelte: '5' } },
    "import { mount } from 'svelte';\nimport SignIn from './SignIn.svelte';\nmount(SignIn, { target: document.body });",
  ],
];

onStage('the printed lines are pages that people sign in to and out of, in each framework', async (stage, t) => {
  const visitor = await newVisitor(stage);
  const { page, complaints } = visitor;
  for (const [name, manifest, main] of PAGES_OF_APPS) {
    const app = await addedApp(stage, t, { name, ...manifest });
    const script = main === null ? (app.files[1] ?? '') : 'src/start.js';
    if (main !== null) writeFileSync(join(app.folder, script), main);
    writeFileSync(
      join(app.folder, 'index.html'),
      `<!doctype html><title>${name}</title><body><script type="module" src="/${script}"></script>`,
    );
    const plugins = name === 'Svelte' ? [(await import('@sveltejs/vite-plugin-svelte')).svelte({ configFile: false })] : [];
    const vite = await createServer({
      root: app.folder,
      configFile: false,
      logLevel: 'error',
      plugins,
      cacheDir: join(app.folder, '.vite'),
      server: { port: app.port, strictPort: true, fs: { strict: false } },
    });
    await vite.listen();
    t.after(() => vite.close());
    await page.goto(app.origin);
    await page.click('button:has-text("Sign in")');
    await page.waitForURL((url) => url.pathname === PAGES.consent);
    await allow(page);
    await page.waitForURL(`${app.origin}/`);
    await page.click('button:has-text("Sign out")');
    await page.waitForSelector('button:has-text("Sign in")');
    assert.equal(new URL(page.url()).href, `${app.origin}/`, name);
    // Signed out of the app and of Portico: the next app begins with a sign-in.
    await visitor.signIn(EMAIL);
  }
  assert.deepEqual(complaints, []);
});

onStage('the quick start of Vite ends with an API that knows the user by the token of the page', async (stage, t) => {
  const visitor = await newVisitor(stage);
  const { page } = visitor;
  const app = await addedApp(stage, t, { name: 'notes', devDependencies: { vite: '8' } });
  const lines = (from: string) => readFileSync(join(ROOT, 'examples', 'snippets', from), 'utf8');
  const clientId = /clientId: '([^']+)'/.exec(readFileSync(join(app.folder, app.files[0] ?? ''), 'utf8'))?.[1] ?? '';
  const api = await freePort();
  const ofThisApp = (text: string) =>
    text
      .replace('http://localhost:4000', stage.app)
      .replace("'notes'", `'${clientId}'`)
      .replaceAll(/\b3001\b/g, String(api));
  writeInto(app.folder, 'api.mjs', ofThisApp(lines('start/api.ts')));
  writeInto(app.folder, 'src/call.js', lines('client/call.ts').replace('.ts', '.js'));
  writeInto(
    app.folder,
    'index.html',
    `<!doctype html><title>notes</title><body><script type="module" src="/${app.files[1]}"></script><script type="module" src="/src/call.js"></script>`,
  );
  await startBackend(t, { ...app, origin: `http://localhost:${api}` }, ['api.mjs']);
  writeInto(app.folder, 'vite.config.js', ofThisApp(lines('start/vite.config.ts')));
  const vite = await createServer({
    root: app.folder,
    logLevel: 'error',
    cacheDir: join(app.folder, '.vite'),
    server: { port: app.port, strictPort: true, fs: { strict: false } },
  });
  await vite.listen();
  t.after(() => vite.close());
  await page.goto(app.origin);
  await page.waitForSelector('pre:has-text("token_missing")');
  await page.click('button:has-text("Sign in")');
  await page.waitForURL((url) => url.pathname === PAGES.consent);
  await allow(page);
  await page.waitForURL(`${app.origin}/`);
  await page.waitForSelector('pre:has-text(\'"roles":[]\')');
});
