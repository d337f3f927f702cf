import { randomBytes } from 'node:crypto';
import { COOKIES } from '@portico/protocol/cookies';
import { hashOf } from '../../src/caller.ts';
import { parseRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { findFamily } from '../../src/sessions/refresh-token.ts';
import type { Answered, Browser } from '../browser.ts';
import type { FreshDatabase } from '../databases.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';

/** The test's own node on a database that other processes open too: it prepares, and looks afterwards. Time is the machine's. */
export interface House {
  readonly world: World;
  readonly fresh: FreshDatabase;
  readonly masterKey: Buffer;
}

export interface HouseOptions {
  readonly masterKey?: Buffer;
  readonly origin?: string;
}

export async function inHouse<T>(
  fresh: FreshDatabase,
  body: (house: House) => Promise<T>,
  { masterKey = randomBytes(32), origin = ORIGIN }: HouseOptions = {},
): Promise<T> {
  const clock = { now: Date.now, advance: () => undefined };
  const config = { masterKey, origin, appOrigin: origin, apiOrigin: origin };
  const world = await openWorld(fresh.db, { config, clock });
  try {
    return await body({ world, fresh, masterKey });
  } finally {
    await world.close();
  }
}

/** The family that a browser's refresh cookie names, with what goes with it. */
export async function signInOf({ world }: House, browser: Browser) {
  const token = parseRefreshToken(world.deps.keys, browser.refreshToken);
  const family = token === null ? null : await findFamily(world.deps.db, token.familyId);
  if (family === null) throw new Error('the browser is not signed in');
  const device = browser.cookie(COOKIES.device) ?? null;
  return { family, device, deviceHash: hashOf(device) };
}

/** How often each word comes up, for a line of figures. */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${times} ${word}`).join(', ');
}

/** The refresh token that an answer sets. */
export function refreshCookieOf({ setCookies }: Pick<Answered, 'setCookies'>): string {
  const line = setCookies.find((one) => one.startsWith(`${COOKIES.refresh}=`)) ?? '';
  return line.slice(COOKIES.refresh.length + 1).split(';')[0] ?? '';
}
