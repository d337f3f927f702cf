import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { maskAddress } from '../guessing/network-address.ts';
import { wayInAddedLetter } from '../mail/letters.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { FreshSession } from '../sessions/fresh-proof.ts';
import { lockActiveSession } from '../sessions/session.ts';
import { deviceLabel } from './device-label.ts';
import { type Confirmed, oneLine } from './enter-by-identity.ts';
import { findIdentity, insertIdentity, refreshIdentity } from './identity.ts';

/**
 * Adds a way into the account of a session whose user proved a moment ago who they are, and tells them by mail. Doing it again is no
 * harm. Throws `identity_taken` when the subject belongs to somebody else, `other_identity_linked` when the user has another account of
 * this provider linked.
 */
export async function linkIdentity(
  deps: Deps,
  caller: Caller,
  session: FreshSession,
  confirmed: Confirmed,
  service: string,
): Promise<void> {
  const { provider, subject, tokens } = confirmed;
  const label = oneLine(confirmed.label);
  const userId = session.userId;
  await deps.db.transaction(async (tx) => {
    const now = deps.now();
    // A session that ended while its user was at the provider adds nothing any more.
    if ((await lockActiveSession(tx, session.id, now)) === null) throw new Refusal('signed_out');
    const linked = await insertIdentity(tx, deps, { provider, subject, userId, label, tokens, now });
    if (linked === null) {
      const there = await findIdentity(tx, provider, subject);
      if (there === null) throw new Refusal('other_identity_linked');
      if (there.userId !== userId) throw new Refusal('identity_taken');
      await refreshIdentity(tx, deps, { provider, subject, label, tokens, now });
      return;
    }
    const facts = { actorId: userId, userId, sessionId: session.id, reason: provider };
    await recordEvent(tx, deps, caller, 'identity.linked', facts);
    const seen = { device: deviceLabel(caller.userAgent), place: maskAddress(caller.address) };
    await queueLetter(tx, deps, wayInAddedLetter(deps.config, caller.texts, { to: session.grant.user.email, service, ...seen }));
  });
  deps.mailWaits();
}
