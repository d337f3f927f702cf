import { Refusal } from '@portico/protocol/errors';
import { type Client, findClient } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { bothScopes } from '../oauth/scope.ts';
import type { Answer } from '../sessions/answer.ts';
import type { Grant } from '../sessions/session.ts';
import { allowedUnasked, signTicket, TICKET_LIFE } from '../sessions/ticket.ts';

/**
 * POST me/join-ticket: a game shows its server who plays, without handing it a token. Who may ask: the user at our own pages, for any site
 * with a backend; and a site where the user is signed in, but only for itself, or for a server that is registered to take its tokens
 * (`audiences`). Otherwise any site could send its users on to any other, and enter there in their name.
 */
export async function giveJoinTicket(
  deps: Deps,
  { grant, site }: { readonly grant: Grant; readonly site: { readonly id: string; readonly scope: string } | null },
  clientId: string,
): Promise<Answer> {
  const server = await findClient(deps.db, clientId);
  const takesTickets = server !== null && server.authentication !== 'none' && server.disabledAt === null;
  if (!takesTickets || (site !== null && !takesTokensOf(server, site.id))) throw new Refusal('not_found');
  const scope =
    site === null ? ((await allowedUnasked(deps.db, server, grant.user.id)) ?? '') : bothScopes(site.scope, server.scopes.join(' '));
  return { body: { ticket: signTicket(deps, 'join', grant, { clientId: server.id, scope }), expiresIn: TICKET_LIFE / 1000 } };
}

function takesTokensOf({ id, audiences }: Client, siteId: string): boolean {
  return id === siteId || audiences.includes(siteId);
}
