import type { Db } from '../platform/db.ts';
import type { Vault } from '../platform/vault.ts';
import { isDigestOf, type KeptEvent } from './event-digest.ts';
import { listEventsNaming } from './event-trail.ts';

/**
 * `unsigned`: written before events had a digest, so that only its seal speaks for it. `changed`: not as Portico wrote it. `given_away`: it
 * belongs to a user whose sign-up it was no part of. `blanked`: what it said of a person is gone, and no account was deleted.
 */
export type Judgement = 'genuine' | 'unsigned' | 'changed' | 'given_away' | 'blanked';

/** Tells what is allowed to happen to an event (its user comes, its user goes) from what is not. Remembers what it has looked up. */
export function createJudge(db: Db, vault: Vault): (event: KeptEvent) => Promise<Judgement> {
  const known = new Map<string, Promise<boolean>>();
  const isProven = (userId: string, action: 'signup.completed' | 'account.deleted', sessionId: string | null): Promise<boolean> => {
    const name = JSON.stringify([userId, action, sessionId]);
    const found = known.get(name) ?? prove(db, vault, { userId, action, sessionId });
    known.set(name, found);
    return found;
  };

  return async (event) => {
    const { userId, sessionId } = event;
    if (event.digest === null) return 'unsigned';
    if (event.salt === null) {
      if (!isBlank(event)) return 'changed';
      return userId !== null && (await isProven(userId, 'account.deleted', null)) ? 'genuine' : 'blanked';
    }
    if (isDigestOf(vault, event)) return 'genuine';
    // What a sign-up wrote before there was a user was given to the user later.
    if (userId === null || sessionId === null || !isDigestOf(vault, { ...event, userId: null })) return 'changed';
    return (await isProven(userId, 'signup.completed', sessionId)) ? 'genuine' : 'given_away';
  };
}

interface Claim {
  readonly userId: string;
  readonly action: 'signup.completed' | 'account.deleted';
  readonly sessionId: string | null;
}

/** By an event that Portico wrote itself. */
async function prove(db: Db, vault: Vault, { userId, action, sessionId }: Claim): Promise<boolean> {
  const events = await listEventsNaming(db, userId, action);
  return events.some((event) => isDigestOf(vault, event) && (sessionId === null || event.sessionId === sessionId));
}

function isBlank({ address, userAgent, reason, beforeJson, afterJson }: KeptEvent): boolean {
  return address === '' && userAgent === '' && reason === null && beforeJson === null && afterJson === null;
}
