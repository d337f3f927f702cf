import { AsyncLocalStorage } from 'node:async_hooks';

/** How long somebody still waits for an answer. */
export interface Wait {
  /** By `performance.now()`. */
  until: number;
  /** Until `resume` the time is not ours. */
  pause(): void;
  resume(): void;
}

/**
 * Until when somebody waits for an answer. One statement has its own limit, a request of several has the sum of them, and whoever waits has one
 * patience. So the end goes along with all that is done for a request, and nothing has to hand it on.
 */
const waits = new AsyncLocalStorage<Wait>();

export function newWait(milliseconds: number): Wait {
  let left = milliseconds;
  const wait: Wait = {
    until: performance.now() + milliseconds,
    pause: () => {
      left = wait.until - performance.now();
    },
    resume: () => {
      wait.until = performance.now() + left;
    },
  };
  return wait;
}

/** Whatever `work` begins, and whatever that leads to, has to be done while `wait` lasts. */
export function during<T>(wait: Wait, work: () => T): T {
  return waits.run(wait, work);
}

/** Nobody waits for it any more: what still goes on takes the time that it needs. */
export function answered(): void {
  const wait = waits.getStore();
  if (wait !== undefined) wait.until = Number.POSITIVE_INFINITY;
}

/** For what a request sets going and does not wait for. */
export function whileNobodyWaits<T>(work: () => T): T {
  return waits.exit(work);
}

/** In milliseconds: `most`, or what is left if that is less. 0: it is too late. */
export function timeLeft(most: number): number {
  const wait = waits.getStore();
  return wait === undefined ? most : Math.max(0, Math.min(most, wait.until - performance.now()));
}
