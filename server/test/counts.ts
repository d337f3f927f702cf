/** How often a race, a model or a fault is tried: `npm test` runs the short count, `npm run prove` the full one. */
export function rounds(short: number, full: number): number {
  return process.env.PROVE === '1' ? full : short;
}
