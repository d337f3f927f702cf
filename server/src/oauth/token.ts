import { OAuthRefusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { requireClient } from './client-request.ts';
import { readDpopKey } from './dpop.ts';
import { GRANT_TYPES, type GrantType, isGrantType, mayUseGrant } from './grant-types.ts';
import { codeGrant } from './grants/authorization-code.ts';
import { machineGrant } from './grants/client-credentials.ts';
import { deviceGrant } from './grants/device-code.ts';
import { refreshGrant } from './grants/refresh-token.ts';
import type { GrantHandler } from './grants/token-request.ts';
import { type Parameters, requireOwnTarget, requireParameter } from './parameters.ts';

const HANDLERS: Readonly<Record<GrantType, GrantHandler>> = {
  [GRANT_TYPES.code]: codeGrant,
  [GRANT_TYPES.refresh]: refreshGrant,
  [GRANT_TYPES.device]: deviceGrant,
  [GRANT_TYPES.machine]: machineGrant,
};

/** POST /oauth/token. First who asks, then whether it may, then what it brings. */
export async function token(deps: Deps, caller: Caller, parameters: Parameters): Promise<Answer> {
  const { client, isProven } = await requireClient(deps, caller, parameters);
  const type = requireParameter(parameters, 'grant_type');
  if (!isGrantType(type)) throw new OAuthRefusal('unsupported_grant_type', 'this grant type does not exist here');
  if (!mayUseGrant(client.kind, type)) throw new OAuthRefusal('unauthorized_client', 'this client may not use this grant type');
  requireOwnTarget(parameters, client.id);
  const dpopKey = await readDpopKey(deps, caller, OAUTH.token);
  return HANDLERS[type](deps, { client, isProven, dpopKey, parameters, caller });
}
