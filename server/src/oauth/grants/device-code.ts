import { OAuthRefusal } from '@portico/protocol/errors';
import { lockUserForSignIn } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Deps } from '../../deps.ts';
import { tokenHash } from '../../platform/crypto.ts';
import { type OpenedFamily, openFamily } from '../../sessions/open-family.ts';
import { newFamilyId } from '../../sessions/refresh-token.ts';
import { insertSession } from '../../sessions/session.ts';
import { type DeviceCode, pollDevice, spendDeviceCode } from '../device-code.ts';
import { requireParameter } from '../parameters.ts';
import { type GrantHandler, type TokenRequest, tokensAnswer } from './token-request.ts';

/** A device code is `ptd_` and 256 random bits; anything else reaches no database. */
const FORM = /^ptd_[A-Za-z0-9_-]{43}$/;

/** grant_type=device_code (RFC 8628 3.4): the device asks whether somebody has said yes. */
export const deviceGrant: GrantHandler = async (deps, request) => {
  const { client, parameters } = request;
  const text = requireParameter(parameters, 'device_code');
  const polled = FORM.test(text) ? await pollDevice(deps.db, tokenHash(text), client.id, deps.now()) : null;
  if (polled === null) throw notGood();
  const { code, tooSoon } = polled;
  if (code.state === 'used') throw notGood();
  if (code.expiresAt <= deps.now()) throw new OAuthRefusal('expired_token', 'nobody answered in time');
  if (code.state === 'denied') throw new OAuthRefusal('access_denied', 'somebody said no');
  if (code.dpopKey !== '' && code.dpopKey !== request.dpopKey) throw notGood();
  if (code.state === 'waiting')
    throw tooSoon
      ? new OAuthRefusal('slow_down', 'wait five seconds more between two questions')
      : new OAuthRefusal('authorization_pending', 'nobody has answered yet');
  const opened = await openDeviceSession(deps, request, code);
  if (opened === null) throw notGood();
  const { family, grant, scope, provedAt } = opened;
  return tokensAnswer(deps, client, {
    grant,
    familyId: family.id,
    scope,
    refreshToken: family.refreshToken,
    gen: family.gen,
    provedAt,
    nonce: null,
  });
};

/** An error, not null, so that what was written before in the transaction is taken back. */
class NotOpened extends Error {}

/**
 * The device gets a session of its own, which ends by itself or with "everywhere", with the proofs of whoever said yes. The user is locked
 * as read when they did, so a password change, a reset or a suspension in between wins.
 */
async function openDeviceSession(deps: Deps, { client, dpopKey, caller }: TokenRequest, code: DeviceCode): Promise<OpenedFamily | null> {
  const { userId, uvRead, authTime } = code;
  if (userId === null || uvRead === null || authTime === null) return null;
  return deps.db
    .transaction(async (tx) => {
      const now = deps.now();
      if ((await lockUserForSignIn(tx, userId, uvRead, now)) === null) throw new NotOpened();
      const session = await insertSession(tx, deps, caller, {
        userId,
        state: 'active',
        persistence: 'kept',
        kind: 'device',
        amr: code.amr,
        authTime,
        expiresAt: now + deps.config.sessionLife,
        waitingHash: null,
      });
      const opened = await openFamily(tx, deps, {
        id: newFamilyId(deps.random),
        sessionId: session.id,
        clientId: client.id,
        scope: code.scope,
        dpopKey: client.authentication === 'none' ? dpopKey : null,
        idleLife: client.idleLife,
        admit: (inTx) => spendDeviceCode(inTx, code.deviceHash, client.id, now),
      });
      if (opened === null) throw new NotOpened();
      const facts = { actorId: userId, userId, sessionId: session.id, clientId: client.id, reason: 'device' };
      await recordEvent(tx, deps, caller, 'site.opened', facts);
      return opened;
    })
    .catch((cause: unknown) => {
      if (cause instanceof NotOpened) return null;
      throw cause;
    });
}

function notGood(): OAuthRefusal {
  return new OAuthRefusal('invalid_grant', 'the device code is not good');
}
