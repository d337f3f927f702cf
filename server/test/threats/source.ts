import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** What the product is made of: the TypeScript and Svelte files below these folders, tests excepted. */
export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap((folder) => filesUnder(join(ROOT, folder)))
    .filter((path) => /\.(?:ts|svelte)$/.test(path) && !/\.(?:test|prove)\.ts$/.test(path))
    .map((path) => ({ path: relative(ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    return entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)];
  });
}

/** A file's lines without comments, so that a word about something is not that thing. */
export function codeOf({ text }: SourceFile): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Every test of the repository. */
export function testFiles(): readonly SourceFile[] {
  return ['server', 'sdk', 'ui', 'examples', 'scripts', 'bench']
    .flatMap((folder) => filesUnder(join(ROOT, folder)))
    .filter((path) => /\.(test|prove)\.ts$/.test(path))
    .map((path) => ({ path: relative(ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}
