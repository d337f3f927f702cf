import { Refusal } from '@portico/protocol/errors';
import type { Db } from '../platform/db.ts';
import { lockOwners } from './user.ts';

/**
 * First statement of whatever may take an owner away: by deleting, suspending or another role. Every owner is locked by it, so of two
 * who demote each other at the same moment the second one finds itself the last. Suspended owners do not count. Throws `last_owner`.
 */
export async function requireOtherOwner(tx: Db, userId: string): Promise<void> {
  const owners = await lockOwners(tx);
  const goes = owners.some(({ id }) => id === userId);
  if (goes && !owners.some(({ id, suspendedAt }) => id !== userId && suspendedAt === null)) throw new Refusal('last_owner');
}
