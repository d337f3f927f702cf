// npm test, on the pinned runtime: services, type check, lint, format, then every test file, and the totals as the last line.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Services, startServices } from './services/start-services.ts';
import { checkTree } from './testing/check-tree.ts';
import { findTestFiles, type Selection } from './testing/find-test-files.ts';
import { countOutcomes, figures, progressLine, summary, totalsLine } from './testing/report.ts';
import { type FileResult, type Run, runFile } from './testing/run-file.ts';

const FILE_TIMEOUT = 5 * 60_000;
const FILE_TIMEOUT_PROVE = 3 * 60 * 60_000;
const SILENCE = 30_000;
/** Browsers and databases, not processors, are what runs out beyond this. */
const MOST_AT_ONCE = 4;
/** Every page in every state, in a browser: begun at its turn, the last one, it would run alone for minutes. */
const LONGEST = 'ui/test/pages.browser.test.ts';

const USAGE = `Usage: npm test [-- [--prove] [PART OF A PATH …]]
Runs everything; with parts of paths only the test files that match, without type check, lint and format.`;

process.exitCode = await main(process.cwd(), process.argv.slice(2));

async function main(root: string, argv: readonly string[]): Promise<number> {
  const selection = parseSelection(argv);
  if (selection === null) {
    console.error(USAGE);
    return 2;
  }
  const interruption = interruptible();
  const logs = mkdtempSync(join(tmpdir(), 'portico-tests-'));
  let services: Services | null = null;
  try {
    services = await startServices(say);
    const run = { root, logs, env: testEnvironment(selection, services), signal: interruption.signal };
    const results = await runAll({ ...run, fileTimeout: selection.prove ? FILE_TIMEOUT_PROVE : FILE_TIMEOUT }, selection, services);
    if (interruption.signal.aborted) return 130;
    if (selection.prove) console.log(figures(results));
    console.log(`${summary(results)}\n`);
    warnOf(services);
    const totals = countOutcomes(results);
    console.log(totalsLine(totals));
    return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
  } finally {
    await services?.stop();
    rmSync(logs, { recursive: true, force: true });
  }
}

function parseSelection(argv: readonly string[]): Selection | null {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: { prove: { type: 'boolean' } }, allowPositionals: true });
    return { prove: values.prove === true, filters: positionals.map((part) => part.replace(/^\.\//, '')) };
  } catch {
    return null;
  }
}

/** Ctrl-C and SIGTERM end the tests first, so that the services and folders below them are cleaned up. */
function interruptible(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  return controller;
}

/** A developer's own settings must not change what a test proves. */
function testEnvironment(selection: Selection, services: Services): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PORTICO_') && name !== 'NODE_ENV');
  return { ...Object.fromEntries(inherited), ...services.env, NODE_ENV: 'test', PROVE: selection.prove ? '1' : '0' };
}

async function runAll(run: Run, selection: Selection, services: Services): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  const keep = (result: FileResult) => {
    results.push(result);
    say(progressLine(result));
  };
  warnOf(services);
  if (process.env.CI === 'true') services.missing.forEach(({ name, why }) => keep(missingService(name, why)));
  if (selection.filters.length === 0) await checkTree(run.root, run.signal, keep);
  const files = findTestFiles(run.root, selection);
  if (files.length === 0) console.log('No test file matches.');
  await runFiles(run, files, keep);
  return results;
}

/** Said before the tests and again after them, where it is still on the screen. */
function warnOf(services: Services): void {
  for (const { name, why } of services.missing) console.log(`NOT THERE: ${name}; the tests that need it are skipped. ${why}\n`);
}

function missingService(name: string, why: string): FileResult {
  const outcome = { kind: 'failed', name: 'with CI=true every service is there', milliseconds: 0, where: '', why } as const;
  return { file: name, outcomes: [outcome], milliseconds: 0, output: '', notes: [] };
}

async function runFiles(run: Run, files: readonly string[], keep: (result: FileResult) => void): Promise<void> {
  const waiting = [...files.filter((file) => file === LONGEST), ...files.filter((file) => file !== LONGEST)];
  const running = new Set<string>();
  const nudge = setInterval(() => say(`still running: ${[...running].join(', ')}`), SILENCE);
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !run.signal.aborted; file = waiting.shift()) {
      running.add(file);
      const result = await runFile(run, file);
      running.delete(file);
      if (!run.signal.aborted) keep(result);
    }
  };
  try {
    // One more than there are cores: a file that waits for a browser, a process or a timer leaves its core idle.
    await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, availableParallelism() + 1) }, work));
  } finally {
    clearInterval(nudge);
  }
}

function say(line: string): void {
  console.log(`  ${line}`);
}
