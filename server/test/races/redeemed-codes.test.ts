import assert from 'node:assert/strict';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { claimsOf, familyOf } from '../families.ts';
import { ask, redeeming, refreshing, refusalOf, tokensOf } from '../oauth/ask.ts';
import { addSite, codeFor } from '../sites.ts';
import { inHouse, tally } from './house.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 2;
const PARALLEL = 32;

forEachFreshDatabase(
  'of thirty-two parallel redemptions of one code over two processes one gets tokens, and the replays end what it got',
  async (fresh, t) => {
    await inHouse(await fresh(), async (house) => {
      const { world } = house;
      const notes = await addSite(world, 'notes');
      const ada = await world.signedUp('ada@example.com');
      const seen: string[] = [];
      const times = rounds(10, 1_000);
      await withNodes(PROCESSES, { where: house.fresh.where, masterKey: house.masterKey }, async (nodes) => {
        const browsers = nodes.map((node) => node.browser());
        for (let round = 0; round < times; round += 1) {
          await ada.refresh();
          const given = await codeFor(world, ada, notes);
          const answers = await Promise.all(
            Array.from({ length: PARALLEL }, (_, index) => {
              const from = browsers[index % PROCESSES];
              return ask(world, 'token', notes, redeeming(notes, given), from === undefined ? {} : { from });
            }),
          );
          const words = answers.map((answer) => (answer.status === 200 ? 'tokens' : refusalOf(answer)));
          seen.push(...words);
          const [won, ...others] = answers.filter(({ status }) => status === 200);
          assert.ok(won !== undefined && others.length === 0, `round ${round}: ${tally(words)}`);
          assert.equal(words.filter((word) => word === '400 invalid_grant').length, PARALLEL - 1, `round ${round}: ${tally(words)}`);
          const { accessToken, refreshToken } = tokensOf(won);
          assert.equal((await familyOf(world, refreshToken)).state, 'revoked');
          assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(refreshToken))), '400 invalid_grant');
          const written = await world.deps.db.all('select id from revocations where kind = $1 and subject = $2', [
            'family',
            claimsOf(accessToken).fid ?? '',
          ]);
          assert.equal(written.length, 1, 'one revocation, however many replays');
          const facts = await ask(world, 'introspect', notes, { token: accessToken });
          assert.deepEqual(facts.body, { active: false });
        }
      });
      t.diagnostic(`${times} rounds of ${PARALLEL}: ${tally(seen)}`);
    });
  },
);
