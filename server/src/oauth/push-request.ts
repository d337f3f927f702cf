import { OAuthRefusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import { isRedirectAllowed } from '../clients/redirect-uri.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { PUSHED_LIFE } from './authorization-request.ts';
import { readAuthorizeRequest } from './authorize-request.ts';
import { requireClient } from './client-request.ts';
import { readDpopKey } from './dpop.ts';
import type { Parameters } from './parameters.ts';
import { storeRequest, storeRequestOfSite } from './stored-request.ts';

const PROOFS = ['client_secret', 'client_assertion', 'client_assertion_type'];

/**
 * POST /oauth/par (RFC 9126): a client sends its request itself, and the browser carries only its name. What is wrong is told here and now,
 * to the client and not by way of somebody's address bar.
 */
export async function pushRequest(deps: Deps, caller: Caller, sent: Parameters): Promise<Answer> {
  const { client, isProven } = await requireClient(deps, caller, sent);
  const dpopKey = await readDpopKey(deps, caller, OAUTH.pushed);
  if (sent['request_uri'] !== undefined) throw new OAuthRefusal('invalid_request', 'a pushed request names no other one');
  const parameters = { ...withoutProof(sent), client_id: client.id, ...boundTo(dpopKey, sent['dpop_jkt']) };
  const redirectUri = sent['redirect_uri'];
  if (redirectUri === undefined || !isRedirectAllowed(client, redirectUri))
    throw new OAuthRefusal('invalid_request', 'redirect_uri is missing or not registered');
  readAuthorizeRequest({ client, redirectUri, parameters, stored: null, requestUri: null });
  const request = { clientId: client.id, origin: 'pushed', parameters } as const;
  // A backend pushes for all its users from one address; whoever only says a name is counted as any browser.
  const requestUri = isProven ? await storeRequestOfSite(deps, request) : await storeRequest(deps, caller, request);
  return { status: 201, body: { request_uri: requestUri, expires_in: PUSHED_LIFE / 1000 } };
}

/** What the client showed itself with is not part of its request, and is kept nowhere. */
function withoutProof(sent: Parameters): Parameters {
  return Object.fromEntries(Object.entries(sent).filter(([name]) => !PROOFS.includes(name)));
}

/** RFC 9449 10.1: the key that the call was proven with is the one that the code is bound to. */
function boundTo(proven: string | null, named: string | undefined): Parameters {
  if (proven === null) return {};
  if (named !== undefined && named !== proven) throw new OAuthRefusal('invalid_dpop_proof', 'dpop_jkt names another key');
  return { dpop_jkt: proven };
}
