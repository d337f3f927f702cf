/** `29 d 23:59:58`; both in epoch milliseconds. */
export function timeLeft(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'none';
  const seconds = Math.max(0, Math.floor((expiresAt - now) / 1000));
  const two = (count: number) => String(count).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor((seconds % 86_400) / 3600), Math.floor((seconds % 3600) / 60), seconds % 60].map(two).join(':');
  return days === 0 ? clock : `${days} d ${clock}`;
}
