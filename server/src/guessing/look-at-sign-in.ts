import { findDeviceAge } from '../accounts/device.ts';
import { browserFamily } from '../accounts/device-label.ts';
import { emailKey } from '../accounts/email.ts';
import { findSighting, type Sighting } from '../accounts/sighting.ts';
import type { User } from '../accounts/user.ts';
import { type Caller, hashOf, type Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { findHoldSince } from '../sessions/session.ts';
import { readCount } from './counter.ts';
import { WRONG_ACCOUNT } from './limits.ts';
import { widerNetworkOf } from './network-address.ts';
import { CLOSE_WATCH, type Judgement, judgeSignIn, type SignInFacts } from './unusual.ts';

export interface SignInLook extends Judgement {
  readonly facts: SignInFacts;
}

/** What a browser is recognised by when it brings no device cookie. */
export function sightingOf(from: Pick<Origin, 'address' | 'userAgent'>): Sighting {
  return { network: widerNetworkOf(from.address), browser: browserFamily(from.userAgent) };
}

/** Gathers what is known about a sign-in whose proof was good, each by a key, and judges it. */
export async function lookAtSignIn({ db, now }: Pick<Deps, 'db' | 'now'>, caller: Caller, user: User): Promise<SignInLook> {
  const at = now();
  const device = hashOf(caller.cookies.device);
  const [knownSince, seen, wrongTries, heldAt] = await Promise.all([
    device === null ? null : findDeviceAge(db, user.id, device),
    findSighting(db, user.id, sightingOf(caller), at),
    readCount(db, WRONG_ACCOUNT, emailKey(user.email), at),
    findHoldSince(db, user.id, at - CLOSE_WATCH),
  ]);
  // A device that became known afterwards did so by a code: it is not asked twice.
  const mistrusted = (since: number | null) => since !== null && since > at - CLOSE_WATCH && (knownSince === null || knownSince <= since);
  const facts: SignInFacts = {
    firstEver: user.lastSignInAt === null,
    knownDevice: knownSince !== null,
    knownNetwork: seen.network,
    knownBrowser: seen.browser,
    wrongTries,
    absence: at - (user.lastSignInAt ?? at),
    heldBefore: mistrusted(heldAt),
    recoveredBefore: mistrusted(user.recoveredAt),
  };
  return { facts, ...judgeSignIn(facts) };
}
