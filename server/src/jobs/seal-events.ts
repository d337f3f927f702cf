import { SEAL_BATCH, sealBatch } from '../audit/seal.ts';
import type { Deps } from '../deps.ts';

/** Seals what was written to the audit log since the last run, batch after batch, so that no request waits for it. */
export async function sealEvents(deps: Deps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((await sealBatch(deps)) < SEAL_BATCH) return;
  }
}
