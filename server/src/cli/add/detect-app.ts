import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Framework } from '../../clients/snippets.ts';

/** What `portico add` finds out about the app in a folder, from what its package.json depends on. */

export const APP_KINDS = ['spa', 'web'] as const;
/** `spa` runs in the browser alone, `web` has a backend. */
export type AppKind = (typeof APP_KINDS)[number];

export interface App {
  readonly framework: Framework;
  readonly kind: AppKind;
  readonly name: string;
  /** Whether it is written in TypeScript. */
  readonly typed: boolean;
  /** Whether Node takes its files for modules without being told by their names. */
  readonly modules: boolean;
}

/** `usage`: the command line can mend it. */
export type Detected =
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'problem'; readonly problem: string; readonly usage: boolean };

/** They bring pages and a backend at once, and are built on what follows; so they are looked for first. */
const WHOLE: readonly (readonly [string, Framework])[] = [
  ['@sveltejs/kit', 'sveltekit'],
  ['next', 'next'],
];
/** The same, without lines of their own. What they are built on says nothing about where they run. */
const OTHER_WHOLE = [
  'nuxt',
  'astro',
  '@remix-run/react',
  '@react-router/dev',
  '@tanstack/react-start',
  '@solidjs/start',
  '@analogjs/platform',
];
/** Fastify before Express: whoever has both runs Express middleware inside Fastify. */
const BACKENDS = ['fastify', 'hono', 'express'] as const;
const VIEWS = ['svelte', 'react'] as const;

/** `wanted` is what the command line says; it comes before what is found. Changes nothing. */
export function detectApp(folder: string, wanted: { readonly kind: AppKind | null; readonly name: string | null }): Detected {
  const read = readManifest(join(folder, 'package.json'));
  if ('problem' in read) return { kind: 'problem', ...read };
  const has = (name: string) => read.dependencies.has(name);
  const whole = WHOLE.find(([name]) => has(name))?.[1];
  const foreign = OTHER_WHOLE.find(has);
  const backend = BACKENDS.find(has);
  const kind = wanted.kind ?? kindOf({ whole, foreign, backend, vite: has('vite') });
  if (kind !== 'spa' && kind !== 'web') return { kind: 'problem', problem: kind.problem, usage: true };
  const view = VIEWS.find(has) ?? (whole === 'sveltekit' ? 'svelte' : whole === 'next' ? 'react' : 'vite');
  const name = wanted.name ?? nameOf(read.name, folder);
  return {
    kind: 'app',
    app: { framework: kind === 'spa' ? view : (whole ?? backend ?? 'node'), kind, name, typed: has('typescript'), modules: read.modules },
  };
}

const BOTH = '--kind spa for pages that run in the browser alone, --kind web for a backend that keeps the sign-in';

function kindOf(found: {
  readonly whole: Framework | undefined;
  readonly foreign: string | undefined;
  readonly backend: string | undefined;
  readonly vite: boolean;
}): AppKind | { readonly problem: string } {
  if (found.whole !== undefined) return 'web';
  if (found.foreign !== undefined) return { problem: `this app uses ${found.foreign}, which may run on both sides; say which: ${BOTH}` };
  if (found.vite && found.backend !== undefined)
    return { problem: `this folder has Vite and ${found.backend}; say which of the two is meant: ${BOTH}` };
  if (found.vite) return 'spa';
  if (found.backend !== undefined) return 'web';
  return { problem: `package.json names no framework that is known here; say what the app is: ${BOTH}` };
}

interface Manifest {
  readonly name: unknown;
  readonly modules: boolean;
  readonly dependencies: ReadonlySet<string>;
}

function readManifest(path: string): Manifest | { readonly problem: string; readonly usage: boolean } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const absent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (absent)
      return {
        problem: `there is no package.json in ${path.slice(0, -'/package.json'.length)}: run it in the folder of the app`,
        usage: true,
      };
    return { problem: `${path} cannot be read (${(cause as Error).message})`, usage: false };
  }
  try {
    // Some editors write a byte order mark, which JSON does not know.
    const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (!isObject(manifest)) return { problem: `${path} holds no JSON object`, usage: false };
    const names = ['dependencies', 'devDependencies'].flatMap((list) => (isObject(manifest[list]) ? Object.keys(manifest[list]) : []));
    return { name: manifest['name'], modules: manifest['type'] === 'module', dependencies: new Set(names) };
  } catch (cause) {
    return { problem: `${path} is broken: ${(cause as Error).message.replaceAll(/\s+/g, ' ')}`, usage: false };
  }
}

/** `@acme/notes` -> `notes`; without a name the folder's. */
function nameOf(name: unknown, folder: string): string {
  const given = typeof name === 'string' ? (name.split('/').at(-1) ?? '') : '';
  return given === '' ? basename(folder) : given;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
