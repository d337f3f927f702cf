import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';
import { pageEntries } from './page-assets.ts';
process.env['NODE_ENV'] = 'production';
const root = join(import.meta.dirname, '..');
for (const page of process.argv.slice(2)) {
const r: any = await build({ root, configFile: false, logLevel: 'error', base: './', plugins: [svelte({ configFile: false, compilerOptions: { runes: true, discloseVersion: false, warningFilter: () => false } }), pageEntries([page], await readFile(join(root, 'src/art/favicon.svg'), 'utf8'))], build: { write: false, modulePreload: { polyfill: false }, rolldownOptions: { treeshake: { moduleSideEffects: (id: string) => !id.includes('/node_modules/svelte/') } } } });
for (const o of r.output) if (o.type === 'chunk') { for (const x of Object.entries(o.modules).map(([k, v]: any) => [v.renderedLength, k.replace(/.*node_modules\//, '')]).sort((a: any, b: any) => b[0] - a[0])) if (x[0] > 0) console.log(x[0], x[1]); console.log(page, o.fileName, o.code.length, brotliCompressSync(o.code).length); (await import('node:fs')).writeFileSync('/tmp/'+page+'.min.js', o.code); }
}
