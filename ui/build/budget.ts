import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderPage } from '../src/views.ts';
import { sampleFrame, sampleViews } from '../test/sample-views.ts';
import { brotli } from './compress.ts';
import type { Asset, PageAssets } from './page-assets.ts';

/** Bytes over the wire, brotli, of a first visit to one page. */
const SCRIPT_LIMIT = 20 * 1024;
const WHOLE_LIMIT = 35 * 1024;

/** Prints what each page weighs, and throws when one weighs too much. */
export async function weighPages(assets: PageAssets, folder: string, renderPage: RenderPage): Promise<void> {
  const heavy: string[] = [];
  const always = [assets.style, assets.favicon, ...assets.images];
  const fixed = (await Promise.all(always.map((asset) => sizeOf(folder, asset)))).reduce((sum, size) => sum + size, 0);
  for (const [page, asset] of Object.entries(assets.scripts)) {
    const script = await sizeOf(folder, asset);
    const samples = sampleViews.filter(({ view }) => view.page === page);
    const html = Math.max(
      ...(await Promise.all(samples.map(async ({ view }) => (await brotli(Buffer.from(renderPage(view, sampleFrame)))).length))),
    );
    const whole = script + fixed + html;
    console.log(`${page.padEnd(16)} script ${kilobytes(script)}   page in all ${kilobytes(whole)}`);
    if (script > SCRIPT_LIMIT || whole > WHOLE_LIMIT) heavy.push(page);
  }
  const [script, whole] = [await sizeOf(folder, assets.adminScript), await sizeOf(folder, assets.adminStyle)];
  console.log(`${'admin'.padEnd(16)} script ${kilobytes(script)}   style ${kilobytes(whole)}`);
  if (script > SCRIPT_LIMIT || script + whole > WHOLE_LIMIT) heavy.push('admin');
  if (heavy.length > 0) {
    throw new Error(`Too heavy: ${heavy.join(', ')}. At most ${kilobytes(SCRIPT_LIMIT)} of script and ${kilobytes(WHOLE_LIMIT)} in all.`);
  }
}

async function sizeOf(folder: string, asset: Asset): Promise<number> {
  return (await stat(join(folder, `${asset.file}.br`))).size;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1).padStart(5)} KB`;
}
