import { randomBytes } from 'node:crypto';
import { en } from '@portico/protocol/texts/en';
import { rememberDevice } from '../../src/accounts/device.ts';
import { noteSighting } from '../../src/accounts/sighting.ts';
import { noteFirstSignIn } from '../../src/accounts/user.ts';
import { createUserSession } from '../../src/auth/create-user-session.ts';
import { verifySignIn } from '../../src/auth/sign-in/verify-signin.ts';
import { type Caller, hashOf } from '../../src/caller.ts';
import { countTry } from '../../src/guessing/counter.ts';
import { WRONG_ACCOUNT } from '../../src/guessing/limits.ts';
import { sightingOf } from '../../src/guessing/look-at-sign-in.ts';
import { networkOf } from '../../src/guessing/network-address.ts';
import type { Clock, World } from '../world.ts';
import type { Outcome } from './fold.ts';
import type { SignIn } from './traffic.ts';

/** The same sign-ins through the real door, with real rows, so that the rules in memory cannot drift away from those in SQL. */
export async function signInForReal(
  world: World,
  clock: Clock,
  signIns: readonly SignIn[],
): Promise<readonly { readonly signIn: SignIn; readonly outcome: Outcome }[]> {
  const { deps } = world;
  const jar = new Map<string, string>();
  const results: { signIn: SignIn; outcome: Outcome }[] = [];
  for (const signIn of signIns) {
    clock.advance(signIn.at - clock.now());
    const userId = String(signIn.user).padStart(22, 'u');
    const email = `u${signIn.user}@example.com`;
    const device = signIn.cookie === null ? null : (jar.get(signIn.cookie) ?? randomBytes(16).toString('base64url'));
    if (signIn.cookie !== null && device !== null) jar.set(signIn.cookie, device);
    const caller = callerOf(signIn, device);
    if (signIn.kind === 'sign-up') {
      const after = device ?? randomBytes(16).toString('base64url');
      jar.set(signIn.cookieAfter ?? '', after);
      await deps.db.all(
        `insert into users (id, email, email_key, display_name, role, uv, verified_at, created_at) values ($1, $2, $2, '', 'user', 1, $3, $3)`,
        [userId, email, signIn.at],
      );
      await noteFirstSignIn(deps.db, userId, signIn.at);
      await rememberDevice(deps.db, deps, caller, userId, hashOf(after) ?? '');
      await noteSighting(deps.db, userId, sightingOf(caller), signIn.at);
      continue;
    }
    const [known] = await deps.db.all('select 1 as known from devices where user_id = $1 and device_hash = $2', [
      userId,
      hashOf(device) ?? '',
    ]);
    if (known === undefined) for (let n = 0; n < signIn.wrong; n += 1) await countTry(deps.db, WRONG_ACCOUNT, email, signIn.at);
    const noticed = await countNotices(world);
    const proof = { userId, uvRead: 1, amr: ['pwd'], persistence: signIn.keep ? 'kept' : 'browser' } as const;
    const outcome = await createUserSession(deps, caller, proof);
    let cookie = outcome.kind === 'signed_in' ? (outcome.issued.newDevice ?? device) : device;
    if (outcome.kind === 'waiting') {
      const waiting = { ...caller, cookies: { ...caller.cookies, waiting: outcome.waitingToken } };
      const done = await verifySignIn(deps, waiting, await world.codeFor(email));
      cookie = done.cookies?.find(({ name }) => name === 'portico_device')?.value ?? device;
    }
    if (signIn.cookieAfter !== null && cookie !== null) jar.set(signIn.cookieAfter, cookie);
    const told = (await countNotices(world)) > noticed;
    results.push({ signIn, outcome: outcome.kind === 'waiting' ? 'asked' : told ? 'told' : 'in' });
  }
  return results;
}

async function countNotices({ deps }: World): Promise<number> {
  const [row] = await deps.db.all("select count(*) as n from events where action = 'signin.noticed'");
  return Number(row?.['n']);
}

function callerOf({ address, userAgent }: SignIn, device: string | null): Caller {
  return {
    requestId: 'traffic',
    address,
    userAgent,
    network: networkOf(address),
    texts: en,
    originHeader: null,
    fetchSite: null,
    fetchMode: null,
    cookies: { refresh: null, refreshOfApp: () => null, access: null, waiting: null, device, csrf: null, transaction: null, lastWay: null },
    bearer: null,
    basic: null,
    dpopHeader: null,
    attemptHeader: null,
    csrfHeader: null,
  };
}
