import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SYSTEM } from '@portico/protocol/routes';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, type InlineConfig, type Plugin, type Rolldown } from 'vite';
import type { RenderPage } from '../src/views.ts';
import { weighPages } from './budget.ts';
import { compressAll } from './compress.ts';
import { adminEntry, assetsModule, type BuiltFile, pageEntry, readAssets } from './page-assets.ts';

/** `npm run build -w ui`: the scripts and styles that browsers load, then the renderer that the server loads, then the scales. */
const root = join(import.meta.dirname, '..');
const distFolder = join(root, 'dist');
/** The new build grows beside the old one and takes its place when it is whole: a server that runs meanwhile never finds half of it. */
const workFolder = join(root, '.cache', `build-${process.pid}`);
const newFolder = join(workFolder, 'new');
const oldFolder = join(workFolder, 'old');
const clientFolder = join(newFolder, 'client');
const assetsFolder = join(clientFolder, SYSTEM.assets);
const serverFolder = join(newFolder, 'server');

// The build is the same whatever the shell says: Svelte for development is three times as large.
process.env['NODE_ENV'] = 'production';

const plugin = svelte({
  configFile: false,
  compilerOptions: {
    runes: true,
    discloseVersion: false,
    // A page's view is what the server rendered: it never changes under a living page.
    warningFilter: (warning) => warning.code !== 'state_referenced_locally',
  },
});

const shared: InlineConfig = {
  root,
  configFile: false,
  logLevel: 'warn',
  mode: 'production',
  // Assets name each other by relative paths, so that any host may serve them.
  base: './',
  publicDir: false,
};

/** On a busy machine the bundler would print which plugin was slow. */
const quiet = { checks: { pluginTimings: false } };

/**
 * One script a page, with everything in it. Chunks shared by all pages would save a second page 13 KB and cost the first one 4 KB, because what
 * one page needs of Svelte would then travel to every page; and most people see one page here. It also lets one integrity hash cover all of it.
 */
async function buildClient(entry: Plugin): Promise<readonly BuiltFile[]> {
  const built = await build({
    ...shared,
    plugins: [plugin, entry],
    build: {
      outDir: clientFolder,
      emptyOutDir: false,
      assetsDir: SYSTEM.assets.slice(1),
      // A data: URL would need a hole in the content security policy.
      assetsInlineLimit: 0,
      cssCodeSplit: false,
      sourcemap: false,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      // Svelte's modules only define: what a page does not call can go.
      rolldownOptions: { ...quiet, treeshake: { moduleSideEffects: (id) => !id.includes('/node_modules/svelte/') } },
    },
  });
  const { output } = built as Rolldown.RolldownOutput;
  return output;
}

const pages = (await readdir(join(root, 'src/pages'))).map((file) => basename(file, extname(file)));
const favicon = await readFile(join(root, 'src/art/favicon.svg'), 'utf8');

async function buildAll(): Promise<void> {
  const files: BuiltFile[] = [];
  for (const page of pages) files.push(...(await buildClient(pageEntry(page, favicon))));
  const assets = readAssets(files, await buildClient(adminEntry(favicon)));
  await compressAll(assetsFolder);
  await build({
    ...shared,
    plugins: [plugin, assetsModule(assets)],
    // Self-contained: what renders pages in production needs no npm package.
    ssr: { noExternal: true },
    build: {
      outDir: serverFolder,
      emptyOutDir: false,
      ssr: 'src/render.ts',
      sourcemap: false,
      reportCompressedSize: false,
      rolldownOptions: quiet,
    },
  });
  const { renderPage } = (await import(pathToFileURL(join(serverFolder, 'render.js')).href)) as { readonly renderPage: RenderPage };
  await weighPages(assets, assetsFolder, renderPage);
}

async function takePlace(): Promise<void> {
  await rename(distFolder, oldFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(newFolder, distFolder);
}

await mkdir(workFolder, { recursive: true });
try {
  await buildAll();
  await takePlace();
} finally {
  await rm(workFolder, { recursive: true, force: true });
}
