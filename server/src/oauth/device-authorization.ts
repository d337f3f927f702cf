import { OAuthRefusal, Refusal } from '@portico/protocol/errors';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { countTry } from '../guessing/counter.ts';
import { DEVICE_NETWORK } from '../guessing/limits.ts';
import { tokenHash } from '../platform/crypto.ts';
import type { Answer } from '../sessions/answer.ts';
import { requireClient } from './client-request.ts';
import { DEVICE_CODE_LIFE, DEVICE_INTERVAL, insertDeviceCode } from './device-code.ts';
import { readDpopKey } from './dpop.ts';
import { GRANT_TYPES, mayUseGrant } from './grant-types.ts';
import { type Parameters, requireOwnTarget } from './parameters.ts';
import { allowedScope } from './scope.ts';
import { hashUserCode, makeUserCode, spellUserCode } from './user-code.ts';

/** Two devices draw the same code once in a thousand million: a second time in a row says that something else is wrong. */
const DRAWS = 3;

/** POST /oauth/device_authorization (RFC 8628 3.1): a device without a browser asks for a code that somebody types elsewhere. */
export async function authorizeDevice(deps: Deps, caller: Caller, parameters: Parameters): Promise<Answer> {
  const { client } = await requireClient(deps, caller, parameters);
  if (!mayUseGrant(client.kind, GRANT_TYPES.device))
    throw new OAuthRefusal('unauthorized_client', 'this client may not use this grant type');
  requireOwnTarget(parameters, client.id);
  const scope = allowedScope(client, parameters['scope']);
  if (scope === null) throw new OAuthRefusal('invalid_scope', 'not for this client');
  const dpopKey = (await readDpopKey(deps, caller, OAUTH.deviceAuthorization)) ?? '';
  const now = deps.now();
  // Its name is no secret, so anybody could fill the table in its name.
  const { allowed, retryAfter } = await countTry(deps.db, DEVICE_NETWORK, caller.network, now);
  if (!allowed) throw new Refusal('too_many_requests', { retryAfter });
  const deviceCode = `ptd_${deps.random(32).toString('base64url')}`;
  const { userAgent, address } = caller;
  const code = { deviceHash: tokenHash(deviceCode), clientId: client.id, scope, dpopKey, userAgent, address };
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const userCode = makeUserCode(deps.random);
    const userCodeHash = hashUserCode(deps.keys.currentChain(now), userCode);
    if (!(await insertDeviceCode(deps.db, { ...code, userCodeHash }, now))) continue;
    const spelled = spellUserCode(userCode);
    const page = deps.config.appOrigin + PAGES.device;
    return {
      body: {
        device_code: deviceCode,
        user_code: spelled,
        verification_uri: page,
        verification_uri_complete: `${page}?user_code=${spelled}`,
        expires_in: DEVICE_CODE_LIFE / 1000,
        interval: DEVICE_INTERVAL / 1000,
      },
    };
  }
  throw new Error('no user code was free');
}
