import type { Page } from 'playwright-core';
import { build, type Plugin, type Rolldown } from 'vite';

export interface BundleOptions {
  readonly plugins?: readonly (Plugin | Plugin[])[];
  /** For a server to import, with everything in it. */
  readonly ssr?: boolean;
}

/** What Vite makes of a file and of all that it imports: one script, in memory. */
export async function bundle(entry: string, { plugins = [], ssr = false }: BundleOptions = {}): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    mode: 'production',
    publicDir: false,
    plugins: [...plugins],
    define: { 'process.env.NODE_ENV': '"production"' },
    // Which one it would be follows the shell otherwise, and React for production has no code for the other.
    oxc: { jsx: { runtime: 'automatic', development: false } },
    ...(ssr ? { ssr: { noExternal: true } } : {}),
    build: {
      write: false,
      ssr,
      minify: false,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        output: { codeSplitting: false },
        checks: { pluginTimings: false },
      },
    },
  });
  const { output } = built as Rolldown.RolldownOutput;
  const script = output.find((piece) => piece.type === 'chunk' && piece.isEntry);
  if (script?.type !== 'chunk') throw new Error(`${entry} became no script`);
  return script.code;
}

const ADDRESS = 'https://app.example.com/';

/** Opens a page of an app that has this script, in whose root this HTML stood before. */
export async function showPage(page: Page, script: string, html = ''): Promise<void> {
  const body = `<!doctype html><html lang="en"><title>App</title><div id="root">${html}</div><script type="module" src="/app.js"></script>`;
  await page.route(`${ADDRESS}**`, (route) =>
    route.request().url() === ADDRESS
      ? route.fulfill({ contentType: 'text/html', body })
      : route.fulfill({ contentType: 'text/javascript', body: script }),
  );
  await page.goto(ADDRESS);
}
