import { Refusal } from '@portico/protocol/errors';
import { inReadingOrder } from '@portico/protocol/tokens';
import { deviceLabel } from '../accounts/device-label.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import { findClient } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { judgeGuess } from '../guessing/guard-guess.ts';
import { DEVICE_USER } from '../guessing/limits.ts';
import { maskAddress } from '../guessing/network-address.ts';
import type { Answer } from '../sessions/answer.ts';
import { lockActiveSession } from '../sessions/session.ts';
import type { CurrentSession } from '../sessions/verified-session.ts';
import { approveDevice, claimDevice, type DeviceCode, denyDevice } from './device-code.ts';
import { hashUserCode, parseUserCode, spellUserCode } from './user-code.ts';

/** What waits for an answer, as whoever is to give it sees it. */
export interface WaitingDevice {
  /** As it stands on the screen of the device: to be compared, not to be typed again. */
  readonly userCode: string;
  /** The app or game. */
  readonly app: string;
  /** "Unknown device", or what the device says of itself. */
  readonly device: string;
  readonly address: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
}

/**
 * Finds the device that waits under a typed code. From here on it belongs to this user's answer: nobody else may say yes to it
 * (CVE-2026-45337). Throws `user_code_unknown`.
 */
export async function findDeviceToApprove(deps: Deps, caller: Caller, session: CurrentSession, typed: string): Promise<WaitingDevice> {
  const userCode = parseUserCode(typed);
  if (userCode === null) throw new Refusal('user_code_unknown');
  const guess = { what: 'code', account: { limit: DEVICE_USER, subject: session.userId }, known: false } as const;
  const { found } = await judgeGuess(deps, caller, guess, async () => {
    const found = await underAnyKey(deps, userCode, (hash) => claimDevice(deps.db, hash, session.userId, deps.now()));
    return { verdict: found === null ? 'wrong' : 'right', found };
  });
  const client = found === null ? null : await findClient(deps.db, found.clientId);
  if (found === null || client === null || client.disabledAt !== null) throw new Refusal('user_code_unknown');
  return {
    userCode: spellUserCode(userCode),
    app: client.name,
    device: deviceLabel(found.userAgent),
    address: maskAddress(found.address),
    scopes: inReadingOrder(found.scope.split(' ').filter((word) => word !== '')),
    createdAt: found.createdAt,
    expiresAt: found.expiresAt,
  };
}

/** POST device. */
export async function readDevice(deps: Deps, caller: Caller, session: CurrentSession, typed: string): Promise<Answer> {
  return { body: await findDeviceToApprove(deps, caller, session, typed) };
}

/** POST device/answer: yes or no, once, by whoever typed the code before. */
export async function answerDevice(
  deps: Deps,
  caller: Caller,
  session: CurrentSession,
  { userCode: typed, allow }: { readonly userCode: string; readonly allow: boolean },
): Promise<Answer> {
  const userCode = parseUserCode(typed);
  const { userId } = session;
  const answered =
    userCode !== null &&
    (await deps.db.transaction(async (tx) => {
      const now = deps.now();
      // Whoever signs out at this moment has said nothing.
      if ((await lockActiveSession(tx, session.id, now)) === null) throw new Refusal('signed_out');
      const { amr } = session.grant.session;
      const approval = { userId, uvRead: session.grant.user.uv, amr, authTime: session.authTime * 1000, now };
      const device = await underAnyKey(deps, userCode, (userCodeHash) =>
        allow ? approveDevice(tx, { userCodeHash, ...approval }) : denyDevice(tx, { userCodeHash, userId, now }),
      );
      if (device === null) return false;
      const facts = { actorId: userId, userId, sessionId: session.id, clientId: device.clientId };
      await recordEvent(tx, deps, caller, allow ? 'device.approved' : 'device.denied', facts);
      return true;
    }));
  if (!answered) throw new Refusal('user_code_unknown');
  return { body: { status: allow ? 'APPROVED' : 'DENIED' } };
}

/** Codes keep the hash of the key that was current when they were drawn. */
async function underAnyKey(
  { keys }: Pick<Deps, 'keys'>,
  userCode: string,
  look: (hash: string) => Promise<DeviceCode | null>,
): Promise<DeviceCode | null> {
  for (const key of keys.chains()) {
    const found = await look(hashUserCode(key, userCode));
    if (found !== null) return found;
  }
  return null;
}
