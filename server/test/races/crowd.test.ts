import assert from 'node:assert/strict';
import { insertClient } from '../../src/clients/client.ts';
import type { Db } from '../../src/platform/db.ts';
import { listRevocations } from '../../src/sessions/revocation.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { NATIVE_CLIENT } from '../model/system.ts';
import { assertConsistent, assertNoDeadlock, consistentDuring } from './consistency.ts';
import { inHouse, signInOf, tally } from './house.ts';
import type { Deed, SharedSignIn } from './node-jobs.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 3;
const USERS = 6;
/** What ends a session for good as far as its tokens are concerned. */
const ENDINGS = new Set(['end', 'end all', 'hold', 'password']);

forEachFreshDatabase(
  'three processes that refresh, grant, hold, end and change passwords at once never leave a live family behind',
  async (fresh, t) => {
    const database = await fresh();
    const acts = rounds(400, 10_000);
    const seen: string[] = [];
    const began = performance.now();
    let looks = 0;
    await inHouse(database, async (house) => {
      const { world } = house;
      await insertClient(database.db, { id: NATIVE_CLIENT, name: 'Space Snake', kind: 'native', origins: [] }, Date.now());
      const signIns: SharedSignIn[] = [];
      for (let user = 0; user < USERS; user += 1) {
        const browser = await world.signedUp(`ada${user}@example.com`);
        const { family, device } = await signInOf(house, browser);
        signIns.push({ userId: family.userId, sessionId: family.sessionId, refreshToken: browser.refreshToken, device });
      }
      await withNodes(PROCESSES, { where: database.where, masterKey: house.masterKey }, async (nodes) => {
        const mingling = Promise.all(nodes.map((node, index) => node.ask({ kind: 'mingle', signIns, acts, seed: 20_260_105 + index })));
        looks = await consistentDuring(database.db, mingling);
        const deeds = (await mingling).flat();
        seen.push(...deeds.map(({ what }) => what));
        assertNothingAfterTheEnd(deeds);
        await assertTokensAreRevoked(house.world.deps.db, deeds);
      });
      await assertConsistent(database.db);
      await assertNoDeadlock(database.db);
    });
    t.diagnostic(
      `${acts} acts of each of ${PROCESSES} processes, ${looks} looks: ${tally(seen)}, ${Math.round(performance.now() - began)} ms`,
    );
  },
);

/** By the one clock that all processes share: whoever began after an ending had been committed got nothing. */
function assertNothingAfterTheEnd(deeds: readonly Deed[]): void {
  const ends = new Map<string, number>();
  for (const { what, sid, endedAt } of deeds) if (ENDINGS.has(what)) ends.set(sid, Math.min(endedAt, ends.get(sid) ?? endedAt));
  for (const { what, sid, beganAt } of deeds) {
    if (what !== 'refresh' && what !== 'grant') continue;
    assert.ok(
      beganAt <= (ends.get(sid) ?? beganAt),
      `a ${what} succeeded ${beganAt - (ends.get(sid) ?? 0)} ms after its session had ended`,
    );
  }
}

/** Whatever was handed out in a session that has ended is in the set of revocations for longer than it lives. */
async function assertTokensAreRevoked(db: Db, deeds: readonly Deed[]): Promise<void> {
  const ended = new Set((await db.all("select id from sessions where state <> 'active'")).map((row) => row['id']));
  const until = new Map((await listRevocations(db, 0, 0)).map(({ subject, expiresAt }) => [subject, expiresAt]));
  for (const { sid, exp } of deeds)
    if (exp !== undefined && ended.has(sid)) assert.ok((until.get(sid) ?? 0) >= exp * 1000, 'an access token outlives its revocation');
}
