/** The jobs, as `portico job NAME` and the `leases` table know them. */
export const JOB_NAMES = ['deliver-mail', 'deliver-logouts', 'delete-expired-unverified-sessions', 'delete-expired-rows'] as const;

export type JobName = (typeof JOB_NAMES)[number];
