import { readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';

/** `npm run build -w examples/demo`: the pages of the demo, into `dist`. */
const pages = join(import.meta.dirname, 'page');
const distFolder = join(import.meta.dirname, 'dist');
/** Takes the place of the old one when it is whole: a demo that starts meanwhile never finds half of it. */
const newFolder = join(import.meta.dirname, '.cache', `build-${process.pid}`);

process.env['NODE_ENV'] = 'production';
await mkdir(newFolder, { recursive: true });
try {
  await build({
    root: pages,
    configFile: false,
    logLevel: 'warn',
    mode: 'production',
    publicDir: false,
    build: {
      outDir: newFolder,
      emptyOutDir: true,
      // A data: URL would need a hole in the content security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        input: readdirSync(pages)
          .filter((file) => file.endsWith('.html'))
          .map((file) => join(pages, file)),
        checks: { pluginTimings: false },
      },
    },
  });
  await rm(distFolder, { recursive: true, force: true });
  await rename(newFolder, distFolder);
} finally {
  await rm(newFolder, { recursive: true, force: true });
}
