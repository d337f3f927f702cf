/** Which file is next. A worker that has run one says so, and asks again. */
export interface Turns {
  /** Null: none is left. */
  next(): string | null;
  ended(file: string): void;
}

/** Browsers starve one another: with more of them at a time than this, each takes longer than its tests wait. */
const BROWSERS_AT_ONCE = 2;

/**
 * Files that drive a browser are the long ones: they come first, as many at a time as the machine bears, and the others fill what is left. At
 * the end, when there are no others, nobody stands idle because of them.
 */
export function inTurn(files: readonly string[]): Turns {
  const browsers = files.filter(drivesBrowser);
  const others = files.filter((file) => !drivesBrowser(file));
  const driving = new Set<string>();
  return {
    next() {
      const isTurn = driving.size < BROWSERS_AT_ONCE || others.length === 0;
      const browser = isTurn ? browsers.shift() : undefined;
      if (browser !== undefined) driving.add(browser);
      return browser ?? others.shift() ?? null;
    },
    ended(file) {
      driving.delete(file);
    },
  };
}

function drivesBrowser(file: string): boolean {
  return file.includes('.browser.') || file.includes('/browser/');
}
