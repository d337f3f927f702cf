import { en } from '@portico/protocol/texts/en';
import { deviceLabel } from '../accounts/device-label.ts';
import { findUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { codesReach } from '../mail/codes-reach.ts';
import { sessionHeldLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import { findSession, holdSession, revokeSession } from './session.ts';

/**
 * A copied token was seen. The session is paused, not ended: its true owner comes back with a code by mail, the thief does not.
 * Where no code could reach the owner it ends instead.
 */
export async function holdOrRevoke(deps: Deps, from: Origin, sessionId: string): Promise<{ kind: 'held' | 'ended' }> {
  const done = await deps.db.transaction(async (tx) => {
    const session = await findSession(tx, sessionId);
    const user = session?.userId == null ? null : await findUser(tx, session.userId);
    // Nobody could type a code into a device: what was made for one is ended, and approved anew.
    const reachable = user !== null && session?.kind === 'browser' && codesReach(deps, user);
    const entry = reachable ? await holdSession(tx, deps, sessionId) : await revokeSession(tx, deps, sessionId, 'refresh_reuse');
    // Somebody else held or ended it first: then everything below was done by them.
    if (entry === null) return null;
    await recordEvent(tx, deps, from, reachable ? 'session.held' : 'session.ended', {
      userId: user?.id ?? null,
      sessionId,
      reason: 'refresh_reuse',
    });
    if (reachable && user !== null) {
      // A notice without a code: a code is made only when the held browser asks for one.
      const facts = { to: user.email, device: deviceLabel(from.userAgent), place: from.address, at: deps.now() };
      await queueLetter(tx, deps, sessionHeldLetter(deps.config, en, facts));
    }
    return { entry, result: reachable ? ('held' as const) : ('ended' as const) };
  });
  if (done !== null) {
    deps.tally.count('holds', { result: done.result });
    deps.revoked.add(done.entry);
    deps.mailWaits();
  }
  const session = await findSession(deps.db, sessionId);
  return { kind: session?.state === 'held' ? 'held' : 'ended' };
}
