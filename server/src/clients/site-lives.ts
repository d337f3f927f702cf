const MINUTE = 60_000;

/** A life as forms show it, in whole minutes. Null: the setting of the installation. */
export function minutesOf(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds / MINUTE);
}

/** What somebody typed as a life; `before` where they left it as it was shown, so that seconds which a form cannot say are not lost. */
export function lifeOf(minutes: number | undefined, before: number | null): number | null {
  if (minutes === undefined) return null;
  return minutes === minutesOf(before) ? before : minutes * MINUTE;
}
