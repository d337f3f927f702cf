import { type EventFacts, recordEvent } from '../../src/audit/event.ts';
import { sealBatch } from '../../src/audit/seal.ts';
import { type SealProblem, verifySeals } from '../../src/audit/verify-seals.ts';
import type { Deps } from '../../src/deps.ts';
import type { Db } from '../../src/platform/db.ts';
import { type Bare, bareDeps } from '../bare-deps.ts';

export const FROM = { requestId: 'request-1', address: '203.0.113.7', userAgent: 'Mozilla/5.0 (half \ud83d a face)' };

export interface SealedLog extends Bare {
  readonly db: Db;
}

/** Three seals of four events each, a second apart, of four users. */
export async function sealedLog(db: Db): Promise<SealedLog> {
  const bare = await bareDeps(db);
  await writeEvents(bare, 12);
  while ((await sealBatch(bare.deps, 4)) > 0);
  return { ...bare, db };
}

const EVENTS_A_TRANSACTION = 100;

export async function writeEvents({ deps, clock }: Pick<Bare, 'deps' | 'clock'>, count: number): Promise<void> {
  for (let first = 0; first < count; first += EVENTS_A_TRANSACTION) {
    await deps.db.transaction(async (tx) => {
      for (let n = first; n < Math.min(count, first + EVENTS_A_TRANSACTION); n += 1) {
        clock.advance(1000);
        await recordEvent(tx, deps, FROM, 'roles.changed', factsOf(`user-${n % 4}`));
      }
    });
  }
}

function factsOf(id: string): EventFacts {
  const change = { before: { role: 'user' }, after: { role: 'admin' } };
  return { actorId: 'boss', target: { kind: 'user', id }, ...change, sessionId: `session of ${id}`, reason: 'somebody’s own' };
}

/** What is wrong with the log, as `seal kind`. */
export async function troubles(deps: Deps, options: { newest?: number } = {}): Promise<string[]> {
  const { problems } = await verifySeals(deps, options);
  return problems.map(({ seal, kind }: SealProblem) => `${seal ?? 'tail'} ${kind}`).sort();
}
