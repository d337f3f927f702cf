import type { Client } from '../clients/client.ts';
import type { Settings } from '../config.ts';
import type { Database } from '../platform/db.ts';
import { messageOf } from '../platform/message-of.ts';
import type { Names } from '../platform/names.ts';
import { within } from '../platform/within.ts';
import type { CheckName } from './check-names.ts';

/** What `portico doctor` found out about one thing. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  /** What to do about it; not where the state is `ok`. */
  readonly fix?: string;
}

/** As it is printed: with the part that it belongs to. */
export interface PrintedCheck extends Check {
  readonly part: CheckName;
}

export interface SecretFile {
  readonly setting: string;
  readonly path: string;
}

/** What lies outside the settings, handed in so that a test can hold it. */
export interface Outside {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly names: Names;
  /** What one check may take, in milliseconds; a single call to somebody else gets four fifths of it, so that its own words are heard. */
  readonly patience: number;
  /** Where a host answers plain http beside its https. */
  readonly plainPort: number;
  /** What this process may use of memory, in bytes. */
  readonly memory: number;
  /** Bytes that are left where a folder lies. */
  readonly freeBytes: (folder: string) => number;
  /** Files that secrets were read from, by the name of the setting. */
  readonly secretFiles: readonly SecretFile[];
}

export type Reached =
  | { readonly kind: 'open'; readonly database: Database }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreachable'; readonly problem: string };

/** Everything that a check may look at. */
export interface Examination {
  readonly settings: Settings;
  readonly outside: Outside;
  readonly reached: Promise<Reached>;
  /** Registered sites that are in service; null: they cannot be read, which the check of the database explains. */
  readonly sites: Promise<readonly Client[] | null>;
}

export const PATIENCE = 5000;

/** Milliseconds for one call to somebody else. */
export function callPatience({ patience }: Outside): number {
  return patience * 0.8;
}

/** A check that hangs says so, and one that breaks says how: neither costs the others anything. */
export async function patiently(
  { patience }: Outside,
  name: string,
  fix: string,
  work: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    const checks = await within(patience, work());
    return checks ?? [{ name, state: 'fail', finding: `no answer within ${patience / 1000} s`, fix }];
  } catch (cause) {
    return [{ name, state: 'fail', finding: `could not be checked: ${messageOf(cause)}`, fix }];
  }
}

/** At most so many are asked at once. */
const AT_ONCE = 16;

/** Looks at each, several at a time, until the patience is over; says how many it did not get to. */
export async function lookAtEach<T>(
  { patience }: Outside,
  name: string,
  items: readonly T[],
  look: (item: T) => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  const found: (readonly Check[])[] = [];
  const deadline = performance.now() + patience;
  let next = 0;
  const walk = async () => {
    while (next < items.length && performance.now() < deadline) {
      const at = next++;
      found[at] = await look(items[at] as T);
    }
  };
  await within(patience, Promise.all(Array.from({ length: AT_ONCE }, walk)));
  const missed = items.filter((_, at) => found[at] === undefined).length;
  const checks = [...found].flatMap((each) => each ?? []);
  if (missed === 0) return checks;
  const finding = `${missed} of ${items.length} gave no answer within ${patience / 1000} s`;
  return [
    ...checks,
    { name, state: 'warn', finding, fix: 'ask again; if it stays so, look at the network and the name server of this machine' },
  ];
}

/** The code of a network's error, such as ECONNREFUSED; where there is none, its words. */
export function codeOf(cause: unknown): string {
  const found = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  return found instanceof Error && 'code' in found ? String(found.code) : messageOf(found);
}
