import { Refusal } from '@portico/protocol/errors';
import { findUser, publicUser, renameUser, type User } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import type { Answer } from '../../sessions/answer.ts';
import { freshUntil } from '../../sessions/fresh-proof.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';

/** GET me: the user's own profile. */
export async function readMe(deps: Deps, session: CurrentSession): Promise<Answer> {
  const user = await findUser(deps.db, session.userId);
  if (user === null) throw new Refusal('signed_out');
  return { body: profileOf(user, session) };
}

/** PATCH me: the name that apps and games use. Empty = none. */
export async function updateMe(
  deps: Deps,
  caller: Caller,
  session: CurrentSession,
  { displayName }: { displayName: string },
): Promise<Answer> {
  const user = await deps.db.transaction(async (tx) => {
    const renamed = await renameUser(tx, session.userId, displayName.trim());
    // Deleted or suspended a moment ago.
    if (renamed === null) throw new Refusal('signed_out');
    await recordEvent(tx, deps, caller, 'profile.changed', { actorId: renamed.id, userId: renamed.id, sessionId: session.id });
    return renamed;
  });
  return { body: profileOf(user, session) };
}

function profileOf(user: User, session: CurrentSession): object {
  return {
    ...publicUser(user),
    createdAt: user.createdAt,
    emailVerified: user.verifiedAt !== null,
    freshUntil: freshUntil(session),
  };
}
