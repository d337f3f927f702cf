import type { Deps } from '../deps.ts';
import { deleteExpiredRows } from './delete-expired-rows.ts';
import { deleteExpiredUnverified } from './delete-expired-unverified-sessions.ts';
import { deliverLogouts } from './deliver-logouts.ts';
import { deliverMail } from './deliver-mail.ts';
import { indexUsers } from './index-users.ts';
import type { JobName } from './names.ts';
import { resealOlderSecrets } from './reseal-secrets.ts';
import { sealEvents } from './seal-events.ts';

/** Work that nobody waits for. It may run again at any time, and stops between two steps when `signal` says so. */
export interface Job {
  /** Milliseconds between two runs. */
  readonly every: number;
  readonly run: (deps: Deps, signal: AbortSignal) => Promise<void>;
}

const MINUTE = 60_000;

/** What each job does, and how often. */
export const JOBS: Readonly<Record<JobName, Job>> = {
  'deliver-mail': { every: 10_000, run: (deps, signal) => deliverMail(deps, signal) },
  'deliver-logouts': { every: 5000, run: deliverLogouts },
  'seal-events': { every: 5000, run: sealEvents },
  'delete-expired-unverified-sessions': { every: 5 * MINUTE, run: deleteExpiredUnverified },
  'delete-expired-rows': { every: 10 * MINUTE, run: deleteExpiredRows },
  'index-users': { every: 10 * MINUTE, run: indexUsers },
  'reseal-secrets': { every: MINUTE, run: resealOlderSecrets },
};
