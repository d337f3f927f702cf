import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { findFamily } from '../../src/sessions/refresh-token.ts';
import type { Answered } from '../browser.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { inHouse, refreshCookieOf, signInOf, tally } from './house.ts';
import { connectOverHttp } from './over-http.ts';

const PARALLEL = 50;

forEachFreshDatabase('fifty parallel refreshes of one token over HTTP get fifty answers of 200 and one successor', async (fresh, t) => {
  await inHouse(await fresh(), async (house) => {
    const { world } = house;
    const browser = await world.signedUp('ada@example.com');
    const { family } = await signInOf(house, browser);
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    const wire = connectOverHttp((world.app.server.address() as AddressInfo).port);
    browser.app = wire.app;
    const times = rounds(5, 100);
    const seen: string[] = [];
    const began = performance.now();
    for (let gen = 0; gen < times; gen += 1) {
      const attempt = browser.newAttempt();
      const answers = await Promise.all(Array.from({ length: PARALLEL }, () => browser.refresh({ attempt, lose: true })));
      seen.push(...answers.map(({ status, body }) => `${status} ${String(body['kind'])}`));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      assert.equal(answers.filter(({ body }) => body['kind'] === 'rotated').length, 1);
      assert.equal(new Set(answers.map(refreshCookieOf)).size, 1);
      assert.equal((await findFamily(world.deps.db, family.id))?.gen, gen + 1);
      // Whichever arrives last is as good as any other.
      browser.receive(answers[gen % PARALLEL] as Answered);
    }
    wire.close();
    t.diagnostic(`${times} rounds of ${PARALLEL} parallel refreshes: ${tally(seen)}, ${Math.round(performance.now() - began)} ms`);
  });
});
