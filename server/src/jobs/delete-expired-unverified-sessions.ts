import type { Deps } from '../deps.ts';
import { deleteExpiredUnverifiedSessions } from '../sessions/session.ts';
import { deleteInBatches } from './delete-in-batches.ts';

/** Sign-ins that waited for their code until their time was over. Nobody could use them any more: expiry is also checked on read. */
export async function deleteExpiredUnverified(deps: Deps, signal: AbortSignal): Promise<void> {
  await deleteInBatches(deps, signal, deleteExpiredUnverifiedSessions);
}
