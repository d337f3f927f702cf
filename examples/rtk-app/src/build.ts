import { join } from 'node:path';
import { build } from 'vite';
import { BUILT } from './build-folder.ts';

const ROOT = join(import.meta.dirname, '..');
export const PAGES = { sdk: join(ROOT, 'page'), byHand: join(ROOT, 'by-hand') };

/** Builds one of the two apps into a folder, which is emptied before. */
export async function buildRtkApp(outDir = BUILT, root = PAGES.sdk): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    mode: 'production',
    // React for development is ten times as large, whatever the shell says.
    define: { 'process.env.NODE_ENV': '"production"' },
    oxc: { jsx: { runtime: 'automatic', development: false } },
    build: {
      outDir,
      emptyOutDir: true,
      // A data: URL would need a hole in the content security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  });
}

if (import.meta.main) await buildRtkApp();
