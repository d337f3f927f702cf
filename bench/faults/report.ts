import { FAULT_KINDS, type FaultKind, isClean, type Verdict } from './judge.ts';

/** `shown`: by something else than traffic and a judge. `broken`: the run itself did not come to its end. */
export type Outcome =
  | { readonly kind: 'shown'; readonly figures: string }
  | { readonly kind: 'judged'; readonly verdict: Verdict }
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string };

/** One run of one fault. */
export interface Reported {
  readonly name: string;
  readonly expects: 'nothing' | 'losses';
  readonly outcome: Outcome;
  readonly seconds: number;
}

const COLUMNS: readonly (readonly [string, (verdict: Verdict) => string | number])[] = [
  ['requests', ({ requests }) => requests],
  ['told', ({ acknowledged }) => acknowledged],
  ['asked again', ({ unavailable, broken }) => unavailable + broken],
  ['lost', ({ faults }) => faults.lost.length],
  ['signed out', ({ faults }) => faults.signedOut.length],
  ['401', ({ faults }) => faults.turnedAway.length],
  ['let in', ({ faults, strictTries }) => `${faults.revokedAccepted.length}/${strictTries}`],
  ['counted', ({ faults }) => faults.countedFailures.length],
  ['late', ({ faults }) => faults.late.length],
  ['other', ({ faults }) => faults.wrong.length],
  ['slowest', ({ slowest, stalled }) => `${slowest}-${stalled} ms`],
  ['letters', ({ letters, lettersTwice }) => `${letters}${lettersTwice === 0 ? '' : ` +${lettersTwice}`}`],
];
/** Of each kind that must not be, so many sentences. */
const SENTENCES = 8;

export function isGood({ expects, outcome }: Reported): boolean {
  if (outcome.kind !== 'judged') return outcome.kind !== 'broken';
  return expects === 'losses' ? outcome.verdict.faults.lost.length > 0 : isClean(outcome.verdict);
}

/** One table for all runs, and below it what must not be. */
export function printTable(runs: readonly Reported[]): string {
  const rows = [['fault', ...COLUMNS.map(([name]) => name), 'seconds'], ...runs.map(rowOf)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  );
  const sentences = runs.filter((run) => !isGood(run) || run.outcome.kind !== 'judged' || run.expects === 'losses').flatMap(explain);
  return [...table, ...(sentences.length === 0 ? [] : ['', ...sentences])].join('\n');
}

function rowOf({ name, outcome, seconds }: Reported): string[] {
  if (outcome.kind !== 'judged') return [name, outcome.kind];
  return [name, ...COLUMNS.map(([, cell]) => String(cell(outcome.verdict))), seconds.toFixed(0)];
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function explain({ name, expects, outcome }: Reported): string[] {
  if (outcome.kind === 'shown') return [`${name}: ${outcome.figures}`];
  if (outcome.kind !== 'judged') return [`${name} ${outcome.kind.toUpperCase()}: ${outcome.why}`];
  if (expects === 'losses' && outcome.verdict.faults.lost.length === 0)
    return [`${name}: the detector is blind: where losses must be, it found none`];
  return (Object.keys(FAULT_KINDS) as FaultKind[]).flatMap((kind) => {
    const said = outcome.verdict.faults[kind];
    const more = said.length > SENTENCES ? [`    … and ${said.length - SENTENCES} more`] : [];
    return said.length === 0
      ? []
      : [`${name}: ${FAULT_KINDS[kind]}: ${said.length}`, ...said.slice(0, SENTENCES).map((one) => `    ${one}`), ...more];
  });
}
