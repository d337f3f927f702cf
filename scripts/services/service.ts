import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something outside Node that tests need: found on the machine, or installed from Debian's packages. */
export interface Service {
  readonly name: string;
  /** The Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Null: not on this machine. Throws when what somebody pointed us to does not work. */
  find(): Promise<Found | null>;
}

export interface Found {
  /** What it is and where, for the reader of the test run. */
  readonly what: string;
  /** How the tests learn of it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The path of a program on the PATH, or null. */
export function findProgram(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
