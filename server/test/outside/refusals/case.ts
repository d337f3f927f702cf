import type { Bench } from './bench.ts';

/** A request that one thing is wrong with, and what the server says: the same words for every server. */
export interface Case {
  /** Unique. */
  readonly name: string;
  readonly run: (bench: Bench) => Promise<string>;
}

/** The same requests with nothing wrong: without these a refusal would show nothing. */
export interface GoodCase extends Case {
  readonly expected: string;
}
