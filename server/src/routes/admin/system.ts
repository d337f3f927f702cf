import { readSystem, runOneJob } from '../../admin/system.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { oneOfWords } from '../../http/admin/list-fields.ts';
import { thisProcess } from '../../http/admin/this-process.ts';
import { fields } from '../../http/schemas.ts';
import { JOBS } from '../../jobs/index.ts';
import { JOB_NAMES, type JobName } from '../../jobs/names.ts';
import { runJob } from '../../jobs/runner.ts';

const JobBody = fields({ job: oneOfWords(...JOB_NAMES) }, ['job']);

export const SYSTEM: AdminRows = {
  screens: [
    adminScreen('system', {
      summary: 'Version, database, jobs with their last run, and whether everything that Portico depends on answers',
      read: (deps) => readSystem(deps, { program: thisProcess, jobs: JOBS }),
    }),
  ],
  deeds: [
    adminAct<{ readonly job: JobName }>('runJob', {
      role: 'admin',
      fresh: false,
      shows: true,
      summary: 'Run a job now, unless another process is doing it',
      body: JobBody,
      run: (deps, caller, _, { body: { job } }) => runOneJob(deps, caller, job, () => runJob(deps, job)),
    }),
  ],
  exports: [],
};
