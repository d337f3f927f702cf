import { COUNTED, type Counted, type CountedName, OTHER } from './figures.ts';

/**
 * Plain numbers in memory, read when somebody looks. Counting costs a look into a map; nothing is computed, sorted or written until then.
 * A label that is not on its list becomes `other`, so that no caller can fill the memory, nor a screen, with names of their own.
 */
export interface Tally {
  count<Name extends CountedName>(name: Name, labels: LabelsOf<Name>): void;
  /** Puts a duration, in seconds, into its bucket. */
  observe<Name extends TimedName>(name: Name, labels: LabelsOf<Name>, seconds: number): void;
  /** A value that this label may take from now on. */
  admit(label: AdmittedLabel, value: string): void;
  read(): readonly Reading[];
}

export type LabelsOf<Name extends CountedName> = {
  readonly [Label in keyof (typeof COUNTED)[Name]['labels']]: (typeof COUNTED)[Name]['labels'][Label] extends readonly (infer Value)[]
    ? (Value & string) | typeof OTHER
    : never;
};
export type TimedName = { [Name in CountedName]: (typeof COUNTED)[Name] extends { readonly buckets: unknown } ? Name : never }[CountedName];
export type AdmittedLabel = 'way' | 'route' | 'job';

/** One of the figures as it stands now. */
export interface Reading {
  readonly counted: Counted;
  readonly rows: readonly ReadRow[];
}

export interface ReadRow {
  readonly labels: Readonly<Record<string, string>>;
  /** How often, or for durations: how many there were. */
  readonly count: number;
  /** Of durations: all of them together, and how many were within each bound. */
  readonly sum: number;
  readonly within: readonly number[];
}

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
  sum: number;
  readonly buckets: number[];
}

interface Table {
  readonly counted: Counted;
  readonly names: readonly string[];
  readonly values: readonly Set<string>[];
  readonly rows: Map<string, Row>;
}

/** A figure with more combinations of labels than this shows only those that occurred. */
const ROWS_FROM_THE_START = 24;

export function createTally(): Tally {
  const admitted: Readonly<Record<AdmittedLabel, Set<string>>> = { way: new Set(), route: new Set(), job: new Set() };
  const tables = new Map<CountedName, Table>();
  for (const [name, counted] of Object.entries<Counted>(COUNTED)) tables.set(name as CountedName, openTable(counted, admitted));

  const rowOf = (name: CountedName, given: Readonly<Record<string, unknown>>): Row => {
    const { counted, names, values, rows } = tables.get(name) as Table;
    let key = '';
    for (const [at, label] of names.entries()) {
      const value = given[label] as string;
      key += values[at]?.has(value) === true ? `${value} ` : `${OTHER} `;
    }
    const known = rows.get(key);
    if (known !== undefined) return known;
    const row = emptyRow(counted, names, key.split(' '));
    rows.set(key, row);
    return row;
  };

  return {
    count: (name, labels) => {
      rowOf(name, labels).count += 1;
    },
    observe: (name, labels, seconds) => {
      const row = rowOf(name, labels);
      row.count += 1;
      row.sum += seconds;
      const bounds: readonly number[] = COUNTED[name].buckets;
      const at = bounds.findIndex((bound) => seconds <= bound);
      if (at >= 0) row.buckets[at] = (row.buckets[at] ?? 0) + 1;
    },
    admit: (label, value) => void admitted[label].add(value),
    read: () => [...tables.values()].map(({ counted, rows }) => ({ counted, rows: [...rows.values()].map(readRow) })),
  };
}

function openTable(counted: Counted, admitted: Readonly<Record<string, Set<string>>>): Table {
  const names = Object.keys(counted.labels);
  const values = names.map((label) => {
    const taken = admitted[label] ?? new Set<string>();
    for (const value of counted.labels[label] ?? []) taken.add(value);
    return taken;
  });
  const table: Table = { counted, names, values, rows: new Map() };
  // There from the start: 0 is an answer, absence is a question, and a rate needs a number before the first one.
  const rows = names.reduce<readonly (readonly string[])[]>(
    (before, label) => before.flatMap((row) => (counted.labels[label] ?? []).map((value) => [...row, value])),
    [[]],
  );
  if (rows.length <= ROWS_FROM_THE_START) for (const row of rows) table.rows.set(keyOf(row), emptyRow(counted, names, row));
  return table;
}

const keyOf = (values: readonly string[]) => values.map((value) => `${value} `).join('');

function emptyRow(counted: Counted, names: readonly string[], values: readonly string[]): Row {
  const labels = Object.fromEntries(names.map((label, at) => [label, values[at] ?? OTHER]));
  return { labels, count: 0, sum: 0, buckets: (counted.buckets ?? []).map(() => 0) };
}

/** Bounds of a histogram include what lies below them. */
function readRow({ labels, count, sum, buckets }: Row): ReadRow {
  let below = 0;
  return { labels, count, sum, within: buckets.map((number) => (below += number)) };
}
