import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SYSTEM } from '@portico/protocol/routes';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, type InlineConfig, type Rolldown } from 'vite';
import type { RenderPage } from '../src/views.ts';
import { weighPages } from './budget.ts';
import { compressAll } from './compress.ts';
import { assetsModule, pageEntries, readAssets } from './page-assets.ts';

/** `npm run build -w ui`: the scripts and styles that browsers load, then the renderer that the server loads, then the scales. */
const root = join(import.meta.dirname, '..');
const clientFolder = join(root, 'dist/client');
const assetsFolder = join(clientFolder, SYSTEM.assets);
const serverFolder = join(root, 'dist/server');

// The build is the same whatever the shell says: a development build of Svelte is three times as large.
process.env['NODE_ENV'] = 'production';

const shared: InlineConfig = {
  root,
  configFile: false,
  logLevel: 'warn',
  mode: 'production',
  // Assets name each other by relative paths, so that any host may serve them.
  base: './',
  publicDir: false,
};

const plugin = svelte({
  configFile: false,
  // A page's view is what the server rendered: it never changes under a living page.
  compilerOptions: { runes: true, discloseVersion: false, warningFilter: (warning) => warning.code !== 'state_referenced_locally' },
});

const pages = (await readdir(join(root, 'src/pages'))).map((file) => basename(file, extname(file)));

const client = await build({
  ...shared,
  plugins: [plugin, pageEntries(pages, await readFile(join(root, 'src/art/favicon.svg'), 'utf8'))],
  build: {
    outDir: clientFolder,
    emptyOutDir: true,
    assetsDir: SYSTEM.assets.slice(1),
    // A data: URL would need a hole in the content security policy.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    sourcemap: false,
    modulePreload: { polyfill: false },
    // Svelte's modules only define: what a page does not call can go.
    rolldownOptions: { treeshake: { moduleSideEffects: (id) => !id.includes('/node_modules/svelte/') } },
    reportCompressedSize: false,
  },
});
const { output } = client as Rolldown.RolldownOutput;
const assets = readAssets(output);
await compressAll(assetsFolder);

await build({
  ...shared,
  plugins: [plugin, assetsModule(assets)],
  // Self-contained: what renders pages in production needs no npm package.
  ssr: { noExternal: true },
  build: { outDir: serverFolder, emptyOutDir: true, ssr: 'src/render.ts', sourcemap: false, reportCompressedSize: false },
});

const { renderPage } = (await import(pathToFileURL(join(serverFolder, 'render.js')).href)) as { readonly renderPage: RenderPage };
const images = output.filter((file) => file.type === 'asset' && file.fileName.endsWith('.svg')).map((file) => basename(file.fileName));
await weighPages(
  assets,
  assetsFolder,
  images.filter((image) => image !== assets.favicon.file),
  renderPage,
);
