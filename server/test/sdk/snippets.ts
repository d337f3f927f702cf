import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../portico-process.ts';

/** The sites of examples/snippets/server, each in a process of its own as a reader would start it. */

const ROOT = join(import.meta.dirname, '../../..');
const SNIPPETS = join(ROOT, 'examples/snippets/server');
const SERVE = join(import.meta.dirname, 'serve-snippet.ts');
const STARTS_WITHIN = 60_000;

export const FRAMEWORKS = ['fastify', 'express', 'hono', 'request', 'sveltekit'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

export interface Answer {
  readonly status: number;
  /** Without its charset. */
  readonly type: string;
  readonly challenge: string | null;
  readonly retryAfter: string | null;
  readonly cacheControl: string | null;
  /** What JSON says, or the text. */
  readonly body: unknown;
}

export interface RunningSnippet {
  readonly framework: Framework;
  /** Headers as names and values by turns, so that one may come twice. */
  ask(method: string, path: string, headers: readonly string[]): Promise<Answer>;
  end(): Promise<void>;
}

export async function startSnippet(framework: Framework, env: Readonly<Record<string, string>>): Promise<RunningSnippet> {
  const port = await freePort();
  const folder = framework === 'sveltekit' ? await buildSvelteKit() : null;
  const program = {
    fastify: [join(SNIPPETS, 'fastify.ts')],
    express: [join(SNIPPETS, 'express.ts')],
    hono: [join(SNIPPETS, 'hono.ts')],
    request: [SERVE, join(SNIPPETS, 'request.ts'), 'request'],
    sveltekit: [SERVE, folder ?? '', 'sveltekit'],
  }[framework];
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, program, {
    env: { PATH, HOME, PORT: String(port), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const snippet: RunningSnippet = {
    framework,
    ask: (method, path, headers) => ask(port, method, path, headers),
    end: async () => {
      await ended(child);
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilItAnswers(snippet, child);
  } catch (cause) {
    await snippet.end();
    throw cause;
  }
  return snippet;
}

async function untilItAnswers({ ask, framework }: RunningSnippet, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + STARTS_WITHIN;
  for (;;) {
    const answer = await ask('GET', '/me', []).catch(() => null);
    if (answer !== null) return;
    assert.ok(child.exitCode === null && performance.now() < deadline, `${framework} does not start`);
    await sleep(20);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}

async function ask(port: number, method: string, path: string, headers: readonly string[]): Promise<Answer> {
  const origin = `http://127.0.0.1:${port}`;
  const asked = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: ['Host', `127.0.0.1:${port}`, 'Origin', origin, ...headers],
  });
  asked.end();
  const [response] = await once(asked, 'response');
  const body = await text(response);
  const header = (name: string) => (response.headers[name] as string | undefined) ?? null;
  const [type = ''] = (header('content-type') ?? '').split(';');
  return {
    status: response.statusCode,
    type,
    challenge: header('www-authenticate'),
    retryAfter: header('retry-after'),
    cacheControl: header('cache-control'),
    body: type === 'application/json' ? JSON.parse(body) : body,
  };
}

/** A whole app, built by SvelteKit itself; its packages are those of this repository. */
async function buildSvelteKit(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-sveltekit-'));
  const packages = {
    '@sveltejs/kit': 'sdk/server/node_modules/@sveltejs/kit',
    '@sveltejs/vite-plugin-svelte': 'node_modules/@sveltejs/vite-plugin-svelte',
    '@portico/server': 'sdk/server',
    svelte: 'node_modules/svelte',
    vite: 'node_modules/vite',
  };
  for (const [name, place] of Object.entries(packages)) {
    const link = join(folder, 'node_modules', name);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(join(ROOT, place), link);
  }
  await cp(join(SNIPPETS, 'sveltekit'), folder, { recursive: true });
  const files = {
    'package.json': '{ "type": "module", "private": true }',
    'vite.config.js': "import { sveltekit } from '@sveltejs/kit/vite';\nexport default { plugins: [sveltekit()] };\n",
    'src/app.html': '<!doctype html><html lang="en"><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
    'src/routes/page/+page.server.js':
      "import { requireUser } from '@portico/server/sveltekit';\nexport const load = async (event) => ({ id: (await requireUser(event)).id });\n",
    'src/routes/page/+page.svelte': '<script>let { data } = $props();</script>\n<p>{data.id}</p>\n',
    'src/routes/maybe/+server.js':
      "import { requireUser } from '@portico/server/sveltekit';\nexport const GET = async (event) => requireUser(event).then(({ id }) => Response.json({ id }), () => Response.json({ id: event.locals.user }));\n",
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  await promisify(execFile)(process.execPath, [join(folder, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: folder });
  return folder;
}
