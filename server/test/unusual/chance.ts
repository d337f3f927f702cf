/** Chance from a seed: the same seed, the same traffic. */
export interface Chance {
  /** At least 0, below 1. */
  next(): number;
  below(limit: number): number;
  happens(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** By shares that sum to one. */
  weighted<T>(from: readonly (readonly [T, number])[]): T;
  /** A time until something that happens every `mean` on average. */
  wait(mean: number): number;
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  // Mulberry32: 32 bits of state are plenty for people who only must not all do the same.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    happens: (share) => next() < share,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    weighted: (from) => {
      let left = next();
      for (const [value, share] of from) if ((left -= share) < 0) return value;
      return (from.at(-1) as (typeof from)[number])[0];
    },
    wait: (mean) => -mean * Math.log(1 - next()),
  };
}
