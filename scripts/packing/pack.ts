import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { npm } from './npm.ts';
import { entryOf, type Manifest, PACKAGES, type PublishedPackage } from './packages.ts';
import { typesOf, writeTypes } from './types.ts';

/** Makes the tarballs of the published packages in `target`: plain JavaScript with types. Answers their paths. */
export async function packAll(root: string, target: string): Promise<readonly string[]> {
  mkdirSync(target, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'portico-pack-'));
  try {
    const made: string[] = [];
    for (const one of PACKAGES) made.push(await packOne(root, one, target, join(work, one.file)));
    return made;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function packOne(root: string, one: PublishedPackage, target: string, work: string): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(root, one.folder, 'package.json'), 'utf8')) as Manifest;
  const folder = join(work, 'package');
  mkdirSync(folder, { recursive: true });
  await bundle(root, one, manifest, join(folder, 'dist'));
  writeTypes(root, one, manifest, join(folder, 'dist', 'types'), work);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(root, one, manifest), null, 2)}\n`);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const readme = join(root, one.folder, 'README.md');
  if (existsSync(readme)) copyFileSync(readme, join(folder, 'README.md'));
  const packed = join(target, `${one.file}.tgz`);
  // npm packs as it publishes. It names the file after the version; whoever installs it from here wants one name.
  const listed = npm(folder, 'pack', '--json', '--ignore-scripts', '--pack-destination', work);
  const [{ filename } = { filename: '' }] = JSON.parse(listed) as readonly { filename: string }[];
  copyFileSync(join(work, filename), packed);
  return packed;
}

/** What stands in the repository's package.json leads to its TypeScript; in the tarball there is none. */
function publishedManifest(root: string, { minified }: PublishedPackage, manifest: Manifest): object {
  const { name, version, description, license, sideEffects, dependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly engines: object };
  const exports = Object.entries(manifest.exports).map(([path, source]) => [
    path,
    { types: typesOf(source), default: `./dist/${entryOf(source)}.js` },
  ]);
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    // Browsers have no version of Node.
    ...(minified ? {} : { engines }),
    sideEffects: sideEffects ?? false,
    exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
    files: ['dist'],
    ...(dependencies === undefined ? {} : { dependencies }),
    ...(peerDependencies === undefined ? {} : { peerDependencies }),
    ...(peerDependenciesMeta === undefined ? {} : { peerDependenciesMeta }),
  };
}
