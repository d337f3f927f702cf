// npm test, on the pinned runtime: services, type check, lint, format, then every test file, and the totals as the last line.

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryFolder } from './services/memory-folder.ts';
import { type Services, startServices } from './services/start-services.ts';
import { checkTree } from './testing/check-tree.ts';
import { findTestFiles, type Selection } from './testing/find-test-files.ts';
import { inTurn } from './testing/in-turn.ts';
import { lookAgain } from './testing/look-again.ts';
import { countOutcomes, failures, figures, progressLine, summary, totalsLine } from './testing/report.ts';
import { type FileResult, type Run, runFile } from './testing/run-file.ts';

const FILE_TIMEOUT = 5 * 60_000;
const FILE_TIMEOUT_PROVE = 3 * 60 * 60_000;
const SILENCE = 30_000;
/** Browsers and databases, not processors, are what runs out beyond this. */
const MOST_AT_ONCE = 4;

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
  const scratch = makeScratch();
  let services: Services | null = null;
  const results: FileResult[] = [];
  const keep = (result: FileResult) => {
    results.push(result);
    say(progressLine(result));
  };
  try {
    // Beside the installation of what is missing, which waits for a mirror, and beside the first tests.
    const tree = selection.filters.length === 0 ? checkTree(root, interruption.signal, keep) : Promise.resolve();
    tree.catch(() => undefined);
    services = await startServices(say);
    const env = { ...testEnvironment(root, selection, services), TMPDIR: scratch.temporary };
    const run = { root, logs: scratch.logs, env, signal: interruption.signal };
    const timed = { ...run, fileTimeout: selection.prove ? FILE_TIMEOUT_PROVE : FILE_TIMEOUT };
    await Promise.all([tree, runAll(timed, selection, services, keep)]);
    // Of a few files that were asked for by name the truth is wanted at once.
    const whole = selection.filters.length === 0 && !interruption.signal.aborted;
    const { results: last, unsteady } = whole ? await lookAgain(results, (file) => alone(timed, file)) : { results, unsteady: [] };
    if (interruption.signal.aborted) return 130;
    if (selection.prove) console.log(figures(last));
    console.log(`${summary(last)}\n`);
    if (unsteady.length > 0) console.log(`UNSTEADY: failed beside other files, and passed alone\n${failures(unsteady)}\n`);
    warnOf(services);
    const totals = countOutcomes(last);
    console.log(totalsLine(totals));
    return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
  } finally {
    await services?.stop();
    rmSync(scratch.folder, { recursive: true, force: true, maxRetries: 5 });
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

/** Where the run writes, and its tests: what a killed one leaves there goes with it. */
function makeScratch(): { readonly folder: string; readonly logs: string; readonly temporary: string } {
  const folder = mkdtempSync(join(memoryFolder() ?? tmpdir(), 'portico-tests-'));
  const [logs, temporary] = [join(folder, 'logs'), join(folder, 'tmp')];
  for (const place of [logs, temporary]) mkdirSync(place);
  // Servers that tests start as another user reach their own folders below.
  for (const place of [folder, temporary]) chmodSync(place, 0o711);
  return { folder, logs, temporary };
}

/** A developer's own settings must not change what a test proves. */
function testEnvironment(root: string, selection: Selection, services: Services): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PORTICO_') && name !== 'NODE_ENV');
  // Every file is a process, and most load the whole server: without this, half of what such a process does is to compile it again.
  const compiled = join(root, 'node_modules', '.cache', 'portico-tests');
  return {
    ...Object.fromEntries(inherited),
    NODE_COMPILE_CACHE: compiled,
    ...services.env,
    NODE_ENV: 'test',
    PROVE: selection.prove ? '1' : '0',
  };
}

async function runAll(run: Run, selection: Selection, services: Services, keep: (result: FileResult) => void): Promise<void> {
  warnOf(services);
  if (process.env.CI === 'true') services.missing.forEach(({ name, why }) => keep(missingService(name, why)));
  const files = findTestFiles(run.root, selection);
  if (files.length === 0) console.log('No test file matches.');
  await runFiles(run, files, keep);
}

async function alone(run: Run, file: string): Promise<FileResult> {
  const result = await runFile(run, file);
  say(`once more, alone: ${progressLine(result)}`);
  return result;
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
  const turns = inTurn(files);
  const running = new Set<string>();
  const nudge = setInterval(() => say(`still running: ${[...running].join(', ')}`), SILENCE);
  const work = async () => {
    for (let file = turns.next(); file !== null && !run.signal.aborted; file = turns.next()) {
      running.add(file);
      const result = await runFile(run, file);
      running.delete(file);
      turns.ended(file);
      if (!run.signal.aborted) keep(result);
    }
  };
  try {
    // Two more than there are cores: files that wait for a browser, a process or a timer leave their cores idle.
    await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, availableParallelism() + 2) }, work));
  } finally {
    clearInterval(nudge);
  }
}

function say(line: string): void {
  console.log(`  ${line}`);
}
