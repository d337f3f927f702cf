import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** In bytes: what a whole run may have lying there at a time, many times over. */
const ROOM = 4 * 1024 ** 3;

/**
 * A folder in memory, or null where there is none with room. A run makes and removes some thousand databases of 500 files each; on a disk that
 * is most of what it waits for, and nothing that tests write is worth a disk.
 */
export function memoryFolder(folder: string = MEMORY, room: number = ROOM): string | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= room && mayRun(folder) ? folder : null;
  } catch {
    return null;
  }
}

/** Some tests start what they have written, and a container may forbid that there. */
function mayRun(folder: string): boolean {
  const own = mkdtempSync(join(folder, 'portico-memory-'));
  try {
    const program = join(own, 'program');
    writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o700 });
    return spawnSync(program).status === 0;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
