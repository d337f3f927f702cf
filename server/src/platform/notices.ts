import type { Announcer } from './revoked-set.ts';

/** News that something was revoked, faster than the next reading. May be lost; nothing becomes untrue by that. */
export interface Notices extends Announcer {
  /** Calls `hear` when something may be new, and `missed` when notices may have been lost. Answers how to stop. */
  listen(hear: () => void, missed: () => void): () => void;
  /** Waits until what was announced is on its way. */
  close(): Promise<void>;
}
