/** The jobs, as `portico job NAME` and the `leases` table know them. */
export const JOB_NAMES = [
  'deliver-mail',
  'deliver-logouts',
  'seal-events',
  'delete-expired-unverified-sessions',
  'delete-expired-rows',
  'index-users',
  'reseal-secrets',
] as const;

export type JobName = (typeof JOB_NAMES)[number];
