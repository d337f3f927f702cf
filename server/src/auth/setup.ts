import { Refusal } from '@portico/protocol/errors';
import { type Email, parseEmail } from '../accounts/email.ts';
import { consumeInvitation } from '../accounts/invitation.ts';
import { savePasswordHash } from '../accounts/password.ts';
import { contextOf, requireGoodPassword } from '../accounts/password-rules.ts';
import { requireSetupLink } from '../accounts/require-setup-link.ts';
import { consumeSetupLink, dropLinksOfStarts, noteOwnerOfLink, type SetupLink } from '../accounts/setup-link.ts';
import { allowOwner, requireOwnLink } from '../accounts/sign-up-policy.ts';
import { findUserByEmail, insertVerifiedUser, saveRole } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { createUserSession, signInAnswer } from './create-user-session.ts';

export interface SetupInput {
  readonly token: string;
  /** May be left out where the link is bound to an address. */
  readonly email?: string;
  readonly displayName: string;
  readonly password: string;
}

/** POST setup/link: whom a link is for. Uses nothing up. Whoever holds one has a shell here, and may know who has an account. */
export async function lookAtSetupLink(deps: Deps, caller: Caller, { token }: { token: string }): Promise<Answer> {
  const { email, expiresAt } = await requireSetupLink(deps, caller, token);
  const known = email === null ? null : parseEmail(email.text);
  const hasAccount = known !== null && (await findUserByEmail(deps.db, known)) !== null;
  return { body: { email: email?.text ?? null, hasAccount, expiresAt } };
}

/**
 * POST setup, by somebody who has no account yet: a verified account with the role owner, signed in. The link stands for the operator's
 * word about the address, whoever else may sign up here; but an account that is there already it opens to nobody (`email_taken`).
 */
export async function setUpOwner(deps: Deps, caller: Caller, input: SetupInput): Promise<Answer> {
  const link = await requireSetupLink(deps, caller, input.token);
  const email = addressFor(link, input.email);
  requireGoodPassword(deps, 'password', input.password, contextOf(email.text, input.displayName));
  if ((await findUserByEmail(deps.db, email)) !== null) throw new Refusal('email_taken');
  const hash = await deps.hasher.hash(input.password);

  const user = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const used = await consumeSetupLink(tx, input.token, now);
    if (used === null) throw new Refusal('link_expired');
    const made = await insertVerifiedUser(tx, deps, allowOwner(used, email), input.displayName);
    // Somebody else proved this address meanwhile. The link is not used up by it.
    if (made === null) throw new Refusal('email_taken');
    await saveRole(tx, made.id, 'owner');
    await savePasswordHash(tx, made.id, hash, now);
    await consumeInvitation(tx, email.key, now);
    await noteOwnerOfLink(tx, input.token, made.id);
    await dropLinksOfStarts(tx);
    await recordEvent(tx, deps, caller, 'owner.created', {
      actorId: used.name,
      target: { kind: 'user', id: made.id },
      after: { role: 'owner' },
    });
    return made;
  });
  const outcome = await createUserSession(deps, caller, { userId: user.id, uvRead: user.uv, amr: ['pwd'], persistence: 'kept' });
  return signInAnswer(deps, outcome);
}

/** The address of the link, or the typed one. Throws `invalid_fields` or `link_of_another`. */
function addressFor(link: SetupLink, typed: string | undefined): Email {
  const text = typed === undefined || typed === '' ? (link.email?.text ?? '') : typed;
  const email = parseEmail(text);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: text === '' ? 'missing' : 'email_malformed' } });
  requireOwnLink(link, email);
  return email;
}
