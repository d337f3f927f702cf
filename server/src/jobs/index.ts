import type { Deps } from '../deps.ts';
import { deleteExpiredRows } from './delete-expired-rows.ts';
import { deleteExpiredUnverified } from './delete-expired-unverified-sessions.ts';
import { deliverMail } from './deliver-mail.ts';

/** Work that nobody waits for. It may run again at any time, and stops between two steps when `signal` says so. */
export interface Job {
  /** Milliseconds between two runs. */
  readonly every: number;
  readonly run: (deps: Deps, signal: AbortSignal) => Promise<void>;
}

const MINUTE = 60_000;

/** Every job, by the name that `portico job NAME` and the `leases` table know it by. */
export const JOBS = {
  'deliver-mail': { every: 10_000, run: (deps, signal) => deliverMail(deps, signal) },
  'delete-expired-unverified-sessions': { every: 5 * MINUTE, run: deleteExpiredUnverified },
  'delete-expired-rows': { every: 10 * MINUTE, run: deleteExpiredRows },
} satisfies Record<string, Job>;

export type JobName = keyof typeof JOBS;

export function isJobName(text: string): text is JobName {
  return Object.hasOwn(JOBS, text);
}
