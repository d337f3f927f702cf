import { Refusal } from '@portico/protocol/errors';
import { type AccessClaims, FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { decodeJwt } from 'jose';
import { findUser } from '../../src/accounts/user.ts';
import { createUserSession } from '../../src/auth/create-user-session.ts';
import { changePassword } from '../../src/auth/me/password.ts';
import { refresh } from '../../src/auth/refresh.ts';
import type { Deps } from '../../src/deps.ts';
import { OUR_PAGES } from '../../src/sessions/browser-client.ts';
import { holdOrRevoke } from '../../src/sessions/hold-session.ts';
import { insertFamily } from '../../src/sessions/refresh-token.ts';
import { findGrant, listSessionsOfUser, lockActiveSession, revokeSession, revokeSessionsOfUser } from '../../src/sessions/session.ts';
import { currentSession } from '../../src/sessions/verified-session.ts';
import { newAttempt } from '../model/history.ts';
import { callerWith, NATIVE_CLIENT } from '../model/system.ts';
import { PASSWORD } from '../world.ts';
import type { Deed, NodeJob, SharedSignIn } from './node-jobs.ts';

/** One process's part in a crowd: everybody signs in, refreshes, holds, ends and changes the same few sign-ins at the same time. */

/** So many things at once in each process. */
const HANDS = 6;

interface Held {
  readonly userId: string;
  readonly sid: string;
  readonly clientId: string;
  readonly device: string | null;
  token: string;
}

/** What one hand does once; answers the sessions it has to do with. */
type Act = (crowd: Crowd) => Promise<readonly Pick<Deed, 'sid' | 'exp'>[]>;

interface Crowd {
  readonly deps: Deps;
  readonly users: readonly string[];
  readonly held: Held[];
  readonly random: () => number;
}

const ACTS: readonly { readonly what: string; readonly weight: number; readonly act: Act }[] = [
  { what: 'refresh', weight: 100, act: spendOne },
  { what: 'grant', weight: 12, act: grantOne },
  { what: 'sign in', weight: 10, act: signInOnce },
  { what: 'end', weight: 6, act: endOne },
  { what: 'hold', weight: 4, act: holdOne },
  { what: 'end all', weight: 1, act: endAll },
  { what: 'password', weight: 2, act: changeOne },
];

export async function mingle(deps: Deps, { signIns, acts, seed }: Extract<NodeJob, { kind: 'mingle' }>): Promise<readonly Deed[]> {
  const deeds: Deed[] = [];
  const users = [...new Set(signIns.map(({ userId }) => userId))];
  const held = signIns.map(
    ({ sessionId, refreshToken, ...rest }: SharedSignIn): Held => ({
      ...rest,
      sid: sessionId,
      clientId: FIRST_PARTY_CLIENT,
      token: refreshToken,
    }),
  );
  const crowd: Crowd = { deps, users, held, random: seededRandom(seed) };
  let left = acts;
  const hand = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { what, act } = chooseAct(crowd);
      const beganAt = Date.now();
      try {
        for (const about of await act(crowd)) deeds.push({ what, beganAt, endedAt: Date.now(), ...about });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        deeds.push({ what: `${what}: ${error.code}`, sid: '', beganAt, endedAt: Date.now() });
      }
    }
  };
  await Promise.all(Array.from({ length: HANDS }, hand));
  return deeds;
}

function chooseAct({ random }: Crowd): (typeof ACTS)[number] {
  let left = random() * ACTS.reduce((sum, { weight }) => sum + weight, 0);
  return ACTS.find(({ weight }) => (left -= weight) < 0) ?? (ACTS[0] as (typeof ACTS)[number]);
}

function pick<T>({ random }: Crowd, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

async function someSession(crowd: Crowd): Promise<{ id: string; userId: string } | null> {
  const userId = pick(crowd, crowd.users);
  const sessions = userId === undefined ? [] : await listSessionsOfUser(crowd.deps.db, userId, Date.now());
  const session = pick(crowd, sessions);
  return session === undefined || userId === undefined ? null : { id: session.id, userId };
}

/** With an attempt that nobody else knows: two hands with one token are a reuse, and hold the session. */
async function spendOne(crowd: Crowd) {
  const one = pick(crowd, crowd.held);
  if (one === undefined) return [];
  const gen = Buffer.from(one.token.slice(4), 'base64url').readUInt32BE(17);
  const attempt = newAttempt(gen);
  const { body, cookies = [] } = await refreshOf(crowd.deps, one, attempt).catch((cause: unknown) => {
    // Somebody ended it. What is left may live.
    const over = cause instanceof Refusal && (cause.code === 'session_ended' || cause.code === 'session_held');
    if (over && crowd.held.includes(one)) crowd.held.splice(crowd.held.indexOf(one), 1);
    throw cause;
  });
  const said = body as { readonly accessToken: string; readonly refreshToken?: string };
  one.token = said.refreshToken ?? cookies[0]?.value ?? one.token;
  const { sid, exp } = decodeJwt<AccessClaims>(said.accessToken);
  return [{ sid, exp }];
}

async function refreshOf(deps: Deps, { clientId, token, device }: Held, attempt: string) {
  return clientId === FIRST_PARTY_CLIENT
    ? refresh(deps, callerWith({ refresh: token, device, attempt }), OUR_PAGES, {})
    : refresh(deps, callerWith({ attempt }), OUR_PAGES, { refreshToken: token, clientId });
}

async function grantOne(crowd: Crowd) {
  const { deps } = crowd;
  const target = await someSession(crowd);
  if (target === null) return [];
  const token = await deps.db.transaction(async (tx) => {
    const now = deps.now();
    const session = await lockActiveSession(tx, target.id, now);
    if (session === null) return null;
    const family = { sessionId: session.id, clientId: NATIVE_CLIENT, userId: target.userId, deviceHash: null };
    const ends = { expiresAt: session.expiresAt, idleAt: now + deps.config.sessionIdle };
    return (await insertFamily(tx, { key: deps.keys.currentChain(now), random: deps.random, now }, { ...family, ...ends })).refreshToken;
  });
  if (token === null) return [];
  crowd.held.push({ userId: target.userId, sid: target.id, clientId: NATIVE_CLIENT, device: null, token });
  return [{ sid: target.id }];
}

/** Half of the time from a browser that was signed in before: then that sign-in ends with it. */
async function signInOnce(crowd: Crowd) {
  const { deps } = crowd;
  const userId = pick(crowd, crowd.users) ?? '';
  const user = await findUser(deps.db, userId);
  if (user === null) return [];
  const former = crowd.random() < 0.5 ? crowd.held.findLast(({ clientId }) => clientId === FIRST_PARTY_CLIENT) : undefined;
  const caller = callerWith({ refresh: former?.token ?? null });
  const outcome = await createUserSession(deps, caller, { userId, uvRead: user.uv, amr: ['pwd'], persistence: 'kept' });
  if (outcome.kind !== 'signed_in') return [];
  const { issued } = outcome;
  const sid = issued.grant.session.id;
  crowd.held.push({ userId, sid, clientId: FIRST_PARTY_CLIENT, device: issued.newDevice ?? null, token: issued.refreshToken });
  return [{ sid }];
}

async function endOne(crowd: Crowd) {
  const { deps } = crowd;
  const target = await someSession(crowd);
  if (target === null) return [];
  const entry = await deps.db.transaction((tx) => revokeSession(tx, deps, target.id, 'ended_by_user'));
  return entry === null ? [] : [{ sid: target.id }];
}

async function holdOne(crowd: Crowd) {
  const target = await someSession(crowd);
  if (target === null) return [];
  await holdOrRevoke(crowd.deps, callerWith({}), target.id);
  return [{ sid: target.id }];
}

async function endAll(crowd: Crowd) {
  const { deps } = crowd;
  const userId = pick(crowd, crowd.users) ?? '';
  const entries = await deps.db.transaction((tx) => revokeSessionsOfUser(tx, deps, userId, 'signed_out_everywhere', null));
  return entries.map(({ subject }) => ({ sid: subject }));
}

async function changeOne(crowd: Crowd) {
  const { deps } = crowd;
  const target = await someSession(crowd);
  const grant = target === null ? null : await findGrant(deps.db, target.id, FIRST_PARTY_CLIENT, deps.now());
  if (grant === null) return [];
  await changePassword(deps, callerWith({}), currentSession(grant), { currentPassword: PASSWORD, newPassword: PASSWORD });
  return [{ sid: grant.session.id }];
}

/** Mulberry32: small, seeded, good enough to mix. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
