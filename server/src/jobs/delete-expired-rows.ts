import { deleteExpiredInvitations } from '../accounts/invitation.ts';
import { deleteOldSetupLinks } from '../accounts/setup-link.ts';
import { deleteOldSightings } from '../accounts/sighting.ts';
import { dropOldEvents } from '../audit/drop-old-events.ts';
import { deleteOldSignInHours } from '../audit/sign-in-hours.ts';
import { deleteExpiredSecrets } from '../clients/client-secret.ts';
import { deleteOldLogouts } from '../clients/logout-outbox.ts';
import { deleteExpiredSpentIds } from '../clients/spent-id.ts';
import type { Deps } from '../deps.ts';
import { deleteExpiredCounters } from '../guessing/counter.ts';
import { deleteOldSuspensions } from '../guessing/suspension.ts';
import { deleteExpiredMailLinks } from '../mail/mail-link.ts';
import { deleteOldLetters } from '../mail/outbox.ts';
import { deleteOldCodes } from '../oauth/authorization-code.ts';
import { deleteOldRequests } from '../oauth/authorization-request.ts';
import { deleteOldDeviceCodes } from '../oauth/device-code.ts';
import { deleteExpiredRevocations } from '../sessions/revocation.ts';
import { deleteEndedSessions } from '../sessions/session.ts';
import { type DeleteSome, deleteInBatches } from './delete-in-batches.ts';

const deletions = ({ config }: Pick<Deps, 'config'>): readonly DeleteSome[] => [
  deleteExpiredCounters,
  deleteOldSuspensions,
  deleteOldSightings,
  deleteExpiredRevocations,
  deleteEndedSessions,
  deleteOldLetters,
  deleteExpiredMailLinks,
  (db, now, limit) => dropOldEvents(db, { before: now - config.eventLife, now, limit }),
  deleteOldSignInHours,
  deleteExpiredInvitations,
  deleteOldSetupLinks,
  deleteExpiredSecrets,
  deleteExpiredSpentIds,
  deleteOldLogouts,
  deleteOldCodes,
  deleteOldRequests,
  deleteOldDeviceCodes,
];

/** Everything else whose time is over. A table that fails does not keep the others from being cleaned. */
export async function deleteExpiredRows(deps: Deps, signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  for (const deleteSome of deletions(deps)) {
    try {
      await deleteInBatches(deps, signal, deleteSome);
    } catch (cause) {
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some expired rows could not be deleted');
}
