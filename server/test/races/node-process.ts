import { Refusal } from '@portico/protocol/errors';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { authenticateClient } from '../../src/clients/authenticate-client.ts';
import type { Deps } from '../../src/deps.ts';
import type { Database } from '../../src/platform/db.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { ARGON2, createPasswordHasher, type PasswordHasher } from '../../src/platform/password-hasher.ts';
import { parseAttempt } from '../../src/sessions/refresh-chain.ts';
import { spendRefreshToken } from '../../src/sessions/spend-refresh-token.ts';
import { openWorld, type World } from '../world.ts';
import { mingle } from './mingle.ts';
import type { NodeJob, NodeMessage, NodeReply, Spend, SpendResult } from './node-jobs.ts';

/** One node process: does what its parent asks, and ends with it. */

const CLOCK = {
  now: Date.now,
  advance: () => {
    throw new Error('time passes by itself here');
  },
};

interface Opened {
  readonly world: World;
  readonly db: Database;
}

function serveParent(): void {
  const hasher = countedHasher();
  let opened: Opened | null = null;
  const requireWorld = (): World => {
    if (opened === null) throw new Error('begin comes first');
    return opened.world;
  };
  const perform = async (job: NodeJob): Promise<unknown> => {
    switch (job.kind) {
      case 'begin':
        opened = await begin(job, hasher);
        return null;
      case 'spend': {
        const { deps } = requireWorld();
        waitUntil(job.at);
        return Promise.all(job.spends.map((one) => spend(deps, one)));
      }
      case 'assert': {
        const { deps } = requireWorld();
        waitUntil(job.at);
        return Promise.all(job.assertions.map((assertion) => proves(deps, assertion)));
      }
      case 'request': {
        const { statusCode, headers, body } = await requireWorld().app.inject(job.request);
        return { statusCode, headers, body };
      }
      case 'hashes':
        return hasher.count();
      case 'mingle':
        return mingle(requireWorld().deps, job);
      case 'end':
        await opened?.world.close();
        await opened?.db.close();
        return null;
    }
  };
  process.on('message', ({ id, job }: NodeMessage) => {
    perform(job).then(
      (answer) => process.send?.({ id, answer } satisfies NodeReply),
      (error: unknown) => process.send?.({ id, failure: describe(error) } satisfies NodeReply),
    );
  });
  // Without its parent it has no purpose.
  process.on('disconnect', () => process.exit());
}

async function begin({ where, masterKey }: Extract<NodeJob, { kind: 'begin' }>, hasher: PasswordHasher): Promise<Opened> {
  const db = openDatabase(where, { max: 5 });
  const config = { masterKey: Buffer.from(masterKey, 'base64url') };
  return { db, world: await openWorld(db, { config, clock: CLOCK, deps: { hasher } }) };
}

/** Spinning, not sleeping: the processes shall be as close together as they can. */
function waitUntil(at: number): void {
  while (Date.now() < at);
}

async function proves(deps: Deps, assertion: string): Promise<boolean> {
  const from = { requestId: 'race', address: '203.0.113.1', userAgent: '' };
  return (await authenticateClient(deps, from, { clientId: null, secret: null, assertion })) !== null;
}

async function spend(deps: Deps, { token, attempt, deviceHash }: Spend): Promise<SpendResult> {
  const from = { requestId: 'race', address: '203.0.113.1', userAgent: '' };
  const caller = { clientId: FIRST_PARTY_CLIENT, authenticated: false, deviceHash, byCookie: true, from };
  try {
    const outcome = await spendRefreshToken(deps, caller, token, parseAttempt(attempt));
    return { kind: outcome.kind, refreshToken: 'refreshToken' in outcome ? outcome.refreshToken : null };
  } catch (error) {
    if (error instanceof Refusal) return { kind: error.code, refreshToken: null };
    throw error;
  }
}

function countedHasher(): PasswordHasher & { count(): number } {
  const hasher = createPasswordHasher({ parallel: 2, queue: 1000, options: { ...ARGON2, memoryCost: 64, timeCost: 1 } });
  let hashed = 0;
  return {
    ...hasher,
    hash: (password) => {
      hashed += 1;
      return hasher.hash(password);
    },
    verify: (stored, password) => {
      hashed += 1;
      return hasher.verify(stored, password);
    },
    count: () => hashed,
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

serveParent();
