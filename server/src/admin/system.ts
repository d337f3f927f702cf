import { Refusal } from '@portico/protocol/errors';
import type { JobItem, ProgramFacts, RunOutcome, SystemContent } from '@portico/ui/admin-views';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import { databasePlace } from '../config/database-place.ts';
import type { Deps } from '../deps.ts';
import { listLeases } from '../jobs/lease.ts';
import { asDatabase } from '../platform/db.ts';
import { appliedMigrations } from '../platform/migrate.ts';
import { within } from '../platform/within.ts';
import type { Answer } from '../sessions/answer.ts';
import { lookAtHealth } from './health.ts';

/** A job that was not done for this many of its own pauses has stopped. */
const MISSED_RUNS = 10;
/** A run goes on without whoever asked for it after this long, in milliseconds. */
export const RUN_WITHIN = 2500;

/** What this screen knows of the rest of the server, which begins above it. */
export interface Surroundings {
  readonly program: () => ProgramFacts;
  /** By name; `every`: milliseconds between two runs. */
  readonly jobs: Readonly<Record<string, { readonly every: number }>>;
}

export async function readSystem(deps: Deps, { program, jobs }: Surroundings): Promise<SystemContent> {
  const [health, leases, migrations] = await Promise.all([lookAtHealth(deps), listLeases(deps.db), appliedMigrations(deps.db)]);
  const now = deps.now();
  return {
    program: program(),
    mode: deps.config.mode,
    now,
    database: { kind: asDatabase(deps.db)?.dialect ?? null, place: databasePlace(deps.config), migrations },
    health,
    jobs: Object.entries(jobs).map(([name, { every }]): JobItem => {
      const lease = leases.find((one) => one.name === name);
      const lastRunAt = lease?.lastRunAt ?? null;
      const held = lease !== undefined && lease.until > now;
      const state = held ? 'running' : lastRunAt === null ? 'never' : now - lastRunAt > MISSED_RUNS * every ? 'late' : 'waiting';
      return { name, every, lastRunAt, state, holder: held ? lease.holder : null };
    }),
  };
}

/** The job's lease decides: where another process is just doing it, nothing runs twice. Whatever comes of it, it was asked for. */
export async function runOneJob(
  deps: Deps,
  caller: Caller,
  job: string,
  run: () => Promise<'done' | 'taken'>,
  patience: number = RUN_WITHIN,
): Promise<Answer> {
  await recordEvent(deps.db, deps, caller, 'job.asked', { target: { kind: 'job', id: job } });
  const ran: Promise<RunOutcome> = run().catch((cause: unknown) => {
    if (cause instanceof Refusal && cause.code === 'unavailable') throw cause;
    deps.log.error({ err: cause, job }, 'a job that was asked for failed');
    return 'failed';
  });
  const outcome: RunOutcome = (await within(patience, ran)) ?? 'running';
  return { body: { job, outcome } };
}
