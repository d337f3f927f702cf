import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface Selection {
  /** Parts of paths from the root; a file that contains one of them is taken. Empty: every file. */
  readonly filters: readonly string[];
  /** Take the full-count files (*.prove.ts) too. */
  readonly prove: boolean;
}

/** Every test file below the root, as paths from the root with forward slashes, sorted. */
export function findTestFiles(root: string, selection: Selection): readonly string[] {
  const ending = selection.prove ? /\.(test|prove)\.ts$/ : /\.test\.ts$/;
  return filesUnder(root)
    .map((file) => relative(root, file).split(sep).join('/'))
    .filter((file) => ending.test(file))
    .filter((file) => selection.filters.length === 0 || selection.filters.some((part) => file.includes(part)))
    .sort();
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.name === 'dist') return [];
    const place = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(place) : [place];
  });
}
