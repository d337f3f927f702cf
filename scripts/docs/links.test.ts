import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = globSync(['*.md', 'docs/**/*.md', 'bench/*.md', 'server/**/*.md'], {
  cwd: ROOT,
  exclude: (name) => name.includes('node_modules'),
});
const scripts = Object.keys((JSON.parse(read('package.json')) as { readonly scripts: object }).scripts);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What stands between fences is an example, not a promise. */
function proseOf(path: string): string {
  return read(path).replace(/^```[\s\S]*?^```/gm, '');
}

function allIn(pattern: RegExp): readonly { readonly page: string; readonly found: string }[] {
  return PAGES.flatMap((page) => [...proseOf(page).matchAll(pattern)].map(([, found = '']) => ({ page, found })));
}

/** Anchors as the usual renderers make them from headings. */
function anchorsOf(path: string): readonly string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every link and picture of the documentation leads to a file and a heading that are there', () => {
  const links = [...allIn(/\]\(([^)\s]+)\)/g), ...allIn(/src="([^"]+)"/g)].filter(({ found }) => !/^[a-z]+:/.test(found));
  assert.ok(links.length > 20);
  const broken = links.filter(({ page, found }) => {
    const [path = '', anchor] = found.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  assert.deepEqual(broken, []);
});

test('every file and folder that the documentation names is there', () => {
  const named = allIn(/`((?:protocol|server|ui|scripts|bench|docs)\/[\w./-]+)`/g);
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter(({ found }) => !existsSync(join(ROOT, found))),
    [],
  );
});

test('every npm command that the documentation names is a script of package.json', () => {
  const commands = allIn(/`npm (?:run )?([a-z:]+)[^`]*`/g).filter(({ found }) => !['ci', 'install'].includes(found));
  assert.ok(commands.length > 5);
  assert.deepEqual(
    commands.filter(({ found }) => !scripts.includes(found)),
    [],
  );
});

test('every page of docs is in its index', () => {
  // Pages of one kind have an index of their own.
  const indexOf = (page: string) =>
    page.startsWith('docs/errors/')
      ? 'docs/errors.md'
      : /^docs\/quick-start\/(?!README)/.test(page)
        ? 'docs/quick-start/README.md'
        : 'docs/README.md';
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  assert.ok(pages.length > 5);
  assert.deepEqual(
    pages.filter((page) => !read(indexOf(page)).includes(`](${relative(dirname(indexOf(page)), page)})`)),
    [],
  );
});
