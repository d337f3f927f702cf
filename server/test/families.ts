import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import type { AccessClaims } from '@portico/protocol/tokens';
import { type ClientKind, insertClient } from '../src/clients/client.ts';
import type { Row } from '../src/platform/db.ts';
import { parseRefreshToken } from '../src/sessions/refresh-chain.ts';
import { type Family, findFamily, insertFamily } from '../src/sessions/refresh-token.ts';
import { findSession, lockActiveSession, type Session } from '../src/sessions/session.ts';
import type { Answered, Browser } from './browser.ts';
import type { World } from './world.ts';

/** Looks behind the scenes: rows as they stand, and families of other clients, which no endpoint makes yet. */

export function claimsOf(token: unknown): AccessClaims {
  const [, payload = ''] = String(token).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as AccessClaims;
}

/** The session that an answer's access token speaks for. */
export function sidOf(answer: Answered): string {
  return claimsOf(answer.body['accessToken']).sid;
}

export function familyIdOf(world: World, token: string): string {
  const parsed = parseRefreshToken(world.deps.keys, token);
  assert.ok(parsed !== null, 'the token is genuine');
  return parsed.familyId;
}

/** The family that the browser's refresh cookie (or a token) names. */
export async function familyOf(world: World, of: Browser | string): Promise<Family> {
  const token = typeof of === 'string' ? of : of.refreshToken;
  const family = await findFamily(world.deps.db, familyIdOf(world, token));
  assert.ok(family !== null, 'the family is there');
  return family;
}

export async function sessionOf(world: World, of: Browser | string): Promise<Session> {
  const session = await findSession(world.deps.db, (await familyOf(world, of)).sessionId);
  assert.ok(session !== null, 'the session is there');
  return session;
}

/** Registers a client site. */
export async function addClient(world: World, id: string, kind: ClientKind = 'native'): Promise<void> {
  await insertClient(world.deps.db, { id, name: id, kind, origins: [] }, world.deps.now());
}

/** Gives a client a family in the browser's session, as a redeemed code will: lock the session, then insert. Null: refused. */
export async function grantClient(world: World, sessionId: string, clientId: string): Promise<string | null> {
  const { db, keys, random, now, config } = world.deps;
  return db.transaction(async (tx) => {
    const session = await lockActiveSession(tx, sessionId, now());
    if (session === null || session.userId === null) return null;
    const family = await insertFamily(
      tx,
      { key: keys.currentChain(now()), random, now: now() },
      {
        sessionId,
        clientId,
        userId: session.userId,
        deviceHash: null,
        expiresAt: session.expiresAt,
        idleAt: now() + config.sessionIdle,
      },
    );
    return family.refreshToken;
  });
}

/** A registered native client with a family in the browser's session. Answers its refresh token. */
export async function withNative(world: World, browser: Browser, id = 'space-snake'): Promise<string> {
  await addClient(world, id);
  const token = await grantClient(world, (await sessionOf(world, browser)).id, id);
  assert.ok(token !== null);
  return token;
}

/** A refresh with the token in the body, as a game makes it: no cookies, no origin, no fetch metadata. */
export async function refreshByBody(
  world: World,
  refreshToken: string,
  clientId: string,
  attempt: string | null = null,
): Promise<Answered> {
  const headers = { origin: undefined, 'sec-fetch-site': undefined, ...(attempt === null ? {} : { [HEADERS.attempt]: attempt }) };
  return world.browser().call('refresh', { refreshToken, clientId }, { headers });
}

const TABLES = [
  'users',
  'sessions',
  'refresh_tokens',
  'devices',
  'security_codes',
  'passwords',
  'signups',
  'mail_links',
  'invitations',
  'setup_links',
  'revocations',
  'events',
  'mails',
  'counters',
];

/** Every row that a call could have touched, for "and nothing else changed". */
export async function everything(world: World): Promise<Readonly<Record<string, readonly Row[]>>> {
  const tables: Record<string, readonly Row[]> = {};
  for (const table of TABLES) {
    const rows = await world.deps.db.all(`select * from ${table}`);
    tables[table] = rows.map((row) => ({ ...row })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return tables;
}

/** The row as it is now; `restore` puts it back later, as a fail-over that lost the commits in between does. */
export async function snapshotOf(world: World, of: Browser | string): Promise<{ restore(): Promise<void> }> {
  const { id, gen, curHash, ring, rotatedAt, idleAt } = await familyOf(world, of);
  return {
    restore: async () => {
      await world.deps.db.all('update refresh_tokens set gen = $2, cur_hash = $3, ring = $4, rotated_at = $5, idle_at = $6 where id = $1', [
        id,
        gen,
        curHash,
        ring,
        rotatedAt,
        idleAt,
      ]);
    },
  };
}

/** The actions of the audit log, oldest first. */
export async function actions(world: World): Promise<readonly string[]> {
  const rows = await world.deps.db.all('select action from events order by at, id');
  return rows.map((row) => String(row['action']));
}
