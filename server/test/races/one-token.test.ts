import assert from 'node:assert/strict';
import { findFamily } from '../../src/sessions/refresh-token.ts';
import { findSession } from '../../src/sessions/session.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { newAttempt } from '../model/history.ts';
import { inHouse, signInOf, tally } from './house.ts';
import type { Spend, SpendResult } from './node-jobs.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 4;
/** How many requests with the newest token reach each process at once; to one of them comes a straggler with the token before. */
const TABS = 2;
/** Milliseconds that the processes have to get ready for a round. */
const AHEAD = 3;

forEachFreshDatabase('four processes that race on one token make one successor a round, and hand it to everybody', async (fresh, t) => {
  await inHouse(await fresh(), async (house) => {
    const { db } = house.world.deps;
    const browser = await house.world.signedUp('ada@example.com');
    const { family, deviceHash } = await signInOf(house, browser);
    const times = rounds(100, 2_000);
    const kinds: string[] = [];
    const began = performance.now();
    await withNodes(PROCESSES, { where: house.fresh.where, masterKey: house.masterKey }, async (nodes) => {
      let newest: Spend = { token: browser.refreshToken, attempt: newAttempt(0), deviceHash };
      let former: Spend | null = null;
      for (let round = 1; round <= times; round += 1) {
        const at = Date.now() + AHEAD;
        const straggler: Spend | null = former;
        const answers: readonly (readonly SpendResult[])[] = await Promise.all(
          nodes.map((node, index) => {
            const spends = Array.from({ length: TABS }, () => newest);
            return node.ask({
              kind: 'spend',
              at,
              spends: index === round % PROCESSES && straggler !== null ? [...spends, straggler] : spends,
            });
          }),
        );
        const racing = answers.flatMap((results) => results.slice(0, TABS));
        const [late] = answers.flatMap((results) => results.slice(TABS));
        kinds.push(...racing.map(({ kind }) => kind));

        const rotated = racing.filter(({ kind }) => kind === 'rotated');
        assert.equal(rotated.length, 1, `round ${round}: ${tally(racing.map(({ kind }) => kind))}`);
        const successor = rotated[0]?.refreshToken ?? '';
        for (const { kind, refreshToken } of racing) {
          assert.ok(kind === 'rotated' || kind === 'replayed', `round ${round}: ${kind}`);
          assert.equal(refreshToken, successor, `round ${round}: another successor`);
        }
        if (late !== undefined) {
          assert.equal(late.kind, 'replayed', `round ${round}: the straggler`);
          assert.ok(late.refreshToken === newest.token || late.refreshToken === successor, `round ${round}: the straggler`);
        }
        former = newest;
        newest = { token: successor, attempt: newAttempt(round), deviceHash };
      }
    });
    assert.equal((await findFamily(db, family.id))?.gen, times);
    assert.equal((await findSession(db, family.sessionId))?.state, 'active');
    assert.deepEqual(await db.all("select action from events where action like 'refresh.%' or action = 'session.held'"), []);
    t.diagnostic(`${times} rounds of ${PROCESSES} processes: ${tally(kinds)}, ${Math.round(performance.now() - began)} ms`);
  });
});
