import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Defect } from './defects.ts';
import type { Mutation } from './mutate.ts';

const SERVER = join(import.meta.dirname, '..', '..');

interface Source {
  readonly path: string;
  readonly text: string;
}

function sourcesUnder(folder: string): readonly Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesUnder(path);
    return entry.name.endsWith('.ts') ? [{ path, text: readFileSync(path, 'utf8') }] : [];
  });
}

const sources = sourcesUnder(join(SERVER, 'src'));
const product = sources.filter(({ path }) => !path.endsWith('.test.ts'));
const tests = [...sources, ...['flows', 'oauth', 'apps'].flatMap((folder) => sourcesUnder(join(SERVER, 'test', folder)))].filter(
  ({ path }) => path.endsWith('.test.ts'),
);

/** Where the text stands. Throws unless that is one place: a defect that changes nothing, or too much, proves nothing. */
export function mutationOf({ name, find, replace }: Defect): Mutation {
  const places = product.flatMap(({ path, text }) => Array.from({ length: text.split(find).length - 1 }, () => path));
  const [place] = places;
  if (place === undefined || places.length > 1) throw new Error(`${places.length} places for '${name}': ${places.join(', ') || find}`);
  return { url: pathToFileURL(place).href, find, replace };
}

/** The test file that declares the scenario; of a name with a part that is filled in, the longest fixed part is looked for. */
export function testFileOf(scenario: string): string {
  const found = tests.filter(({ text }) => declares(text, scenario));
  const [file] = found;
  if (file === undefined || found.length > 1) throw new Error(`${found.length} test files for '${scenario}'`);
  return file.path;
}

function declares(text: string, scenario: string): boolean {
  const names = text.matchAll(/(?:inWorld|inTappedWorld|onTwoNodes|forEachDatabase)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g);
  return Array.from(names).some(([, , name = '']) => {
    const pattern = name
      .split(/\$\{[^}]*\}/)
      .map(literally)
      .join('.*');
    return new RegExp(`^${pattern}$`).test(scenario);
  });
}

/** The text as a pattern that matches it and nothing else. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
