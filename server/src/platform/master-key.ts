import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { deriveKey } from './crypto.ts';

/** The key that seals whatever the database keeps secret. It never enters the database, and the database never leaves with it. */
export const MASTER_KEY_BYTES = 32;
export const MASTER_KEY_FILE = 'master.key';
/** The key that takes its place, until the database knows it. */
export const NEXT_MASTER_KEY_FILE = 'master.key.next';

/** The name of a master key: it tells two of them apart and says nothing of either. */
export function masterKeyIdOf(masterKey: Buffer): string {
  return deriveKey(masterKey, 'master key name').toString('base64url').slice(0, 16);
}

/** 32 bytes as base64url, base64 or hex. Null for anything else. */
export function parseMasterKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[\w+/-]{43}=?$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length === MASTER_KEY_BYTES ? key : null;
}

/** Whether somebody typed it: 32 random bytes with so few different ones do not happen, `000…` and `aaaa…` do. */
export function isPlaceholderKey(key: Buffer): boolean {
  return new Set(key).size < 12;
}

export type MasterKeyFile =
  | { readonly kind: 'present'; readonly path: string; readonly key: Buffer }
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'unusable'; readonly path: string; readonly problem: string };

/** Looks for the generated key; changes nothing. */
export function findMasterKeyFile(dataDir: string, name: string = MASTER_KEY_FILE): MasterKeyFile {
  const path = join(dataDir, name);
  const unusable = (problem: string): MasterKeyFile => ({ kind: 'unusable', path, problem });
  try {
    const facts = lstatSync(path);
    if (!facts.isFile()) return unusable(`${path} is not a plain file`);
    // Windows has no such bits; there the folder's access list decides.
    if (process.platform !== 'win32' && (facts.mode & 0o077) !== 0) {
      return unusable(`${path} can be read by others: run chmod 600 on it, or hand the key in as PORTICO_MASTER_KEY_FILE`);
    }
    const key = parseMasterKey(readFileSync(path, 'utf8').trim());
    if (key === null || isPlaceholderKey(key))
      return unusable(`${path} does not hold a key of ${MASTER_KEY_BYTES} random bytes: restore it from a backup`);
    return { kind: 'present', path, key };
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR')) return { kind: 'absent', path };
    return unusable(`${path} cannot be read (${(cause as Error).message})`);
  }
}

/**
 * The key in the data folder, made now if it is not there yet. The whole file appears under its name at once (link fails where the name is
 * taken), so that two processes that start together agree on one key, and none ever reads half of one.
 */
export function requireMasterKeyFile(dataDir: string, name: string = MASTER_KEY_FILE): Buffer {
  const before = findMasterKeyFile(dataDir, name);
  if (before.kind === 'absent') makeMasterKeyFile(dataDir, before.path);
  const after = before.kind === 'absent' ? findMasterKeyFile(dataDir, name) : before;
  if (after.kind === 'present') return after.key;
  throw new Error(after.kind === 'unusable' ? after.problem : `${after.path} vanished`);
}

/**
 * Puts the next key in the place of the present one, which stays beside it under its own name: copies of the database from before need it.
 * Answers where. Whoever is killed in between leaves files that all hold good keys, and can do it again; of two who do it, one does.
 */
export function adoptNextMasterKeyFile(dataDir: string, present: Buffer): string {
  const path = join(dataDir, MASTER_KEY_FILE);
  const kept = `${path}.${masterKeyIdOf(present)}`;
  const found = findMasterKeyFile(dataDir);
  if (found.kind === 'present' && found.key.equals(present)) {
    unlessThere(() => linkSync(path, kept));
    syncFolder(dataDir);
    unlessGone(() => renameSync(join(dataDir, NEXT_MASTER_KEY_FILE), path));
    syncFolder(dataDir);
  }
  return kept;
}

function unlessThere(make: () => void): void {
  try {
    make();
  } catch (cause) {
    if (!isSystemError(cause, 'EEXIST')) throw cause;
  }
}

function unlessGone(move: () => void): void {
  try {
    move();
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT')) throw cause;
  }
}

function makeMasterKeyFile(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${randomBytes(MASTER_KEY_BYTES).toString('base64url')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    unlessThere(() => linkSync(draft, path));
  } finally {
    unlinkSync(draft);
  }
  syncFolder(dataDir);
}

/** Without this a power cut could keep the database and lose the name of the key that opens it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32' || !existsSync(folder)) return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function isSystemError(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
