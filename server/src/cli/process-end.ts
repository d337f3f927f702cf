import type { Logger } from 'pino';

/** Resolves with the first SIGTERM or SIGINT. A second one ends the process at once: somebody is tired of waiting. */
export function untilAsked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) process.exit(signal === 'SIGINT' ? 130 : 143);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/**
 * The last net. A promise that nobody waited for fails one piece of work, so it is logged and the others go on. An exception that nobody
 * caught may have left anything half done in memory, so the process ends; what was acknowledged is in the database.
 */
export function endOnFatalErrors(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    log.fatal({ err: reason }, 'a promise failed and nobody waited for it: this is a mistake in Portico');
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an exception was not caught: this is a mistake in Portico; the process ends');
    process.exit(1);
  });
}

/** Ends the process when a clean end does not come about in `milliseconds`. Does not keep it alive until then. */
export function leaveAfter(milliseconds: number, log: Logger): void {
  setTimeout(() => {
    log.fatal({}, `something did not end within ${milliseconds / 1000} s and is left`);
    process.exit(1);
  }, milliseconds).unref();
}
