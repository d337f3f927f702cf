import assert from 'node:assert/strict';
import { insertClient } from '../../src/clients/client.ts';
import { assertionOf, honestClaims, jwksOf, newSiteKey } from '../clients/assertions.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { inHouse } from './house.ts';
import { withNodes } from './nodes.ts';

forEachFreshDatabase(
  'of thirty-two parallel showings of one client assertion over two processes one proves its client',
  async (fresh, t) => {
    const shared = await fresh();
    await inHouse(shared, async (house) => {
      const { db } = house.world.deps;
      const key = newSiteKey();
      await insertClient(
        db,
        { id: 'backend', name: 'b', kind: 'machine', authentication: 'private_key_jwt', jwks: jwksOf(key) },
        Date.now(),
      );
      await withNodes(2, { where: shared.where, masterKey: house.masterKey }, async (nodes) => {
        const times = rounds(10, 200);
        for (let round = 0; round < times; round += 1) {
          const assertion = assertionOf(key, honestClaims('backend', Date.now()));
          const at = Date.now() + 20;
          const answers = await Promise.all(
            nodes.map((node) => node.ask({ kind: 'assert', assertions: Array.from({ length: 16 }, () => assertion), at })),
          );
          assert.equal(answers.flat().filter(Boolean).length, 1, `round ${round}`);
        }
        t.diagnostic(`${times} rounds of 32`);
      });
    });
  },
);
