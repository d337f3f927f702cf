import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Plugin, Rolldown } from 'vite';

/** What the client build made, by page: the renderer names these files, the budget weighs them. */
export interface PageAssets {
  readonly style: Asset;
  readonly favicon: Asset;
  readonly scripts: Readonly<Record<string, readonly Asset[]>>;
}

export interface Asset {
  readonly file: string;
  readonly integrity: string;
}

const FAVICON = 'favicon.svg';
const ENTRY = 'page:';

/** One entry a page: its component, brought to life. */
export function pageEntries(pages: readonly string[], favicon: string): Plugin {
  return {
    name: 'portico-page-entries',
    config: () => ({ build: { rolldownOptions: { input: Object.fromEntries(pages.map((page) => [page, ENTRY + page])) } } }),
    resolveId: (id) => (id.startsWith(ENTRY) ? `\0${id}` : null),
    load: (id) => {
      if (!id.startsWith(`\0${ENTRY}`)) return null;
      const page = id.slice(ENTRY.length + 1);
      return `import Page from '/src/pages/${page}.svelte'; import { start } from '/src/hydrate.ts'; start(Page);`;
    },
    buildStart() {
      this.emitFile({ type: 'asset', name: FAVICON, source: favicon });
    },
  };
}

/** Hands the finished client build to the server build as `virtual:page-assets`. */
export function assetsModule(assets: PageAssets): Plugin {
  const id = 'virtual:page-assets';
  return {
    name: 'portico-page-assets',
    resolveId: (asked) => (asked === id ? `\0${id}` : null),
    load: (asked) =>
      asked === `\0${id}`
        ? Object.entries(assets)
            .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
            .join('\n')
        : null,
  };
}

export function readAssets(output: readonly (Rolldown.OutputChunk | Rolldown.OutputAsset)[]): PageAssets {
  const chunks = new Map(output.filter((file) => file.type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  const entries = [...chunks.values()].filter((chunk) => chunk.isEntry);
  return {
    style: assetOf(requireAsset(output, (file) => file.fileName.endsWith('.css'))),
    favicon: assetOf(requireAsset(output, (file) => file.names.includes(FAVICON))),
    scripts: Object.fromEntries(entries.map((entry) => [entry.name, withImports(entry, chunks).map(assetOf)])),
  };
}

function requireAsset(output: readonly (Rolldown.OutputChunk | Rolldown.OutputAsset)[], fits: (file: Rolldown.OutputAsset) => boolean): Rolldown.OutputAsset {
  const [found, another] = output.filter((file) => file.type === 'asset').filter(fits);
  if (found === undefined || another !== undefined) throw new Error('The client build made no style sheet or icon, or more than one.');
  return found;
}

function withImports(entry: Rolldown.OutputChunk, chunks: ReadonlyMap<string, Rolldown.OutputChunk>): readonly Rolldown.OutputChunk[] {
  const found = new Set([entry]);
  for (const chunk of found) {
    for (const name of chunk.imports) {
      const imported = chunks.get(name);
      if (imported !== undefined) found.add(imported);
    }
  }
  return [...found];
}

function assetOf(file: Rolldown.OutputChunk | Rolldown.OutputAsset): Asset {
  const content = file.type === 'chunk' ? file.code : file.source;
  return { file: basename(file.fileName), integrity: `sha384-${createHash('sha384').update(content).digest('base64')}` };
}
