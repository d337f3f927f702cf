import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly workspaces?: readonly string[];
  readonly allowScripts?: Readonly<Record<string, boolean>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const ROOT = dirname(import.meta.dirname);
const manifest: Manifest = JSON.parse(read('package.json'));
const lock: { readonly packages: Readonly<Record<string, LockEntry>> } = JSON.parse(read('package-lock.json'));
const installed = Object.entries(lock.packages).filter(([place]) => place.includes('node_modules/'));
const dependencies = ['.', ...(manifest.workspaces ?? [])].flatMap(dependenciesOf);
const sources = sourcesUnder(ROOT, ignoredNames());

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function dependenciesOf(workspace: string): readonly { readonly name: string; readonly version: string }[] {
  const { dependencies: own = {}, devDependencies = {} }: Manifest = JSON.parse(read(join(workspace, 'package.json')));
  return Object.entries({ ...own, ...devDependencies }).map(([name, version]) => ({ name, version }));
}

/** What .gitignore leaves out; it holds only names of folders and endings of files. */
function ignoredNames(): readonly string[] {
  return read('.gitignore').split('\n').filter(Boolean);
}

function sourcesUnder(folder: string, ignored: readonly string[]): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === '.git' || ignored.includes(`${entry.name}/`) ? [] : sourcesUnder(place, ignored);
    }
    if (!entry.isFile() || ignored.some((pattern) => pattern.startsWith('*') && entry.name.endsWith(pattern.slice(1)))) return [];
    const bytes = readFileSync(place);
    // Pictures and other binary files hold no words.
    return bytes.includes(0) ? [] : [{ path: relative(ROOT, place), text: bytes.toString() }];
  });
}

function linesWith(pattern: RegExp): readonly string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').map((line, index) => ({ line, place: `${path}:${index + 1}` }));
    return lines.filter(({ line }) => pattern.test(line)).map(({ line, place }) => `${place}: ${line.trim()}`);
  });
}

test('nothing that a production install brings runs a script while it is installed', () => {
  const scripts = installed.filter(([, entry]) => entry.hasInstallScript === true && entry.dev !== true);
  assert.deepEqual(scripts, []);
});

test('the packages that may run an install script are those that have one: the pinned runtime alone', () => {
  const withScript = installed.filter(([, entry]) => entry.hasInstallScript === true).map(([place]) => place);
  assert.deepEqual(withScript, ['node_modules/node']);
  assert.deepEqual(manifest.allowScripts, { node: true });
});

test('the lock file names no host: every package comes from the registry of whoever installs', () => {
  const hosts = installed.filter(([, entry]) => entry.resolved !== undefined && entry.link !== true);
  assert.deepEqual(hosts, []);
  const links = installed.filter(([, entry]) => entry.link === true).map(([, entry]) => entry.resolved);
  assert.deepEqual(new Set(links), new Set(manifest.workspaces));
});

test('the lock file knows the packages of every system, without which npm ci refuses it', () => {
  const known = new Set(installed.map(([place]) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)));
  const wanted = installed.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
  assert.ok(wanted.length > 0);
  assert.deepEqual(
    wanted.filter((name) => !known.has(name)),
    [],
  );
});

test('the lock file repeats what each package.json asks for, or npm ci refuses it', () => {
  for (const workspace of ['', ...(manifest.workspaces ?? [])]) {
    const { dependencies: wanted, devDependencies: wantedHere }: Manifest = JSON.parse(read(join(workspace, 'package.json')));
    const { dependencies: locked, devDependencies: lockedHere } = lock.packages[workspace] ?? {};
    assert.deepEqual({ locked, lockedHere }, { locked: wanted, lockedHere: wantedHere }, workspace);
  }
});

test('every dependency is pinned to one exact version', () => {
  const loose = dependencies.filter(({ version }) => !/^\d+\.\d+\.\d+$/.test(version));
  assert.deepEqual(loose, []);
});

test('every dependency has its line in docs/decisions, and 0002 has no line for one that is gone', () => {
  const pages = readdirSync(join(ROOT, 'docs/decisions')).map((page) => read(join('docs/decisions', page)));
  const foreign = dependencies.map(({ name }) => name).filter((name) => !name.startsWith('@portico/'));
  assert.deepEqual(
    foreign.filter((name) => !pages.some((page) => page.includes(`\`${name}\``))),
    [],
  );
  const rows = [...read('docs/decisions/0002-dependencies.md').matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
  assert.deepEqual(
    rows.filter((name) => name === undefined || !foreign.includes(name)),
    [],
  );
});

test('no file puts work off with a marker', () => {
  assert.ok(sources.length > 20);
  assert.deepEqual(linesWith(new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME)\\b`)), []);
});

test('no file names a place on the machine of its writer', () => {
  const homes = ['home', 'Users', 'root'].join('|');
  const checkout = ROOT.replaceAll(/[^\w/]/g, '\\$&');
  assert.deepEqual(linesWith(new RegExp(`(^|[\\s'"\`(=:])(/(${homes})/\\w|${checkout}\\b)`)), []);
});
