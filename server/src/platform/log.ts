/** The few words of a pino logger that Portico uses; Fastify's own logger is one. */
export interface Log {
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}

/** For programs that print nothing, such as tests. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
