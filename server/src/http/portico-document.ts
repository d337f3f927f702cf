import type { PorticoDocument } from '@portico/protocol/apps';
import { AUTH_PREFIX, SYSTEM } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { modeOf, redirectUriAt } from '../clients/app-mode.ts';
import { CLIENT_ID_FORM } from '../clients/authenticate-client.ts';
import { findClient } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { isFirstParty } from '../sessions/session.ts';

/** In seconds. Private: what it says depends on the page that asks. */
const AGE = 3600;

/** GET /.well-known/portico: where is what; and, to the page of a client, how it holds its sign-in. */
export function registerPorticoDocument(app: FastifyInstance, deps: Deps): void {
  const { config } = deps;
  const everybody = {
    issuer: config.origin,
    app: config.appOrigin,
    api: config.apiOrigin + AUTH_PREFIX,
    jwks_uri: config.apiOrigin + SYSTEM.jwks,
  };
  app.get<{ Querystring: { client_id?: unknown } }>(SYSTEM.portico, async (request, reply): Promise<PorticoDocument> => {
    // No cookie counts, and whoever is told a name lives at an origin of that client.
    reply.header('access-control-allow-origin', '*').header('vary', 'Origin, Sec-Fetch-Site');
    const { client_id: clientId } = request.query;
    const client = clientId === undefined ? undefined : await describeClient(deps, clientId, request.headers);
    // A client that is not there yet may be there in a minute.
    if (clientId === undefined || client !== undefined) reply.header('cache-control', `private, max-age=${AGE}`);
    return client === undefined ? everybody : { ...everybody, client };
  });
}

async function describeClient(
  { config, db }: Deps,
  clientId: unknown,
  { origin, 'sec-fetch-site': fetchSite }: { readonly origin?: string | undefined; readonly 'sec-fetch-site'?: unknown },
): Promise<PorticoDocument['client']> {
  if (typeof clientId !== 'string' || !CLIENT_ID_FORM.test(clientId) || origin === undefined) return undefined;
  const client = await findClient(db, clientId);
  // Our own pages need no library, and are no app.
  if (client === null || client.disabledAt !== null || isFirstParty(client.id)) return undefined;
  const mode = modeOf(config, client, { origin, fetchSite: typeof fetchSite === 'string' ? fetchSite : null });
  if (mode === null) return undefined;
  const redirectUri = mode === 'site' ? null : redirectUriAt(client, origin);
  return { id: client.id, name: client.name, mode, ...(redirectUri === null ? {} : { redirectUri }) };
}
