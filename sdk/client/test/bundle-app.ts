import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

const SOURCE = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const ENTRY = fileURLToPath(new URL('app.js', import.meta.url));

export interface BundledFile {
  readonly name: string;
  readonly code: string;
  /** Loaded with the page; the others only when they are called for. */
  readonly initial: boolean;
}

/** The SDK as an app's own bundler makes it: the entry with everything that it needs at once, and a file for each way that is loaded on demand. */
export async function bundleApp(code: string): Promise<readonly BundledFile[]> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    mode: 'production',
    root: fileURLToPath(new URL('..', import.meta.url)),
    publicDir: false,
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? code.replaceAll('@portico/client', SOURCE) : null),
      },
    ],
    build: {
      write: false,
      target: 'es2022',
      // As a library: Vite's own code for preloading belongs to an app that has it anyway.
      lib: { entry: { app: ENTRY }, formats: ['es'] },
      rolldownOptions: {
        // As in an app: what is needed at once is one file, and the others import from it.
        preserveEntrySignatures: 'allow-extension',
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js', minify: true },
        // On a busy machine the bundler would print which plugin was slow.
        checks: { pluginTimings: false },
      },
    },
  });
  const outputs = [built].flat() as Rolldown.RolldownOutput[];
  const chunks = outputs.flatMap(({ output }) => output).filter((file) => file.type === 'chunk');
  const initial = new Set(chunks.filter(({ isEntry }) => isEntry).flatMap(({ fileName, imports }) => [fileName, ...imports]));
  return chunks.map(({ fileName, code: text }) => ({ name: fileName, code: text, initial: initial.has(fileName) }));
}
