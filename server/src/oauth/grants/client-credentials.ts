import { OAuthRefusal } from '@portico/protocol/errors';
import { SCOPES } from '@portico/protocol/tokens';
import { signMachineToken } from '../../sessions/access-token.ts';
import { grantClient } from '../../sessions/session.ts';
import { allowedScope, hasScope } from '../scope.ts';
import { bearerAnswer, type GrantHandler } from './token-request.ts';

/** grant_type=client_credentials: a machine that speaks for itself. No refresh token: its secret is one (RFC 6749 4.4.3). */
export const machineGrant: GrantHandler = async (deps, { client, isProven, parameters }) => {
  if (!isProven) throw new OAuthRefusal('unauthorized_client', 'only a client that proves who it is speaks for itself');
  const scope = allowedScope(client, parameters['scope']);
  // These are about a user, and there is none.
  if (scope === null || SCOPES.some((word) => hasScope(scope, word))) throw new OAuthRefusal('invalid_scope', 'not for this client');
  const now = deps.now();
  const access = signMachineToken(deps, { id: client.id, client: await grantClient(deps.db, client, now), scope }, now);
  return bearerAnswer(access, scope, {});
};
