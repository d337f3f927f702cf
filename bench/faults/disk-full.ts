import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, untilFelt } from './play.ts';
import { mountSmallDisk, type SmallDisk } from './stage/small-disk.ts';
import { StageMissing } from './stage.ts';

export const DISK_FULL = { name: 'disk-full', sentence: 'the disk of SQLite is full, and later has room again' };

/** SQLite, and the file system that its folder lies on has no byte left. */
export function diskFull(disk: SmallDisk): Fault {
  return {
    ...DISK_FULL,
    stage: { database: 'sqlite', folder: disk.folder },
    async strike({ stage, people, lasting }) {
      disk.fill();
      await untilFelt(people);
      await sleep(lasting);
      // It is alive, and can say so: what reads still reads.
      const alive = await fetch(`http://127.0.0.1:${stage.nodes[0]?.port}/healthz`);
      if (!alive.ok) people.ledger.surprises.push({ kind: 'wrong', who: 'the node', act: 'healthz', said: String(alive.status), at: 0 });
      disk.makeRoom();
    },
  };
}

/** With a disk of its own, for as long as `use` takes. Throws StageMissing where nothing may be mounted. */
export async function onSmallDisk<T>(use: (fault: Fault) => Promise<T>): Promise<T> {
  const disk = mountSmallDisk();
  if (disk === null) throw new StageMissing('mounting is not allowed here, and a full disk needs a small one');
  try {
    return await use(diskFull(disk));
  } finally {
    disk.close();
  }
}
