import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Framework, Snippet } from '../../server/src/clients/snippets.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples', 'snippets');

interface Source {
  /** Where the lines go in an app. */
  readonly put: string;
  /** The file of examples/snippets that tests run. */
  readonly from: string;
  /** There the file that it imports lies beside it; in an app it is here. */
  readonly portico?: string;
}

const PORTICO: Source = { put: 'src/portico.ts', from: 'client/portico.ts' };

const SOURCES: Readonly<Record<Framework, readonly Source[]>> = {
  vite: [PORTICO, { put: 'src/main.ts', from: 'client/vite.ts' }],
  react: [PORTICO, { put: 'src/SignIn.tsx', from: 'client/react.tsx' }],
  svelte: [PORTICO, { put: 'src/SignIn.svelte', from: 'client/svelte.svelte' }],
  sveltekit: [
    { put: 'src/lib/server/portico.ts', from: 'start/sveltekit/portico.ts' },
    { put: 'src/hooks.server.ts', from: 'start/sveltekit/hooks.server.js', portico: './lib/server/portico' },
    { put: 'src/routes/me/+server.ts', from: 'start/sveltekit/server.js', portico: '../../lib/server/portico' },
  ],
  next: [
    { put: 'lib/portico.ts', from: 'start/next/portico.ts' },
    { put: 'app/auth/[...portico]/route.ts', from: 'start/next/auth.ts', portico: '../../../lib/portico' },
    { put: 'app/me/route.ts', from: 'start/next/me.ts', portico: '../../lib/portico' },
  ],
  express: [{ put: 'server.ts', from: 'start/express.ts' }],
  fastify: [{ put: 'server.ts', from: 'start/fastify.ts' }],
  hono: [{ put: 'server.ts', from: 'start/hono.ts' }],
  node: [{ put: 'server.ts', from: 'start/node.ts' }],
};

/** What `portico add` prints and the quick starts show. */
export function snippetsOf(framework: Framework): readonly Snippet[] {
  return SOURCES[framework].map(({ put, from, portico }) => {
    const text = readSnippet(from);
    return { put, text: portico === undefined ? text : text.replace("'./portico.ts'", `'${portico}'`) };
  });
}

/** A file of examples/snippets. */
export function readSnippet(from: string): string {
  return readFileSync(join(EXAMPLES, from), 'utf8');
}

/** server/data/snippets.json: the same for the command line, which is installed without the examples. */
export function snippetsFile(): string {
  const all = Object.fromEntries((Object.keys(SOURCES) as Framework[]).map((framework) => [framework, snippetsOf(framework)]));
  return `${JSON.stringify(all, null, 2)}\n`;
}
