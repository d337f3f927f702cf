const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds: a number of them, or a text such as `5m`. Throws TypeError. */
export function secondsOf(duration: number | string): number {
  if (typeof duration === 'number' && duration >= 0 && Number.isFinite(duration)) return duration;
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(String(duration)) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (count === '' || Number.isNaN(seconds)) throw new TypeError('a duration is a number of seconds, or a text such as 90s, 5m or 12h');
  return seconds;
}
