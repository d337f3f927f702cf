import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '@portico/protocol/errors';
import type { AccessClaims } from '@portico/protocol/tokens';
import { parseRefreshToken, RING_SIZE, walkChain } from '../../src/sessions/refresh-chain.ts';
import { type Family, findFamily } from '../../src/sessions/refresh-token.ts';
import { findSession, type Session } from '../../src/sessions/session.ts';
import { YOUNG_TOKEN } from '../../src/sessions/spend-refresh-token.ts';
import type { Clock } from '../world.ts';
import { patiently } from './patient.ts';
import type { System } from './system.ts';

/** What the model knows of one sign-in: who holds which token, what is on its way, what the server's rows must be. */

export type Party = 'owner' | 'thief';

/** What a cookie jar (or a token file) holds. */
export interface Holding {
  readonly token: string;
  readonly gen: number;
  readonly csrf: string;
}

/** A tab has read the generation and taken the attempt for it from the store that all tabs share. */
export interface Reading {
  readonly gen: number;
  readonly attempt: string;
}

export interface Holder {
  readonly party: Party;
  jar: Holding;
  /** What the jar held before, oldest first: a crash falls back to it, and a thief tries it all. */
  readonly past: Holding[];
  /** One attempt per generation, stored before it is sent, never replaced. */
  readonly attempts: Map<number, string>;
  readonly tabs: (Reading | null)[];
}

export const TABS = 3;

/** `session` and `extendSoft` look at the token, the other two spend it. */
export type Call = 'refresh' | 'extendHard' | 'extendSoft' | 'session';

export function spends({ call }: Pick<Request, 'call'>): boolean {
  return call === 'refresh' || call === 'extendHard';
}

export interface Request {
  readonly party: Party;
  readonly call: Call;
  readonly holding: Holding;
  readonly attempt: string | null;
  readonly withDevice: boolean;
}

export type Outcome =
  | { readonly kind: 'rotated' | 'replayed'; readonly holding: Holding; readonly claims: AccessClaims }
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  /** A call that hands out no token. */
  | { readonly kind: 'done' }
  /** The server died, or was too busy: nobody hears anything. */
  | { readonly kind: 'nothing' };

export interface Answer {
  readonly request: Request;
  readonly outcome: Outcome;
}

/** The rows as they are now. */
export interface Rows {
  readonly family: Family;
  readonly session: Session;
}

export interface Theft {
  /** The attempt for the stolen token was stolen with it: the thief can pass for a retry of the owner. */
  readonly pending: boolean;
  /** Who made each rotation since. */
  readonly rotations: Party[];
  /** How often the owner was given a token again, by a retry, although the thief had rotated meanwhile. */
  ownerCaughtUp: number;
  /** Commits were lost since. */
  rolledBack: boolean;
  /** The thief has sent a request that spends. */
  spent: boolean;
}

export interface History {
  readonly kind: System['kind'];
  readonly clock: Clock;
  readonly owner: Holder;
  thief: Holder | null;
  theft: Theft | null;
  readonly requests: Request[];
  readonly answers: Answer[];
  rows: Rows;
  /** The family row after each batch that changed it: where lost commits lead back to. */
  readonly versions: Family[];
  /** The text of every token that was handed out, by generation. */
  readonly issued: Map<number, string>;
  readonly minted: AccessClaims[];
  /** Who made each generation. */
  readonly makers: Map<number, Party>;
  /** The machine was too busy to answer in time, so nobody knows what was written: the history ends here. */
  spoiled: boolean;
  /** What happened how often, for the figures. */
  readonly tally: Map<string, number>;
}

export function count({ tally }: Pick<History, 'tally'>, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

export async function beginHistory(system: System): Promise<History> {
  const token = requireParsed(system, system.refreshToken);
  const jar = { token: system.refreshToken, gen: 0, csrf: '' };
  const rows = await readRows(system, token.familyId);
  return {
    kind: system.kind,
    clock: system.clock,
    owner: { party: 'owner', jar, past: [], attempts: new Map(), tabs: Array.from({ length: TABS }, () => null) },
    thief: null,
    theft: null,
    requests: [],
    answers: [],
    rows,
    versions: [rows.family],
    issued: new Map([[0, system.refreshToken]]),
    minted: [],
    makers: new Map(),
    spoiled: false,
    tally: new Map(),
  };
}

export async function readRows(system: System, familyId: string): Promise<Rows> {
  const { db } = system.ground;
  const family = await patiently(() => findFamily(db, familyId));
  const session = await patiently(() => findSession(db, system.sessionId));
  if (family === null || session === null) throw new Error('a row is gone');
  return { family, session };
}

export function requireParsed(system: System, text: string) {
  const token = parseRefreshToken(system.ground.keys, text);
  if (token === null) throw new Error('a token that we hold is not genuine');
  return token;
}

/** The secret that generation `gen` must have: nothing but the first one and the key decides it. */
export function secretOf(system: System, gen: number): Buffer {
  const { chain } = system;
  while (chain.length <= gen) {
    const { keyId, familyId, secret } = requireParsed(system, system.refreshToken);
    const key = system.ground.keys.chain(keyId);
    if (key === null) throw new Error('the key is gone');
    chain.push(walkChain(key, familyId, chain.length - 1, chain.at(-1) ?? secret, chain.length === 0 ? 0 : 1));
  }
  return chain[gen] as Buffer;
}

export function attemptOf(holder: Pick<Holder, 'attempts'>, gen: number): string {
  const stored = holder.attempts.get(gen) ?? newAttempt(gen);
  holder.attempts.set(gen, stored);
  return stored;
}

export function newAttempt(gen: number): string {
  return `${gen}.${randomBytes(16).toString('base64url')}`;
}

export function isAlive({ rows }: Pick<History, 'rows'>): boolean {
  return rows.family.state === 'active' && rows.session.state === 'active';
}

/**
 * The one thing that is asked of the network on behalf of an honest client: no message is older than R rotations, or it is so young
 * that it counts as part of a burst. `others` may rotate before it in the same batch, which takes `pause` milliseconds a statement.
 */
export function arrivesInTime(m: Readonly<History>, { holding }: Pick<Request, 'holding'>, others = 0, pause = 0): boolean {
  return m.rows.family.gen - holding.gen + others <= RING_SIZE || (pause === 0 && isYoung(holding, m.clock.now()));
}

/** The moment of issue stands in the token, in seconds. */
function isYoung({ token }: Holding, now: number): boolean {
  return Buffer.from(token.slice(4), 'base64url').readUInt32BE(21) * 1000 + YOUNG_TOKEN > now;
}
