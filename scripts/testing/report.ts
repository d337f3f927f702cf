import type { FileResult, TestOutcome } from './run-file.ts';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const SLOWEST = 10;

export function countOutcomes(results: readonly FileResult[]): Totals {
  const outcomes = results.flatMap((result) => result.outcomes);
  const count = (kind: TestOutcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** The line that a person, and a program, reads last. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

export function progressLine(result: FileResult): string {
  const { passed, failed, skipped } = countOutcomes([result]);
  const counts = [`${passed} passed`, failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean);
  return `${failed > 0 ? 'FAIL' : '  ok'}  ${result.file}  (${counts.join(', ')}, ${seconds(result.milliseconds)})`;
}

/** Everything after the last file: slow tests, skipped tests, and each failing file with all it has printed. */
export function summary(results: readonly FileResult[]): string {
  return [slowestTests(results), skippedTests(results), failures(results)].filter(Boolean).join('\n');
}

/** What the tests measured: the figures of a full run. */
export function figures(results: readonly FileResult[]): string {
  const noted = results.filter(({ notes }) => notes.length > 0).sort((a, b) => a.file.localeCompare(b.file));
  return noted.map(({ file, notes }) => `\nFigures of ${file}\n${indent(notes.join('\n'))}`).join('\n');
}

function slowestTests(results: readonly FileResult[]): string {
  const slowest = results
    .flatMap(({ file, outcomes }) => outcomes.map((outcome) => ({ file, ...outcome })))
    .filter((outcome) => outcome.kind !== 'skipped')
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOWEST);
  if (slowest.length === 0) return '';
  const lines = slowest.map(({ file, name, milliseconds }) => `  ${seconds(milliseconds).padStart(8)}  ${name}  (${file})`);
  return `\nSlowest tests\n${lines.join('\n')}`;
}

function skippedTests(results: readonly FileResult[]): string {
  const skipped = results.flatMap(({ file, outcomes }) =>
    outcomes.filter(({ kind }) => kind === 'skipped').map(({ name }) => `  ${name}  (${file})`),
  );
  return skipped.length === 0 ? '' : `\nSKIPPED\n${skipped.join('\n')}`;
}

/** Each failing file with its failures and all it has printed. */
export function failures(results: readonly FileResult[]): string {
  return results
    .filter(({ outcomes }) => outcomes.some(({ kind }) => kind === 'failed'))
    .map(({ file, outcomes, output }) => {
      const failed = outcomes.filter(({ kind }) => kind === 'failed').map(describeFailure);
      return `\nFAILED  ${file}\n${failed.join('\n')}${output.trim() === '' ? '' : `\n  It printed:\n${indent(output)}`}`;
    })
    .join('\n');
}

function describeFailure({ name, where, why }: TestOutcome): string {
  return [`  ${name}`, where === '' ? '' : `    at ${where}`, indent(why)].filter(Boolean).join('\n');
}

function indent(text: string): string {
  if (text.trim() === '') return '';
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
