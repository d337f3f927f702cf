import { Refusal } from '@portico/protocol/errors';
import { publicUser } from '../accounts/user.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { type BrowserClient, refreshTokenOf } from '../sessions/browser-client.ts';
import { keptCsrfToken } from '../sessions/kept-csrf-token.ts';
import { parseRefreshToken } from '../sessions/refresh-chain.ts';
import { siteUser } from '../sessions/site-user.ts';
import { standingOf } from '../sessions/standing.ts';
import { seenSignIn } from '../sessions/waiting-session.ts';

/**
 * GET session. An UNVERIFIED or HELD browser learns its status and nothing else; one whose sign-in was unusual also learns why, which is
 * what it did itself.
 */
export async function sessionStatus(deps: Deps, caller: Caller, by: BrowserClient): Promise<Answer> {
  const standing = await standingOf(deps, caller, by);
  if (standing === null) {
    // On three hosts no script can read the generation cookie; without the generation a lost answer could not be asked for again.
    const token = parseRefreshToken(deps.keys, refreshTokenOf(caller, by) ?? '');
    throw new Refusal('retry', { retryAfter: 1, extra: token === null ? {} : { gen: token.gen } });
  }
  if (standing.granted === null) {
    const unusual = standing.waiting === null ? null : seenSignIn(standing.waiting);
    return { body: { status: standing.status, ...(unusual === null ? {} : { unusual }) } };
  }
  const { grant, family } = standing.granted;
  return {
    body: {
      status: standing.status,
      user: by.app === null ? publicUser(grant.user) : siteUser(grant, family.scope),
      expiresAt: grant.session.expiresAt,
      gen: family.gen,
      csrfToken: keptCsrfToken(deps, caller, standing.granted, by),
    },
  };
}
