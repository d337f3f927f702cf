import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file to be made. */
export interface NewFile {
  /** Below the folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly secret: boolean;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export type Written =
  | { readonly kind: 'written'; readonly made: readonly string[]; readonly kept: readonly string[] }
  | { readonly kind: 'taken'; readonly paths: readonly string[] };

/**
 * Writes all of them or none, and never over anything: where one is there with other words in it, nothing is written. One that is there with
 * the same words stays. Secrets, and their folders, are for their owner alone; `owner` gets them where it is given.
 */
export function writeNew(folder: string, files: readonly NewFile[], owner: Owner | null): Written {
  const states = files.map((file) => ({ file, state: stateOf(join(folder, file.path), file) }));
  const taken = states.filter(({ state }) => state === 'other').map(({ file }) => file.path);
  if (taken.length > 0) return { kind: 'taken', paths: taken };
  const undo: (() => void)[] = [];
  try {
    const missing = states.filter(({ state }) => state === 'absent').map(({ file }) => file);
    for (const file of missing) writeOne(folder, file, owner, undo);
    const kept = states.filter(({ state }) => state === 'same').map(({ file }) => file.path);
    return { kind: 'written', made: missing.map(({ path }) => path), kept };
  } catch (cause) {
    for (const back of undo.reverse()) back();
    throw cause;
  }
}

function stateOf(path: string, { text, secret }: NewFile): 'absent' | 'same' | 'other' {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return 'absent';
  return !secret && facts.isFile() && readFileSync(path, 'utf8') === text ? 'same' : 'other';
}

function writeOne(folder: string, { path, text, secret }: NewFile, owner: Owner | null, undo: (() => void)[]): void {
  const place = join(folder, path);
  makeFolders(dirname(place), secret ? 0o700 : 0o755, secret ? owner : null, undo);
  // `wx` fails where anything came meanwhile, a link among it.
  writeFileSync(place, text, { flag: 'wx', mode: secret ? 0o600 : 0o644 });
  undo.push(() => unlinkSync(place));
  // Whatever umask the caller has: the database reads its file as a user of its own.
  chmodSync(place, secret ? 0o600 : 0o644);
  if (!secret) return;
  if (owner !== null) chownSync(place, owner.uid, owner.gid);
}

function makeFolders(path: string, mode: number, owner: Owner | null, undo: (() => void)[]): void {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts?.isDirectory() === true) return;
  if (facts !== undefined) throw new Error(`${path} is no folder`);
  makeFolders(dirname(path), mode, owner, undo);
  mkdirSync(path, { mode });
  undo.push(() => rmdirSync(path));
  chmodSync(path, mode);
  if (owner !== null) chownSync(path, owner.uid, owner.gid);
}
