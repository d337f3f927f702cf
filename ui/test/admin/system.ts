import type { SystemContent } from '../../src/admin/views/index.ts';
import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const MINUTE = 60_000;
const content: SystemContent = {
  program: { version: '0.1.0', node: '26.10.0', platform: 'linux x64', pid: 4711, upSeconds: 93_784, memoryBytes: 143_654_912 },
  mode: 'production',
  now: NOW,
  database: {
    kind: 'postgres',
    place: 'PostgreSQL at db.internal.example.com:5432/portico',
    migrations: [
      { name: '0001-front-door.sql', appliedAt: NOW - 9000 * MINUTE },
      { name: '0004-admin.sql', appliedAt: NOW - 90 * MINUTE },
    ],
  },
  health: [
    {
      part: 'database',
      state: 'ok',
      finding: 'database_answers',
      values: { place: 'PostgreSQL at db.internal.example.com:5432/portico', milliseconds: 3 },
    },
    { part: 'migrations', state: 'ok', finding: 'migrations_applied', values: {} },
    { part: 'clock', state: 'warn', finding: 'clock_ahead', values: { off: 1834 } },
    { part: 'redis', state: 'ok', finding: 'redis_unset', values: {} },
    {
      part: 'mail',
      state: 'fail',
      finding: 'mail_silent',
      values: { place: 'mail.example.com:587', reason: 'connect ECONNREFUSED 192.0.2.10:587' },
    },
    { part: 'audit', state: 'fail', finding: 'audit_differs', values: { count: 2 } },
  ],
  jobs: [
    { name: 'deliver-mail', every: 10_000, lastRunAt: NOW - 4000, state: 'running', holder: '4711-9f86d081884c' },
    { name: 'delete-expired-rows', every: 10 * MINUTE, lastRunAt: NOW - 4 * MINUTE, state: 'waiting', holder: null },
    { name: 'delete-expired-unverified-sessions', every: 5 * MINUTE, lastRunAt: NOW - 90 * MINUTE, state: 'late', holder: null },
    { name: 'deliver-logouts', every: 5000, lastRunAt: null, state: 'never', holder: null },
  ],
};

export const systemSamples: readonly AdminSample<'system'>[] = [
  { name: 'system', screen: 'system', address: '/admin/system', content },
  {
    name: 'system-job-failed',
    screen: 'system',
    address: '/admin/system',
    content,
    done: { act: 'runJob', body: { job: 'deliver-mail', outcome: 'failed' } },
  },
  {
    name: 'system-support',
    screen: 'system',
    address: '/admin/system',
    role: 'support',
    content: { ...content, jobs: content.jobs.slice(0, 1) },
  },
];
