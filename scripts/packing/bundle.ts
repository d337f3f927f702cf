import { isAbsolute, join } from 'node:path';
import { build } from 'vite';
import { entryOf, type Manifest, type PublishedPackage } from './packages.ts';

/** The only source that is taken in: what client and server agree on is no package of its own. */
const TAKEN_IN = '@portico/protocol/';

type Entry = readonly [name: string, source: string];

/** Writes one JavaScript module an entry into `target`, and what several of them share, or one loads on demand, beside them. */
export async function bundle(root: string, one: PublishedPackage, manifest: Manifest, target: string): Promise<void> {
  const entries = Object.values(manifest.exports).map((source): Entry => [entryOf(source), join(root, one.folder, source)]);
  // What every page loads stays one file: a few lines that it shares with the bindings would be another one, and more bytes.
  const groups = one.minified ? [entries.slice(0, 1), entries.slice(1)] : [entries];
  for (const group of groups) await bundleTogether(root, one, group, target);
}

async function bundleTogether(
  root: string,
  { folder, minified }: PublishedPackage,
  entries: readonly Entry[],
  target: string,
): Promise<void> {
  await build({
    root: join(root, folder),
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir: target,
      emptyOutDir: false,
      target: 'es2022',
      // Which files a browser should fetch beforehand is for the app's own build to say.
      modulePreload: false,
      lib: { entry: Object.fromEntries(entries), formats: ['es'] },
      rolldownOptions: {
        // What is loaded on demand shares the entry's code; cut out of the entry, it would be several files and more bytes for everybody.
        preserveEntrySignatures: minified ? 'allow-extension' : 'strict',
        external: (id) => !id.startsWith('.') && !isAbsolute(id) && !id.startsWith(TAKEN_IN),
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js', minify: minified },
        // On a busy machine the bundler would print which plugin was slow.
        checks: { pluginTimings: false },
      },
    },
  });
}
