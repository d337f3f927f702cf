import { AsyncLocalStorage } from 'node:async_hooks';

/** Somebody waits for an answer. */
export interface Wait {
  /** What it was to be made of did not come in time: whatever else is asked for it would only add another patience to the first. */
  isOver: boolean;
}

/**
 * Each statement has its limit; a request that asks twice of a database that is silent would wait twice, and so would whoever waits for its answer.
 * So the first silence goes along with all that is done for a request, and nothing has to hand it on.
 */
const waits = new AsyncLocalStorage<Wait>();

/** Whatever `work` begins, and whatever that leads to, belongs to `wait`. */
export function during<T>(wait: Wait, work: () => T): T {
  return waits.run(wait, work);
}

/** The database was silent, or cannot be reached. */
export function giveUp(): void {
  const wait = waits.getStore();
  if (wait !== undefined) wait.isOver = true;
}

/** Nobody waits for it any more: what still goes on takes the time that it needs. */
export function answered(): void {
  const wait = waits.getStore();
  if (wait !== undefined) wait.isOver = false;
}

/** For what a request sets going and does not wait for. */
export function whileNobodyWaits<T>(work: () => T): T {
  return waits.exit(work);
}

/** Whether it is worth asking for anything else. */
export function isGivenUp(): boolean {
  return waits.getStore()?.isOver === true;
}
