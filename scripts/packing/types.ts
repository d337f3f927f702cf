import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { entryOf, type Manifest, type PublishedPackage } from './packages.ts';

/** Where the declarations of an entry are in a package. */
export const typesOf = (source: string) => `./dist/types/${entryOf(source)}.d.ts`;

/**
 * Writes the declarations that the entries lead to into `target`, those of the protocol among them, as files that name each other by relative
 * paths. `work` is an empty folder.
 */
export function writeTypes(root: string, { folder }: PublishedPackage, manifest: Manifest, target: string, work: string): void {
  const sources = Object.values(manifest.exports).map((source) => join(root, folder, source));
  const config = join(work, 'tsconfig.json');
  const emitted = join(work, 'types');
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: root,
        outDir: emitted,
        typeRoots: [join(root, 'node_modules', '@types')],
        paths: { '@portico/protocol/*': [join(root, 'protocol', 'src', '*.ts')] },
      },
      files: sources,
      include: [],
    }),
  );
  execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', config], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const places: readonly (readonly [string, string])[] = [
    [join(emitted, folder, 'src'), target],
    [join(emitted, 'protocol', 'src'), join(target, 'protocol')],
  ];
  const placeOf = (file: string) => {
    const [from, to] = places.find(([each]) => file.startsWith(`${each}/`)) ?? [];
    if (from === undefined || to === undefined) throw new Error(`${file} is of no package that is published`);
    return join(to, relative(from, file));
  };
  const waiting = sources.map((source) => join(emitted, relative(root, source).replace(/\.ts$/, '.d.ts')));
  const written = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (written.has(file)) continue;
    written.add(file);
    const here = file;
    const place = placeOf(here);
    const text = readFileSync(here, 'utf8').replaceAll(
      /(\bfrom |\bimport\()(['"])(\.[^'"]+|@portico\/protocol\/[^'"]+)\.?\2/g,
      (_, word: string, quote: string, name: string) => {
        const target = declarationOf(here, name, join(emitted, 'protocol', 'src'));
        waiting.push(target);
        const path = relative(dirname(place), placeOf(target)).replace(/\.d\.ts$/, '.js');
        return `${word}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
      },
    );
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  }
}

function declarationOf(from: string, name: string, protocol: string): string {
  if (name.startsWith('.')) return join(dirname(from), name.replace(/\.(?:ts|js)$/, '.d.ts'));
  const part = name.slice('@portico/protocol/'.length);
  return join(protocol, part === 'texts' ? 'texts/index.d.ts' : `${part}.d.ts`);
}
