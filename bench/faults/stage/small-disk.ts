import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own with little room, in memory. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all the room that is left. */
  fill(): void;
  /** Gives it back. */
  makeRoom(): void;
  close(): void;
}

/** In megabytes: the database, its log at its longest, and a little. */
const ROOM = 48;
const PIECE = 64 * 1024;

/** Null: mounting is not allowed here. */
export function mountSmallDisk(): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'portico-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}m,mode=700`, 'portico-small-disk', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return null;
  }
  const filler = join(folder, 'filler');
  const close = (): void => {
    process.off('exit', close);
    execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' });
    rmdirSync(folder);
  };
  // Whoever ends us in the middle leaves no mount behind.
  process.once('exit', close);
  return {
    folder,
    fill() {
      const file = openSync(filler, 'w');
      try {
        // By ever smaller pieces, down to the last byte.
        for (let piece = PIECE; piece >= 1; piece = Math.floor(piece / 8)) writeUntilFull(file, Buffer.alloc(piece));
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
    close,
  };
}

function writeUntilFull(file: number, piece: Buffer): void {
  for (;;) {
    try {
      writeSync(file, piece);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return;
      throw error;
    }
  }
}
