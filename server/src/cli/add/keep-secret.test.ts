import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StartProblem } from '../../start-problem.ts';
import { keepSecret } from './keep-secret.ts';

const SECRET = 'pts_secret';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-keep-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const ignoreFile = (folder: string) => readFileSync(join(folder, '.gitignore'), 'utf8');
const secretFile = (folder: string) => join(folder, '.portico', 'notes.secret');

test('the secret lies in a file that only its owner reads, and git ignores it', (t) => {
  const folder = folderOf(t);
  keepSecret(folder, 'notes', SECRET);
  assert.equal(readFileSync(secretFile(folder), 'utf8'), `${SECRET}\n`);
  assert.equal(statSync(secretFile(folder)).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, '.portico')).mode & 0o777, 0o700);
  assert.equal(ignoreFile(folder), '.portico/\n');
});

test('the line for git is added once, in the line ends of the file, whether its last line is ended or not', (t) => {
  for (const [before, after] of [
    ['', '.portico/\n'],
    ['dist/\n', 'dist/\n.portico/\n'],
    ['dist/', 'dist/\n.portico/\n'],
    ['dist/\r\nlogs/\r\n', 'dist/\r\nlogs/\r\n.portico/\r\n'],
    ['dist/\r\nlogs/', 'dist/\r\nlogs/\r\n.portico/\r\n'],
    ['größe/\n', 'größe/\n.portico/\n'],
    ['.portico/\n', '.portico/\n'],
    ['/.portico\r\nx\r\n', '/.portico\r\nx\r\n'],
    ['.portico', '.portico'],
    ['.portico-old/\n# .portico/\n', '.portico-old/\n# .portico/\n.portico/\n'],
  ] as const) {
    const folder = folderOf(t);
    writeFileSync(join(folder, '.gitignore'), before);
    const undo = keepSecret(folder, 'notes', SECRET);
    assert.equal(ignoreFile(folder), after, JSON.stringify(before));
    keepSecret(folder, 'wiki', SECRET);
    assert.equal(ignoreFile(folder), after, 'twice');
    rmSync(join(folder, '.portico', 'wiki.secret'));
    undo();
    assert.equal(ignoreFile(folder), before, 'taken back');
    assert.equal(existsSync(join(folder, '.portico')), false);
  }
});

test('what is taken back leaves the folder as it was, other secrets included', (t) => {
  const folder = folderOf(t);
  keepSecret(folder, 'notes', SECRET)();
  assert.deepEqual(readdirSync(folder), []);
  keepSecret(folder, 'wiki', 'pts_other');
  keepSecret(folder, 'notes', SECRET)();
  assert.deepEqual(readdirSync(join(folder, '.portico')), ['wiki.secret']);
  assert.equal(ignoreFile(folder), '.portico/\n');
});

test('a link at .portico, at the secret or at .gitignore is not followed, and a secret that is there is not overwritten', (t) => {
  const elsewhere = folderOf(t);
  const target = join(elsewhere, 'target');
  writeFileSync(target, 'theirs\n');
  const traps: readonly (readonly [string, (folder: string) => void])[] = [
    ['.portico is a link', (folder) => symlinkSync(elsewhere, join(folder, '.portico'))],
    ['.portico is a link to nowhere', (folder) => symlinkSync(join(elsewhere, 'none'), join(folder, '.portico'))],
    ['.portico is a file', (folder) => writeFileSync(join(folder, '.portico'), 'x')],
    ['.gitignore is a link', (folder) => symlinkSync(target, join(folder, '.gitignore'))],
    ['.gitignore is a link to nowhere', (folder) => symlinkSync(join(elsewhere, 'none'), join(folder, '.gitignore'))],
    ['.gitignore is a folder', (folder) => mkdirSync(join(folder, '.gitignore'))],
    [
      'the secret is a link',
      (folder) => {
        mkdirSync(join(folder, '.portico'));
        symlinkSync(target, secretFile(folder));
      },
    ],
    [
      'the secret is there',
      (folder) => {
        mkdirSync(join(folder, '.portico'));
        writeFileSync(secretFile(folder), 'theirs\n');
      },
    ],
  ];
  for (const [name, trap] of traps) {
    const folder = folderOf(t);
    trap(folder);
    const before = treeOf(folder);
    assert.throws(() => keepSecret(folder, 'notes', SECRET), StartProblem, name);
    assert.deepEqual(treeOf(folder), before, name);
    assert.deepEqual([readdirSync(elsewhere), readFileSync(target, 'utf8')], [['target'], 'theirs\n'], name);
  }
});

test('where nothing can be written nothing is, and it is said why', { skip: process.getuid?.() === undefined }, (t) => {
  const folder = folderOf(t);
  const isRoot = process.getuid?.() === 0;
  chmodSync(folder, 0o555);
  // Nobody refuses root.
  if (isRoot) process.seteuid?.(65_534);
  try {
    assert.throws(() => keepSecret(folder, 'notes', SECRET), /cannot be kept, so nothing was registered: EACCES/);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(folder, 0o755);
  }
  assert.deepEqual(readdirSync(folder), []);
});

/** Names, kinds and contents of all that lies below. */
function treeOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const place = join(folder, name);
      const facts = lstatSync(place);
      return `${name} ${facts.isSymbolicLink() ? 'link' : facts.isFile() ? readFileSync(place, 'utf8') : 'folder'}`;
    });
}
