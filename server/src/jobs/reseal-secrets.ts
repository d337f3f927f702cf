import type { Deps } from '../deps.ts';
import { resealUntilDone } from '../keys/reseal-secrets.ts';

/** Seals anew what older data keys have sealed, so that after a change of the master key nothing needs them any more. */
export async function resealOlderSecrets(deps: Deps, signal: AbortSignal): Promise<void> {
  await resealUntilDone(deps, signal);
}
