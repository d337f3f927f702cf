import type { Texts } from '@portico/protocol/texts';
import { lockUser, type User } from '../accounts/user.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { resetPasswordLetter } from './letters.ts';
import { RESET_LIFE } from './link-lives.ts';
import { dropMailLinks, makeMailLink } from './mail-link.ts';
import { queueLetter } from './outbox.ts';

/**
 * Mails a link that lets the owner of the mailbox choose a new password. Older ones die, and so does this one with the next rise of the
 * user's version. Call `deps.mailWaits()` when the transaction has committed.
 */
export async function queueResetLink(
  tx: Db,
  deps: Deps,
  texts: Texts,
  user: Pick<User, 'id' | 'email' | 'uv'>,
  letter: typeof resetPasswordLetter = resetPasswordLetter,
): Promise<void> {
  // Deleted meanwhile: nobody is left to write to.
  if ((await lockUser(tx, user.id)) === null) return;
  await dropMailLinks(tx, user.id, 'reset_password', deps.now());
  const token = await makeMailLink(tx, deps, { purpose: 'reset_password', life: RESET_LIFE, userId: user.id, uv: user.uv });
  await queueLetter(tx, deps, letter(deps.config, texts, { to: user.email, token }));
}
