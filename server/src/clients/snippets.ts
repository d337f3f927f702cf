import { readFileSync } from 'node:fs';

/** The lines that add sign-in to a site, by framework. */

export const FRAMEWORKS = ['vite', 'react', 'svelte', 'sveltekit', 'next', 'express', 'fastify', 'hono', 'node'] as const;
/** Whose lines are shown. `vite` stands for pages without a framework that has lines of its own, `node` for such a backend. */
export type Framework = (typeof FRAMEWORKS)[number];

/** A file that the developer makes, or the lines that go into one. */
export interface Snippet {
  /** From the app's folder. */
  readonly put: string;
  readonly text: string;
}

/** What an app's own lines say in place of what stands in the examples. */
export interface SnippetValues {
  readonly issuer: string;
  readonly clientId: string;
  readonly baseUrl: string;
  readonly clientSecretFile: string;
}

export const SECRET_FOLDER = '.portico';
/** Where the lines expect the secret, from the app's folder. */
export const secretFileOf = (clientId: string) => `${SECRET_FOLDER}/${clientId}.secret`;

/** The lines that `npm run docs` took from examples/snippets, where tests run them. */
const SNIPPETS = new URL('../../data/snippets.json', import.meta.url);
let read: Readonly<Record<Framework, readonly Snippet[]>> | null = null;

/** In TypeScript. */
export function snippetsFor(framework: Framework, values: SnippetValues): Snippet[] {
  read ??= JSON.parse(readFileSync(SNIPPETS, 'utf8')) as Readonly<Record<Framework, readonly Snippet[]>>;
  return read[framework].map(({ put, text }) => ({ put, text: fill(text, values) }));
}

function fill(text: string, values: SnippetValues): string {
  const said: Readonly<Partial<Record<string, string>>> = { ...values, audience: values.clientId };
  const port = new URL(values.baseUrl).port;
  const listening = port === '' ? text : text.replaceAll(/(\blisten\(|\bport: )3000\b/g, `$1${port}`);
  return listening.replaceAll(/\b(\w+): '[^']*'/g, (whole, name: string) => {
    const value = said[name];
    return value === undefined ? whole : `${name}: '${value.replaceAll(/['\\]/g, '\\$&')}'`;
  });
}
