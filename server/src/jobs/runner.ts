import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../deps.ts';
import { whileNobodyWaits } from '../platform/deadline.ts';
import { outsideRequests } from '../platform/request-id.ts';
import { JOBS, type Job } from './index.ts';
import { releaseLease, renewLease, takeLease } from './lease.ts';
import type { JobName } from './names.ts';

/** A process holds a job for this long, in milliseconds, and renews while it works: after a kill another takes over this soon. */
export const LEASE_LIFE = 15_000;
const RENEW_EVERY = 5000;
/** A woken job that another process is just doing tries again after this long, in milliseconds. */
const TRY_AGAIN = 500;
/** How long `stop` waits for work that is under way unless told otherwise, in milliseconds. */
const STOP_PATIENCE = 5000;

export interface RunningJobs {
  /** Runs a job now instead of at its next time; once more if it is just running. */
  wake(name: JobName): void;
  /** No new runs; those under way are told to stop and waited for, `patience` milliseconds at most. */
  stop(patience?: number): Promise<void>;
}

/** Runs every job again and again, each in one process at a time. `holder` names this process in the leases. */
export function startJobs(deps: Deps, holder: string, jobs: Readonly<Record<string, Job>> = JOBS): RunningJobs {
  for (const name of Object.keys(jobs)) deps.tally.admit('job', name);
  const stopping = new AbortController();
  const loops = new Map(Object.entries(jobs).map(([name, job]) => [name, startLoop(deps, name, job, holder, stopping.signal)]));
  return {
    wake: (name) => loops.get(name)?.wake(),
    stop: async (patience = STOP_PATIENCE) => {
      stopping.abort();
      const ended = Promise.allSettled([...loops.values()].map((loop) => loop.stop()));
      const enough = new AbortController();
      await Promise.race([ended, sleep(patience, null, { signal: enough.signal }).catch(() => null)]);
      enough.abort();
    },
  };
}

/** Runs a job once, now. `taken`: another process is doing it. Throws what the job throws. */
export async function runJob(deps: Deps, name: JobName, holder: string = newHolder(deps)): Promise<'done' | 'taken'> {
  return whileNobodyWaits(() => runLeased(deps, name, JOBS[name], holder, new AbortController().signal));
}

/** A name for this process in the leases. */
export function newHolder({ random }: Pick<Deps, 'random'>): string {
  return `${process.pid}-${random(6).toString('hex')}`;
}

interface Loop {
  wake(): void;
  stop(): Promise<void>;
}

function startLoop(deps: Deps, name: string, job: Job, holder: string, signal: AbortSignal): Loop {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let wanted = false;

  const schedule = (delay: number) => {
    if (signal.aborted) return;
    if (timer !== null) clearTimeout(timer);
    // Whoever wakes a job is not the cause of what it does from then on.
    timer = outsideRequests(() => setTimeout(begin, delay)).unref();
  };
  const begin = () => {
    running = round().finally(() => {
      running = null;
    });
  };
  const round = async () => {
    const asked = wanted;
    wanted = false;
    const outcome = await runLeased(deps, name, job, holder, signal).catch((cause: unknown) => {
      deps.log.error({ err: cause, job: name }, 'a job failed; it runs again at its next time');
      return 'failed' as const;
    });
    // Whoever does it now may have looked before there was anything to do, so what was asked for is still wanted.
    const again = asked && outcome === 'taken';
    wanted ||= again;
    schedule(again ? TRY_AGAIN : wanted ? 0 : spread(deps, job.every));
  };
  schedule(spread(deps, Math.min(job.every, 1000)));
  return {
    wake: () => {
      wanted = true;
      if (running === null) schedule(0);
    },
    stop: async () => {
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}

async function runLeased(deps: Deps, name: string, job: Job, holder: string, signal: AbortSignal): Promise<'done' | 'taken'> {
  const now = deps.now();
  if (!(await takeLease(deps.db, name, holder, now + LEASE_LIFE, now))) {
    deps.tally.count('jobRuns', { job: name, result: 'taken' });
    return 'taken';
  }
  const lost = new AbortController();
  const renewal = setInterval(() => {
    const at = deps.now();
    renewLease(deps.db, name, holder, at + LEASE_LIFE, at)
      .then((held) => {
        if (!held) lost.abort();
      })
      .catch((cause: unknown) => deps.log.warn({ err: cause, job: name }, 'a lease could not be renewed'));
  }, RENEW_EVERY).unref();
  let outcome: 'done' | 'failed' = 'failed';
  try {
    await job.run(deps, AbortSignal.any([signal, lost.signal]));
    outcome = 'done';
    return 'done';
  } finally {
    clearInterval(renewal);
    deps.tally.count('jobRuns', { job: name, result: outcome });
    deps.tally.observe('jobSeconds', { job: name }, (deps.now() - now) / 1000);
    await releaseLease(deps.db, name, holder, deps.now(), outcome);
  }
}

/** Up to a tenth more, so that the nodes of a set-up do not all come at once. */
function spread({ random }: Pick<Deps, 'random'>, every: number): number {
  return every + Math.floor((every / 10) * (random(2).readUInt16BE() / 65_536));
}
