import { closeSync, fsyncSync, openSync, readFileSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x2fc12fc1: 'zfs',
  0x794c7630: 'overlayfs',
  0x01021994: 'tmpfs, which has no disk behind it: durability costs nothing here',
};

export function describeMachine(folder: string): string {
  const type = statfsSync(folder).type;
  const disk = FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
  return `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${disk}, fsync of 4 KiB ${fsyncMedianUs(folder)} us`;
}

function fsyncMedianUs(folder: string): number {
  const path = join(folder, 'fsync');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096);
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, block);
    const before = performance.now();
    fsyncSync(file);
    return performance.now() - before;
  });
  closeSync(file);
  unlinkSync(path);
  return Math.round((times.sort((a, b) => a - b)[100] ?? 0) * 1000);
}

/** Processor time of the whole machine so far, in milliseconds over all cores; null where /proc does not exist. */
export interface MachineTime {
  readonly busy: number;
  /** What the host of a virtual machine gave to others while this one wanted to run. */
  readonly stolen: number;
}

export function machineTime(): MachineTime | null {
  try {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync('/proc/stat', 'utf8')
      .slice(5, 200)
      .split(' ')
      .map(Number);
    return { busy: (user + nice + system + irq + softirq) * 10, stolen: steal * 10 };
  } catch {
    return null;
  }
}
