import { Refusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { isRotationStale, peekCookie } from '../sessions/proof-by-cookie.ts';
import { heldRefusal } from '../sessions/spent-or-refused.ts';
import { allowedUnasked, signTicket, TICKET_LIFE } from '../sessions/ticket.ts';

/**
 * GET /api/v1/sso/ticket (seed 004): the sign-in is proven by the cookie alone, and nothing changes. The ticket is for the client whose page
 * asks, and worth nothing without the verifier that stays in this browser's own cookie at that client: a ticket that somebody plants in
 * another browser signs nobody in there.
 */
export async function giveTicket(
  deps: Deps,
  caller: Caller,
  { client, sameSite }: { readonly client: Client; readonly sameSite: boolean },
  codeChallenge: string,
): Promise<Answer> {
  const byRedirect = () => new Refusal('signin_by_redirect', { extra: { redirectTo: redirectFor(deps, client, codeChallenge) } });
  // A page on another site brought no cookie, or a browser without the protections that make this safe did.
  if (!sameSite) throw byRedirect();
  const peeked = await peekCookie(deps, caller);
  if (peeked.kind === 'held') throw heldRefusal(deps);
  if (peeked.kind === 'retry') throw new Refusal('retry', { retryAfter: 1 });
  if (peeked.kind !== 'granted' || isRotationStale(deps, peeked)) throw byRedirect();
  const { grant } = peeked;
  const scope = await allowedUnasked(deps.db, client, grant.user.id);
  // No session without the user's word (ASVS 7.6.2): the sign-in server asks "Continue to B as Ada" itself.
  if (scope === null) throw byRedirect();
  return {
    body: { ticket: signTicket(deps, 'signIn', grant, { clientId: client.id, scope, codeChallenge }), expiresIn: TICKET_LIFE / 1000 },
  };
}

/** The same sign-in by a top-level redirect, with the challenge that the page has already made; it adds a state of its own. */
function redirectFor({ config }: Pick<Deps, 'config'>, client: Client, codeChallenge: string): string {
  const [redirectUri] = client.redirectUris;
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
    scope: [...client.scopes].sort().join(' '),
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  });
  return `${config.apiOrigin}${OAUTH.authorize}?${query.toString()}`;
}
