import { ConfigProblems, explainConfig, inspectConfig } from '../config.ts';
import type { Check } from './check.ts';
import { checkDatabase } from './check-database.ts';
import { checkMachine } from './check-machine.ts';
import { checkRedis } from './check-redis.ts';

/** Shows every setting with its source, and checks what they lead to. Changes nothing. Exit code 1 if a check fails. */
export async function doctor({ json }: { json: boolean }): Promise<number> {
  const settings = explainConfig();
  const checks = await runChecks();
  if (json) console.log(JSON.stringify({ settings, checks }, null, 2));
  else {
    const rows = settings.map(({ name, value, source }) => [name, value === '' ? '(empty)' : value, source]);
    process.stdout.write(`${table(rows)}\n${checks.map(line).join('')}`);
  }
  return checks.some(({ state }) => state === 'fail') ? 1 : 0;
}

async function runChecks(): Promise<Check[]> {
  try {
    const settings = inspectConfig();
    return [
      { name: 'settings', state: 'ok', finding: `good for ${settings.mode}` },
      ...(await checkMachine(settings)),
      ...(await checkDatabase(settings)),
      ...(await checkRedis(settings)),
    ];
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    return error.problems.map((finding) => ({
      name: 'settings',
      state: 'fail',
      finding,
      fix: 'correct it and ask again: the rest was not checked',
    }));
  }
}

function line({ name, state, finding, fix }: Check): string {
  return `${state.padEnd(4)}  ${name}: ${finding}\n${fix === undefined ? '' : `      -> ${fix}\n`}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
