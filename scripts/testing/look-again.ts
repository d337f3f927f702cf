import type { FileResult } from './run-file.ts';

/** Files that failed are run once more; more of them than this are no accident. */
const FILES_MAX = 12;

export interface SecondLook {
  readonly results: readonly FileResult[];
  /** Failed beside others and passed alone, as they failed. */
  readonly unsteady: readonly FileResult[];
}

/**
 * A file that failed while others took the processors away is run once more by itself. One that passes then does not fail the run, but is
 * told of at its end: a test that depends on who runs beside it is a defect of its own. One that fails again, fails.
 */
export async function lookAgain(results: readonly FileResult[], runAlone: (file: string) => Promise<FileResult>): Promise<SecondLook> {
  const failed = results.filter(({ file, outcomes }) => file.endsWith('.ts') && outcomes.some(({ kind }) => kind === 'failed'));
  if (failed.length === 0 || failed.length > FILES_MAX) return { results, unsteady: [] };
  const again = new Map<string, FileResult>();
  for (const { file } of failed) {
    const result = await runAlone(file);
    if (result.outcomes.length > 0 && result.outcomes.every(({ kind }) => kind !== 'failed')) again.set(file, result);
  }
  return {
    results: results.map((result) => again.get(result.file) ?? result),
    unsteady: failed.filter(({ file }) => again.has(file)),
  };
}
