import { randomBytes } from 'node:crypto';
import { chooseTexts } from '@portico/protocol/texts';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { allowSignUp } from '../../src/accounts/sign-up-policy.ts';
import { insertVerifiedUser } from '../../src/accounts/user.ts';
import { grantBrowser } from '../../src/auth/create-user-session.ts';
import type { Caller } from '../../src/caller.ts';
import { insertClient, saveFirstPartyClient } from '../../src/clients/client.ts';
import type { Deps } from '../../src/deps.ts';
import { openVault } from '../../src/keys/open-vault.ts';
import { loadKeyring } from '../../src/keys/rotate-keys.ts';
import type { Database } from '../../src/platform/db.ts';
import type { Keyring } from '../../src/platform/keyring.ts';
import { silentLog } from '../../src/platform/log.ts';
import { createPasswordHasher } from '../../src/platform/password-hasher.ts';
import { createReachedLimits } from '../../src/platform/reached-limits.ts';
import { createRevokedSet } from '../../src/platform/revoked-set.ts';
import { createTally } from '../../src/platform/tally.ts';
import { createThisNode } from '../../src/platform/this-node.ts';
import type { Vault } from '../../src/platform/vault.ts';
import { insertFamily } from '../../src/sessions/refresh-token.ts';
import { insertSession, lockActiveSession } from '../../src/sessions/session.ts';
import { noNetwork } from '../no-network.ts';
import { type Clock, DAY, heldClock, ORIGIN, testConfig } from '../world.ts';
import { patiently } from './patient.ts';

/** The real thing under the model: two nodes of Portico on one database, without HTTP in between. */

export const NATIVE_CLIENT = 'space-snake';
/** Shorter than the life of a session, so that a history can idle to death. */
const SESSION_IDLE = 14 * DAY;
/** The second node's clock is ahead. In milliseconds. */
const SKEW = 1_500;

/** Whose family it is: a browser's own (cookies, device, attempts in a store), or that of a game that keeps its token in a file. */
export type Kind = 'browser' | 'native';

/** One database for many histories. */
export interface Ground {
  readonly db: Database;
  readonly keys: Keyring;
  readonly vault: Vault;
}

export async function prepareGround(db: Database): Promise<Ground> {
  const world = { db, now: () => heldClock().now(), config: testConfig() };
  await saveFirstPartyClient(world);
  await insertClient(db, { id: NATIVE_CLIENT, name: 'Space Snake', kind: 'native', origins: [] }, world.now());
  const vault = await openVault(world);
  return { db, vault, keys: await loadKeyring({ ...world, vault }) };
}

/** A history's own sign-in, with a clock of its own. */
export interface System {
  readonly ground: Ground;
  readonly kind: Kind;
  readonly clientId: string;
  readonly clock: Clock;
  /** Two nodes: their own clocks, their own memory of revocations. */
  readonly nodes: readonly [Deps, Deps];
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
  /** The secrets of its generations, as far as they were worked out. */
  readonly chain: Buffer[];
  /** The device cookie, which a native client has not. */
  readonly device: string | null;
}

export async function signIn(ground: Ground, kind: Kind): Promise<System> {
  const clock = heldClock();
  const node = (skew: number): Deps => ({
    config: testConfig({ sessionIdle: SESSION_IDLE }),
    db: ground.db,
    keys: ground.keys,
    vault: ground.vault,
    hasher: createPasswordHasher(),
    revoked: createRevokedSet(),
    reached: createReachedLimits(null, clock.now),
    log: silentLog,
    node: createThisNode(randomBytes),
    tally: createTally(),
    network: noNetwork(),
    now: () => clock.now() + skew,
    random: randomBytes,
    mailWaits: () => undefined,
    afterAnswer: () => undefined,
  });
  const nodes = [node(0), node(SKEW)] as const;
  const [deps] = nodes;
  const clientId = kind === 'browser' ? FIRST_PARTY_CLIENT : NATIVE_CLIENT;
  const text = `${randomBytes(9).toString('hex')}@example.com`;
  return patiently(() =>
    ground.db.transaction(async (tx) => {
      const user = await insertVerifiedUser(tx, deps, allowSignUp(deps.config, { text, key: text }, null), '');
      if (user === null) throw new Error('the address was taken');
      const session = await insertSession(tx, deps, callerWith({}), {
        userId: user.id,
        state: 'active',
        persistence: 'kept',
        amr: ['pwd'],
        authTime: clock.now(),
        expiresAt: clock.now() + deps.config.sessionLife,
        waitingHash: null,
      });
      const system = { ground, kind, clientId, clock, nodes, sessionId: session.id, userId: user.id, chain: [] };
      if (kind === 'native') {
        const family = await insertFamily(tx, familyKey(deps), newFamily(deps, session.id, user.id, clientId, session.expiresAt));
        return { ...system, refreshToken: family.refreshToken, device: null };
      }
      const issued = await grantBrowser(tx, deps, callerWith({}), { user, session, freshDevice: false });
      return { ...system, refreshToken: issued.refreshToken, device: issued.newDevice ?? null };
    }),
  );
}

/** How many families of the client in this session are alive. */
export async function countLive(system: System): Promise<number> {
  const sql = `select count(*) as live from refresh_tokens where session_id = $1 and client_id = $2 and state = 'active'`;
  const [row] = await patiently(() => system.ground.db.all(sql, [system.sessionId, system.clientId]));
  return row?.['live'] as number;
}

/** Another sign-in of the same client in the same session, as from a second tab. Null when the session is not active. */
export async function grantAgain(system: System): Promise<string | null> {
  const [deps] = system.nodes;
  return patiently(() =>
    system.ground.db.transaction(async (tx) => {
      const session = await lockActiveSession(tx, system.sessionId, deps.now());
      if (session === null) return null;
      const family = newFamily(deps, session.id, system.userId, system.clientId, session.expiresAt);
      return (await insertFamily(tx, familyKey(deps), family)).refreshToken;
    }),
  );
}

function familyKey(deps: Deps) {
  return { key: deps.keys.currentChain(deps.now()), random: deps.random, now: deps.now() };
}

function newFamily(deps: Deps, sessionId: string, userId: string, clientId: string, expiresAt: number) {
  return { sessionId, clientId, userId, deviceHash: null, expiresAt, idleAt: deps.now() + deps.config.sessionIdle };
}

export interface Brought {
  readonly refresh?: string | null;
  readonly device?: string | null;
  readonly csrf?: string | null;
  readonly attempt?: string | null;
}

/** A request as the HTTP edge would read it. */
export function callerWith({ refresh = null, device = null, csrf = null, attempt = null }: Brought): Caller {
  return {
    requestId: 'model',
    address: '198.51.100.1',
    network: '198.51.100.1',
    userAgent: '',
    texts: chooseTexts(undefined),
    originHeader: ORIGIN,
    fetchSite: 'same-origin',
    fetchMode: null,
    cookies: { refresh, refreshOfApp: () => null, access: null, waiting: null, device, csrf, transaction: null, lastWay: null },
    bearer: null,
    basic: null,
    dpopHeader: null,
    attemptHeader: attempt,
    csrfHeader: csrf,
  };
}
