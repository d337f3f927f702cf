/** `npm run bench`: refreshes per second of Portico beside its peers and beside the floor, in one run on one machine. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from './machine.ts';
import { type Contender, endContender, nameOf, type Sample, startContender, takeSample } from './measure.ts';
import { type Options, parseOptions } from './options.ts';
import { findPostgres, type Postgres } from './postgres.ts';
import { printReport } from './report.ts';
import { type Cores, pinDriver } from './server-process.ts';
import { type Result, summarize } from './summary.ts';
import type { Target } from './target.ts';
import { betterAuthOnPostgres, betterAuthOnSqlite } from './targets/better-auth.ts';
import { floorOnPostgres, floorOnSqlite } from './targets/floor.ts';
import { oidcProviderExchanging, oidcProviderIntrospecting, oidcProviderOnSqlite } from './targets/oidc-provider.ts';
import { porticoByOAuth, porticoExchanging, porticoIntrospecting, porticoOnPostgres, porticoOnSqlite } from './targets/portico.ts';
import { benchVerifier } from './verifier/run.ts';

const TARGETS: readonly Target[] = [
  floorOnSqlite,
  porticoOnSqlite,
  betterAuthOnSqlite,
  porticoByOAuth,
  oidcProviderOnSqlite,
  porticoExchanging,
  oidcProviderExchanging,
  porticoIntrospecting,
  oidcProviderIntrospecting,
  floorOnPostgres,
  porticoOnPostgres,
  betterAuthOnPostgres,
];
const CONCURRENCIES = [1, 8, 32] as const;
/** V8 compiles the hot paths in the first seconds; what is measured is a server that has been up for a while. */
const WARM_UP_SECONDS = 3;

const options = parseOptions(process.argv.slice(2));
if (typeof options === 'string') {
  const asked = process.argv.includes('--help');
  (asked ? process.stdout : process.stderr).write(`${options}\n`);
  process.exit(asked ? 0 : 2);
}
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error('Interrupted.')));
try {
  const verifies = options.only.includes('verifier');
  process.stdout.write(
    verifies ? `${await benchVerifier(options.checks, interrupted.signal)}\n` : await bench(options, interrupted.signal),
  );
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 130;
}

async function bench(options: Options, signal: AbortSignal): Promise<string> {
  const postgres = await findPostgres();
  const chosen = TARGETS.filter((target) => options.only.length === 0 || options.only.some((part) => nameOf(target).includes(part)));
  const targets = chosen.filter((target) => target.database === 'SQLite' || postgres.kind === 'found');
  if (targets.length === 0) throw new Error(`Nothing to measure. Targets: ${TARGETS.map(nameOf).join(', ')}.`);
  if (postgres.kind === 'missing' && targets.length < chosen.length)
    process.stderr.write(`SKIPPED, all targets on PostgreSQL: ${postgres.reason}.\n`);

  const parallelism = availableParallelism();
  const cores = pinDriver();
  // Beside the code and not in the system's temporary folder, which often is memory: fsync would cost nothing there.
  const cache = join(import.meta.dirname, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'run-'));
  const contenders: Contender[] = [];
  try {
    const head = [describeMachine(folder), describePinning(cores), describePlan(options, targets.length)].join('\n');
    process.stderr.write(`${head}\n`);
    for (const target of targets) contenders.push(await start(target, folder, postgres, cores, options.families));
    const samples = await measure(contenders, options, parallelism, signal);
    const results: Result[] = [];
    for (const contender of contenders) results.push(await finish(contender, samples));
    return options.json ? asJson(head, results) : `${head}\n\n${printReport(results, CONCURRENCIES)}\n`;
  } finally {
    for (const { running } of contenders) await running.server.stop();
    if (postgres.kind === 'found') await postgres.databases.dropAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(target: Target, folder: string, postgres: Postgres, cores: Cores, families: number): Promise<Contender> {
  const name = nameOf(target);
  process.stderr.write(`starting ${name}\n`);
  const own = join(folder, name);
  mkdirSync(own);
  const databaseUrl = target.database === 'SQLite' || postgres.kind === 'missing' ? null : await postgres.databases.create(name);
  const contender = await startContender(target, { folder: own, databaseUrl, core: cores.server }, families);
  await takeSample(contender, 0, Math.max(...CONCURRENCIES), WARM_UP_SECONDS, 1);
  return contender;
}

/** A B C, A B C, …: a slow minute of the machine falls on all targets alike, not on the one whose turn it was. */
async function measure(
  contenders: readonly Contender[],
  options: Options,
  parallelism: number,
  signal: AbortSignal,
): Promise<Map<Contender, Sample[]>> {
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= options.rounds; round++) {
    process.stderr.write(`round ${round} of ${options.rounds}\n`);
    for (const concurrency of CONCURRENCIES) {
      for (const [contender, taken] of samples) {
        signal.throwIfAborted();
        taken.push(await takeSample(contender, round, concurrency, options.seconds, parallelism));
      }
    }
  }
  return samples;
}

async function finish(contender: Contender, samples: Map<Contender, Sample[]>): Promise<Result> {
  const { target, durability } = contender;
  return {
    name: nameOf(target),
    target,
    durability,
    samples: samples.get(contender) ?? [],
    ending: await endContender(contender),
  };
}

function asJson(head: string, results: readonly Result[]): string {
  const targets = results.map(({ name, target, durability, samples, ending }) => ({
    name,
    about: target.about,
    durability,
    ...ending,
    // One latency a refresh would be megabytes; the summary has the percentiles.
    samples: samples.map((sample) => ({ ...sample, latencies: undefined })),
  }));
  const summary = CONCURRENCIES.flatMap((concurrency) => summarize(results, concurrency));
  return `${JSON.stringify({ machine: head.split('\n'), summary, targets }, null, 2)}\n`;
}

function describePinning({ server, driver }: Cores): string {
  if (server === null) return 'Server and driver are not pinned (one core, or no taskset): they take turns on the same cores.';
  return `Every server is pinned to core ${server}, the driver to core ${driver}; PostgreSQL's own processes run where the system puts them.`;
}

function describePlan({ seconds, rounds, families }: Options, targets: number): string {
  const minutes = Math.ceil((targets * (WARM_UP_SECONDS + rounds * CONCURRENCIES.length * seconds)) / 60);
  return `${rounds} rounds of ${seconds} s a target and concurrency, ${families} signed-in people each; about ${minutes} minutes.`;
}
