import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A clock of one process that goes wrong while it runs, by libfaketime (Debian's package `faketime`). Timers and pauses stay right. */
export interface FalseClock {
  /** With what to start the process. */
  readonly settings: Readonly<Record<string, string>>;
  /** From here on it shows so many seconds more, or less, than the truth. */
  jump(seconds: number): void;
  close(): void;
}

/** Debian's places, by machine. */
const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);

/** Null: there is no libfaketime on this machine. */
export function makeFalseClock(): FalseClock | null {
  const library = LIBRARIES.find((one) => existsSync(one));
  if (library === undefined) return null;
  const folder = mkdtempSync(join(tmpdir(), 'portico-clock-'));
  const file = join(folder, 'offset');
  const jump = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
  jump(0);
  return {
    settings: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      // Read anew each time: the jump comes at once.
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    jump,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
