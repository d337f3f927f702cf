import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Plugin, Rolldown } from 'vite';

/** What the client build made: the renderer names these files, the budget weighs them. */
export interface PageAssets {
  readonly style: Asset;
  readonly favicon: Asset;
  /** By page. */
  readonly scripts: Readonly<Record<string, Asset>>;
  readonly adminStyle: Asset;
  readonly adminScript: Asset;
  /** What the style sheet itself loads. */
  readonly images: readonly Asset[];
}

export interface Asset {
  readonly file: string;
  readonly integrity: string;
}

export type BuiltFile = Rolldown.OutputChunk | Rolldown.OutputAsset;

const FAVICON = 'favicon.svg';
const ENTRY = 'page:';

/** The script of one page: its component, brought to life. */
export function pageEntry(page: string, favicon: string): Plugin {
  return {
    name: 'portico-page-entry',
    config: () => ({ build: { rolldownOptions: { input: { [page]: ENTRY + page } } } }),
    resolveId: (id) => (id.startsWith(ENTRY) ? `\0${id}` : null),
    load: (id) =>
      id.startsWith(`\0${ENTRY}`)
        ? `import Page from '/src/pages/${page}.svelte'; import { start } from '/src/hydrate.ts'; start(Page);`
        : null,
    buildStart() {
      this.emitFile({ type: 'asset', name: FAVICON, source: favicon });
    },
  };
}

/** The script of the admin page: one for all its screens. */
export function adminEntry(favicon: string): Plugin {
  return {
    name: 'portico-admin-entry',
    config: () => ({ build: { rolldownOptions: { input: { admin: '/src/admin/enhance.ts' } } } }),
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

export function readAssets(files: readonly BuiltFile[], admin: readonly BuiltFile[]): PageAssets {
  const chunks = files.filter((file) => file.type === 'chunk');
  const assets = files.filter((file) => file.type === 'asset');
  const isFavicon = (file: Rolldown.OutputAsset): boolean => file.names.includes(FAVICON);
  return {
    style: theOnly(assets.filter((file) => file.fileName.endsWith('.css'))),
    favicon: theOnly(assets.filter(isFavicon)),
    adminStyle: theOnly(admin.filter((file) => file.fileName.endsWith('.css'))),
    adminScript: theOnly(admin.filter((file) => file.type === 'chunk')),
    scripts: Object.fromEntries(chunks.map((chunk) => [chunk.name, assetOf(chunk)])),
    images: assets.filter((file) => file.fileName.endsWith('.svg') && !isFavicon(file)).map(assetOf),
  };
}

/** Each page's build makes it again, byte for byte the same. */
function theOnly(files: readonly BuiltFile[]): Asset {
  const [found] = files;
  if (found === undefined || files.some((file) => file.fileName !== found.fileName)) {
    throw new Error('The pages do not share one style sheet and one icon.');
  }
  return assetOf(found);
}

function assetOf(file: BuiltFile): Asset {
  const content = file.type === 'chunk' ? file.code : file.source;
  return { file: basename(file.fileName), integrity: `sha384-${createHash('sha384').update(content).digest('base64')}` };
}
