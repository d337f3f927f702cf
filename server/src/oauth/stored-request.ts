import { Refusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import { CLIENT_ID_FORM } from '../clients/authenticate-client.ts';
import { type Client, findClient } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { isAllowed } from '../guessing/allowed-network.ts';
import { countTry } from '../guessing/counter.ts';
import { AUTHORIZE_NETWORK } from '../guessing/limits.ts';
import { tokenHash } from '../platform/crypto.ts';
import { isFirstParty } from '../sessions/session.ts';
import { type AuthorizationRequest, findRequest, insertRequest } from './authorization-request.ts';

/** RFC 9126 2.2: what a request is called by that we keep. */
const PREFIX = 'urn:ietf:params:oauth:request_uri:';
const NAME_FORM = /^[A-Za-z0-9_-]{43}$/;

export function isOurRequestUri(uri: string): boolean {
  return uri.startsWith(PREFIX);
}

/** The site that a browser came from. Throws `site_unknown`: whoever is not registered is never answered, only told about on our own page. */
export async function requireSite(deps: Pick<Deps, 'db'>, clientId: string | undefined): Promise<Client> {
  const client = clientId !== undefined && CLIENT_ID_FORM.test(clientId) ? await findClient(deps.db, clientId) : null;
  if (client === null || client.disabledAt !== null || isFirstParty(client.id)) throw new Refusal('site_unknown');
  return client;
}

/** A request that we keep, of this client. Throws `request_expired`: unknown, another client's, too old or answered are one answer. */
export async function requireStoredRequest(deps: Pick<Deps, 'db' | 'now'>, client: Client, uri: string): Promise<AuthorizationRequest> {
  const name = uri.slice(PREFIX.length);
  const found = NAME_FORM.test(name) ? await findRequest(deps.db, tokenHash(name), client.id, deps.now()) : null;
  if (found === null) throw new Refusal('request_expired');
  return found;
}

type NewRequest = Pick<AuthorizationRequest, 'clientId' | 'origin' | 'parameters'>;

/**
 * Keeps a request, and says what it is called by. Anybody may have their browser make some, so each network has its number.
 * Throws `too_many_requests`.
 */
export async function storeRequest(deps: Deps, caller: Caller, request: NewRequest): Promise<string> {
  const { allowed, retryAfter } = await countTry(deps.db, AUTHORIZE_NETWORK, caller.network, deps.now());
  if (!allowed && !(await isAllowed(deps.db, caller.address))) throw new Refusal('too_many_requests', { retryAfter });
  return storeRequestOfSite(deps, request);
}

/** The same for a client that proved itself, which is not counted. */
export async function storeRequestOfSite(deps: Pick<Deps, 'db' | 'random' | 'now'>, request: NewRequest): Promise<string> {
  const name = deps.random(32).toString('base64url');
  await insertRequest(deps.db, { ...request, idHash: tokenHash(name) }, deps.now());
  return PREFIX + name;
}

/** Where the request goes on: a path, so that our own pages may lead back to it. */
export function requestPath(clientId: string, requestUri: string): string {
  return `${OAUTH.authorize}?${new URLSearchParams({ client_id: clientId, request_uri: requestUri }).toString()}`;
}
