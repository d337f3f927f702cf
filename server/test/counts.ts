/** How often a race, a model or a fault is tried: `npm test` runs the short count, `npm run prove` the full one. */
export function rounds(short: number, full: number): number {
  return process.env.PROVE === '1' ? full : short;
}

/**
 * Milliseconds that something may take. `npm run prove` holds a promise to its word; beside other tests on a slow machine a limit only tells an
 * answer from none at all.
 */
export function within(promise: number): number {
  return process.env.PROVE === '1' ? promise : Math.max(20_000, 4 * promise);
}
