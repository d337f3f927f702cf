import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Which request the running code works for, as Node itself hands it on from call to call and from promise to promise: a line of the log
 * names its request, wherever it is written, and no function has to carry the name along. It decides nothing: only the log reads it.
 */
const current = new AsyncLocalStorage<string>();

/** Runs `work`, and all that it begins, in the name of this request. */
export function duringRequest<T>(requestId: string, work: () => T): T {
  return current.run(requestId, work);
}

/** For what a request only sets going, and what goes on for ever after: a job that it woke. */
export function outsideRequests<T>(work: () => T): T {
  return current.run('', work);
}

/** Empty where no request is the cause. */
export function currentRequest(): string {
  return current.getStore() ?? '';
}
