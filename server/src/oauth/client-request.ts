import { OAuthRefusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import { type AuthenticatedClient, authenticateClient, type ClientProof } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import { isFirstParty } from '../sessions/session.ts';
import type { Parameters } from './parameters.ts';

/** RFC 7523 2.2. */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * The client that asks: by the Authorization header, by id and secret in the body, by a signed assertion, or, where it has no secret, by
 * naming itself. Two ways at once are refused (RFC 6749 2.3): one of them would go unchecked.
 */
export async function requireClient(deps: Deps, caller: Caller, parameters: Parameters): Promise<AuthenticatedClient> {
  const client = await authenticateClient(deps, caller, proofOf(caller, parameters));
  // Never which part was wrong: unknown, disabled and a false secret are one answer. The browser's own family is spent by its cookie only.
  if (client === null || isFirstParty(client.client.id)) throw new OAuthRefusal('invalid_client', 'the client could not be authenticated');
  return client;
}

/** As `requireClient`, for what a client that cannot prove itself must not ask. */
export async function requireProvenClient(deps: Deps, caller: Caller, parameters: Parameters): Promise<AuthenticatedClient> {
  const asked = await requireClient(deps, caller, parameters);
  if (!asked.isProven) throw new OAuthRefusal('invalid_client', 'the client could not be authenticated');
  return asked;
}

function proofOf({ basic }: Caller, parameters: Parameters): ClientProof {
  const named = parameters['client_id'];
  const secret = parameters['client_secret'];
  const assertion = parameters['client_assertion'];
  const ways = [basic, secret, assertion].filter((way) => way != null);
  if (ways.length > 1) throw new OAuthRefusal('invalid_request', 'the client showed who it is in more than one way');
  if (basic !== null) {
    // The name may stand in the body as well, as some clients have it, but not another one.
    if (named !== undefined && named !== basic.id) throw new OAuthRefusal('invalid_request', 'two clients are named');
    return { clientId: basic.id, secret: basic.secret, assertion: null };
  }
  if ((assertion === undefined) !== (parameters['client_assertion_type'] === undefined))
    throw new OAuthRefusal('invalid_request', 'an assertion and its type come together');
  if (assertion !== undefined && parameters['client_assertion_type'] !== ASSERTION_TYPE)
    throw new OAuthRefusal('invalid_request', 'this type of assertion is unknown');
  if (named === undefined && assertion === undefined) throw new OAuthRefusal('invalid_client', 'no client is named');
  return { clientId: named ?? null, secret: secret ?? null, assertion: assertion ?? null };
}
