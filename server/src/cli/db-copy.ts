import { readFileSync } from 'node:fs';
import { databasePlace } from '../config/database-place.ts';
import { inspectConfig } from '../config.ts';
import { hashOfSums } from '../moving/content.ts';
import { copyDatabase, reopenDatabase } from '../moving/copy-database.ts';
import { messageOf } from '../platform/message-of.ts';
import type { Whereabouts } from '../platform/open-database.ts';
import { StartProblem } from '../start-problem.ts';
import { explain, withBulk } from './moving-connection.ts';
import { showProgress } from './moving-progress.ts';
import { type Destination, type MovingCommand, parseDestination } from './moving-words.ts';

/** Moves everything to another database, and closes this one for writes. */
export async function copyTo({ to, keepOpen, json }: Extract<MovingCommand, { kind: 'db-copy' }>): Promise<number> {
  const settings = inspectConfig();
  const place = placeOf(to);
  const destination = databasePlace(place);
  const { onProgress, end } = showProgress(process.stderr);
  const began = performance.now();
  const done = await withBulk(settings, {}, (source) =>
    withBulk(place, { make: true }, (target) =>
      copyDatabase({ source, target, destination, keepOpen, now: Date.now, onProgress, signal: whenInterrupted() }),
    ),
  )
    .finally(end)
    .catch(explain('nothing was copied'));
  const rows = [...done.sums.values()].reduce((sum, table) => sum + table.rows, 0);
  const facts = {
    from: databasePlace(settings),
    to: destination,
    rows,
    hash: hashOfSums(done.sums),
    tables: Object.fromEntries([...done.sums].map(([name, sum]) => [name, sum.rows])),
    migrated: done.migrated,
    closedAt: done.closedAt === null ? null : new Date(done.closedAt).toISOString(),
    milliseconds: Math.round(performance.now() - began),
  };
  if (json) console.log(JSON.stringify(facts));
  else {
    console.log(`${rows} rows are at ${destination}; counts and hashes of both sides are the same (${facts.hash})`);
    console.log(
      keepOpen ? REHEARSED : `${facts.from} takes no writes any more. Point PORTICO_DATABASE_URL to the copy and restart every server`,
    );
  }
  return 0;
}

const REHEARSED = 'this was a rehearsal: what was written here meanwhile is not in the copy, so do not switch to it';

/** Takes writes again at a database that a copy has closed. */
export async function reopen({ json }: { readonly json: boolean }): Promise<number> {
  const closing = await withBulk(inspectConfig(), {}, reopenDatabase).catch(explain('nothing was changed'));
  if (json) console.log(JSON.stringify({ reopened: closing !== null, destination: closing?.destination ?? null }));
  else if (closing === null) console.log('the database takes writes already');
  else console.log(`the database takes writes again. Whatever was written to ${closing.destination} since is not here`);
  return 0;
}

function placeOf(to: Destination): Whereabouts {
  const known = to.kind === 'file' ? parseDestination(readFile(to.path)) : to;
  if (typeof known === 'string') throw new StartProblem(known, null);
  return known.kind === 'postgres' ? { databaseUrl: known.url, dataDir: '' } : { databaseUrl: '', dataDir: known.folder };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new StartProblem(`${path} cannot be read: ${messageOf(cause)}`, cause);
  }
}

/** So that the source is opened again before the process ends. A second signal ends it at once. */
function whenInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => controller.abort(Object.assign(new Error(`${signal} came`), { code: signal })));
  return controller.signal;
}
