import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';
import { pageEntries } from './page-assets.ts';
process.env['NODE_ENV'] = 'production';
const root = join(import.meta.dirname, '..');
const pages = (await readdir(join(root, 'src/pages'))).map((file) => basename(file, extname(file)));
const r: any = await build({ root, configFile: false, logLevel: 'error', base: './', plugins: [svelte({ configFile: false, compilerOptions: { runes: true, discloseVersion: false, warningFilter: () => false } }), pageEntries(pages, await readFile(join(root, 'src/art/favicon.svg'), 'utf8'))], build: { write: false, minify: process.argv[3] ? true : false, rolldownOptions: { treeshake: { moduleSideEffects: (id: string) => !id.includes('/node_modules/svelte/') } } } });
for (const o of r.output) if (o.type === 'chunk' && o.fileName.includes('hydrate')) {
  const m = Object.entries(o.modules).map(([k, v]: any) => [v.renderedLength, k.replace(/.*node_modules\//, ''), v.renderedExports?.length]).sort((a: any, b: any) => b[0] - a[0]);
  for (const x of m.filter((x: any) => x[0] > 0)) console.log(x[0], x[1]);
  console.log(o.code.length);
  if (process.argv[2]) (await import('node:fs')).writeFileSync(process.argv[2], o.code);
}
