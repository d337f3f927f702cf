import { readFileSync } from 'node:fs';

/** Linux reports processor time in ticks of 10 ms to every program, whatever the kernel was built with. */
const MS_A_TICK = 10;

/** Processor time of all threads of a process, user and system, in milliseconds; null where /proc does not exist. */
export function processorMs(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in brackets and may hold spaces; the 14th and 15th are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK;
}

/** The largest resident size the process has had, in MiB. */
export function peakMemoryMib(pid: number): number | null {
  const kib = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
