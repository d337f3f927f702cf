import assert from 'node:assert/strict';
import { type Backend, backendOf, openSite } from '../backends.ts';
import type { Answered } from '../browser.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { addSecondary, ticketFor } from '../secondaries.ts';
import { addSite, codeFor, type Site } from '../sites.ts';
import { type House, inHouse, tally } from './house.ts';
import { withNodes } from './nodes.ts';

const PROCESSES = 2;
const PARALLEL = 32;

/** A site's backend whose calls go to each of two processes in turn. */
async function onBothNodes(
  fresh: Parameters<typeof inHouse>[0],
  body: (house: House, backendsOf: (site: Site) => readonly Backend[]) => Promise<void>,
): Promise<void> {
  await inHouse(fresh, async (house) => {
    await withNodes(PROCESSES, { where: fresh.where, masterKey: house.masterKey }, async (nodes) => {
      await body(house, (site) => nodes.map((node) => backendOf(node.browser(), site)));
    });
  });
}

const inTurn = (backends: readonly Backend[], call: (backend: Backend) => Promise<Answered>): Promise<Answered[]> =>
  Promise.all(Array.from({ length: PARALLEL }, (_, index) => call(backends[index % backends.length] as Backend)));
const wordOf = ({ status, body }: Answered) => (status === 200 ? 'success' : String(body.error));

forEachFreshDatabase(
  'of thirty-two parallel redemptions over two processes a code, a sign-in ticket and a join ticket each work once',
  async (fresh, t) => {
    await onBothNodes(await fresh(), async ({ world }, backendsOf) => {
      const shop = await addSite(world, 'shop');
      const game = await addSecondary(world);
      const ada = await world.signedUp('ada@example.com');
      const seen: string[] = [];
      const times = rounds(3, 50);
      for (let round = 0; round < times; round += 1) {
        await ada.refresh();
        const code = await codeFor(world, ada, shop);
        const { ticket, verifier: codeVerifier } = await ticketFor(ada);
        const join = (await ada.act('myJoinTicket', { clientId: 'shop' })).body['ticket'];
        for (const answers of [
          await inTurn(backendsOf(shop), (backend) => backend.redeem(code)),
          await inTurn(backendsOf(game), (backend) => backend.call('redeemTicket', { ticket, codeVerifier })),
          await inTurn(backendsOf(shop), (backend) => backend.call('join', { ticket: join })),
        ]) {
          const words = answers.map(wordOf);
          for (const word of words) assert.ok(['success', 'grant_refused', 'ticket_refused', 'unavailable'].includes(word), word);
          // On a machine that is too busy it may be none.
          const won = words.filter((word) => word === 'success').length;
          assert.ok(won === 1 || (won === 0 && words.includes('unavailable')), tally(words));
          seen.push(...words);
        }
        const families = await world.deps.db.all(`select client_id from refresh_tokens where state = 'active' and client_id = 'shop'`);
        assert.deepEqual(families, [], 'a code that came again ended what it issued');
      }
      t.diagnostic(`${times} rounds of three times ${PARALLEL}: ${tally(seen)}`);
    });
  },
);

forEachFreshDatabase(
  'two clients of one session that refresh at once over two processes both live, and so does the browser',
  async (fresh, t) => {
    await onBothNodes(await fresh(), async ({ world }, backendsOf) => {
      const ada = await world.signedUp('ada@example.com');
      const sites = [await addSite(world, 'shop'), await addSite(world, 'blog')];
      const tokens: string[] = [];
      for (const site of sites) tokens.push((await openSite(world, ada, site)).refreshToken);
      const seen: string[] = [];
      const times = rounds(5, 100);
      for (let gen = 0; gen < times; gen += 1) {
        const attempt = `${gen}.${'A'.repeat(22)}`;
        const all = await Promise.all([
          ...sites.map((site, index) =>
            inTurn(backendsOf(site), (backend) => backend.call('refresh', { refreshToken: tokens[index], attempt })),
          ),
          ada.refresh().then((own) => [own]),
        ]);
        for (const answers of all) {
          assert.deepEqual([...new Set(answers.map(wordOf))], ['success']);
          assert.equal(answers.filter(({ body }) => body['kind'] === 'rotated').length, 1);
        }
        for (const [index, answers] of all.slice(0, sites.length).entries()) {
          assert.equal(new Set(answers.map(({ body }) => body['refreshToken'])).size, 1, 'one successor for a generation');
          tokens[index] = String(answers[0]?.body['refreshToken']);
        }
        seen.push(...all.flat().map(({ body }) => String(body['kind'])));
      }
      t.diagnostic(`${times} generations of two clients, ${PARALLEL} callers each, and the browser: ${tally(seen)}`);
    });
  },
);

forEachFreshDatabase(
  'of parallel sign-outs by two sites over two processes all succeed, one ends the session, and nothing refreshes afterwards',
  async (fresh) => {
    await onBothNodes(await fresh(), async ({ world }, backendsOf) => {
      const ada = await world.signedUp('ada@example.com');
      const opened = [await openSite(world, ada, await addSite(world, 'shop')), await openSite(world, ada, await addSite(world, 'blog'))];
      const answers = await Promise.all(
        opened.flatMap(({ backend: { site }, refreshToken }) => [
          inTurn(backendsOf(site), (backend) => backend.call('signOut', { refreshToken })),
          inTurn(backendsOf(site), (backend) => backend.call('refresh', { refreshToken })),
        ]),
      );
      const [first = [], , second = []] = answers;
      assert.ok([...first, ...second].every(({ status }) => status === 204));
      const ended = await world.deps.db.all(`select id from events where action = 'session.ended'`);
      assert.equal(ended.length, 1);
      for (const { backend, refreshToken } of opened) {
        assert.equal((await backend.call('refresh', { refreshToken })).body.error, 'session_ended');
        assert.equal((await backend.call('peek', { refreshToken })).body.error, 'session_ended');
      }
      assert.deepEqual(await world.deps.db.all(`select id from refresh_tokens where state = 'active'`), []);
    });
  },
);
