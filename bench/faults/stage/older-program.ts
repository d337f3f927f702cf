import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The release before this one, in a tree of its own: what nodes run that are not upgraded yet. */
export interface OlderProgram {
  /** Its tag, or its commit where the tags were not cloned. */
  readonly release: string;
  /** Its `portico`. */
  readonly command: string;
  close(): void;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** v0.6.0, for clones without tags. */
const KNOWN = '1db5ece8ab34aed2a7e85a4a959c2b71f298d5de';

/** Null: its commit is not in this clone (`git clone --depth`). */
export function checkOutOlder(): OlderProgram | null {
  const release = findRelease();
  if (release === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'portico-older-'));
  const tree = join(folder, 'tree');
  const close = () => {
    git('worktree', 'remove', '--force', tree);
    rmSync(folder, { recursive: true, force: true });
    git('worktree', 'prune');
  };
  try {
    if (git('worktree', 'add', '--detach', tree, release) === null) throw new Error(`git makes no work tree of ${release}`);
    lendPackages(tree);
  } catch (error) {
    close();
    throw error;
  }
  return { release, command: join(tree, 'server', 'bin', 'portico.js'), close };
}

function findRelease(): string | null {
  // From the commit before the newest: the newest may bear the tag of this release.
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD~1');
  const release = tag ?? KNOWN;
  return git('cat-file', '-e', `${release}^{commit}`) === null ? null : release;
}

/**
 * Third-party packages are shared; what this repository makes itself leads into the older tree, because the links do, relative as npm writes
 * them. The pages are built ones, and lent too: their scripts are not what is tried.
 */
function lendPackages(tree: string): void {
  for (const place of ['', 'server', 'ui', 'protocol', 'sdk/client', 'sdk/server']) {
    const from = join(ROOT, place, 'node_modules');
    if (existsSync(from)) lend(from, join(tree, place, 'node_modules'));
  }
  const pages = join(ROOT, 'ui', 'dist');
  if (existsSync(pages)) symlinkSync(pages, join(tree, 'ui', 'dist'));
}

function lend(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name.startsWith('.')) continue;
    const [source, target] = [join(from, name), join(to, name)];
    if (name === '@portico') {
      mkdirSync(target);
      for (const own of readdirSync(source)) symlinkSync(readlinkSync(join(source, own)), join(target, own));
    } else {
      symlinkSync(lstatSync(source).isSymbolicLink() ? readlinkSync(source) : source, target);
    }
  }
}

/** What git prints; null: it refuses. */
function git(...words: readonly string[]): string | null {
  try {
    return execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
