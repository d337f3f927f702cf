/** Which file is next. A worker that has run one says so, and asks again. */
export interface Turns {
  /** Null: none is left. */
  next(): string | null;
  ended(file: string): void;
}

/** Browsers, and installations of several servers, starve one another: with more of them at a time than this, each takes longer than its tests wait. */
const HEAVY_AT_ONCE = 2;

/**
 * Files that drive a browser or break a whole installation are the long ones: they come first, as many at a time as the machine bears, and the others fill what is left. At
 * the end, when there are no others, nobody stands idle because of these.
 */
export function inTurn(files: readonly string[]): Turns {
  const heavy = files.filter(isHeavy);
  const others = files.filter((file) => !isHeavy(file));
  const underWay = new Set<string>();
  return {
    next() {
      const isTurn = underWay.size < HEAVY_AT_ONCE || others.length === 0;
      const file = isTurn ? heavy.shift() : undefined;
      if (file !== undefined) underWay.add(file);
      return file ?? others.shift() ?? null;
    },
    ended(file) {
      underWay.delete(file);
    },
  };
}

function isHeavy(file: string): boolean {
  return ['.browser.', '/browser/', '/faults/', '/moving/'].some((part) => file.includes(part));
}
