import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifySeals } from '../../src/audit/verify-seals.ts';
import { commandLine } from '../../src/cli/command-line.ts';
import { listMasterKeyIds } from '../../src/keys/data-key.ts';
import { resealSecrets, SETTLES_AFTER } from '../../src/keys/reseal-secrets.ts';
import { retireMasterKeys } from '../../src/keys/retire-master-key.ts';
import { PUBLISH_AHEAD } from '../../src/keys/rotate-keys.ts';
import { rotateMasterKey } from '../../src/keys/rotate-master-key.ts';
import { parseRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { type Attempts, refreshHonestly } from '../attempts.ts';
import type { Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { forEachFreshDatabase } from '../databases.ts';
import { inHouse } from '../races/house.ts';
import { connectOverHttp } from '../races/over-http.ts';
import { freePort, type ServerProcess, startServer } from '../races/server-process.ts';
import { openWorld } from '../world.ts';
import { formsIn } from './rotated.ts';

/** Less than the ten seconds in which a node reads the keys anew: here it must notice by itself what it does not know. */
const AHEAD = rounds(1500, PUBLISH_AHEAD);
const BROWSERS = rounds(4, 20);
/** Between two refreshes of one browser, in milliseconds. */
const PAUSE = rounds(120, 50);

interface Tally {
  refreshed: number;
  /** The server was away, as in any restart. */
  away: number;
  readonly wrong: string[];
}

forEachFreshDatabase(
  'two servers change the master key one after the other while browsers refresh: nobody is signed out, and nothing fails but what a restart excuses',
  async (fresh, t) => {
    const database = await fresh();
    const ports = [await freePort(), await freePort()] as const;
    const origin = `http://localhost:${ports[0]}`;
    const wires = ports.map(connectOverHttp);
    const running: (ServerProcess | null)[] = [null, null];
    t.after(async () => {
      for (const server of running) await server?.kill();
      for (const wire of wires) wire.close();
    });
    const [present, next] = [randomBytes(32), randomBytes(32)];
    const start = async (at: 0 | 1, masterKey: Buffer) => {
      running[at] = await startServer({ port: ports[at], where: database.where, masterKey, origin });
    };
    await inHouse(
      database,
      async ({ world }) => {
        const browsers: Browser[] = [];
        for (let n = 0; n < BROWSERS; n += 1) browsers.push(await world.signedUp(`ada${n}@example.com`));
        await Promise.all([start(0, present), start(1, present)]);
        const tally: Tally = { refreshed: 0, away: 0, wrong: [] };
        const ending = new AbortController();
        const loops = browsers.map((browser, n) =>
          refreshAgainAndAgain(browser, (step) => wires[(n + step) % 2]?.app ?? world.app, tally, ending.signal),
        );

        const outcome = await rotateMasterKey(world.deps, commandLine(world.deps), next, AHEAD);
        assert.equal(outcome.kind, 'rotated');
        await sleep(AHEAD);
        // Letters and events are written with the new data key by whoever knows it.
        const newcomer = world.browser();
        newcomer.app = wires[1]?.app ?? world.app;
        assert.equal((await newcomer.call('signUp', { email: 'late@example.com', password: 'correct horse battery staple' })).status, 200);
        for (const at of [0, 1] as const) {
          await running[at]?.kill();
          await start(at, next);
          const before = tally.refreshed;
          while (tally.refreshed < before + BROWSERS) await sleep(20);
        }
        // The operator's own node, which is past the time in which a slow one may still use the key of before.
        const clock = { now: () => Date.now() + SETTLES_AFTER + 1000, advance: () => undefined };
        const operator = await openWorld(database.db, { config: { ...world.deps.config, masterKey: next }, clock });
        try {
          await resealSecrets(operator.deps);
          const until = performance.now() + 90_000;
          for (;;) {
            const retired = await retireMasterKeys(operator.deps, commandLine(operator.deps));
            if (retired.kind === 'retired') break;
            // A server that was killed is forgotten after a minute; on SQLite at once, because there the operator's clock counts.
            assert.ok(retired.kind === 'nodes' || retired.kind === 'left', retired.kind);
            assert.ok(performance.now() < until, JSON.stringify(retired));
            if (retired.kind === 'nodes')
              await forgetKilled(
                database.db,
                retired.nodes.map(({ id }) => id),
              );
            else await resealSecrets(operator.deps);
          }
          const before = tally.refreshed;
          while (tally.refreshed < before + 2 * BROWSERS) await sleep(20);
          ending.abort();
          await Promise.all(loops);

          assert.deepEqual(tally.wrong, []);
          assert.equal((await listMasterKeyIds(database.db)).length, 1);
          assert.deepEqual([...new Set(Object.values(await formsIn(operator)).flat())], ['v2.1']);
          assert.equal((await operator.deps.db.all("select id from sessions where state <> 'active' and user_id is not null")).length, 0);
          const families = await operator.deps.db.all("select key_id, state from refresh_tokens where state <> 'replaced'");
          assert.ok(families.length >= BROWSERS && families.every((row) => row['state'] === 'active' && row['key_id'] === 0));
          for (const browser of browsers) assert.equal(parseRefreshToken(operator.deps.keys, browser.refreshToken)?.keyId, 0);
          assert.equal((await verifySeals(operator.deps)).problemCount, 0);
        } finally {
          await operator.close();
        }
        t.diagnostic(`${tally.refreshed} refreshes, ${tally.away} while a server was away, 0 wrong`);
      },
      { origin, masterKey: present },
    );
  },
);

/** The killed say no farewell; nobody waits for their minute here. */
async function forgetKilled(
  db: { all(sql: string, values?: readonly (string | number)[]): Promise<unknown> },
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) await db.all('update nodes set seen_at = 0 where id = $1', [id]);
}

async function refreshAgainAndAgain(
  browser: Browser,
  appAt: (step: number) => Browser['app'],
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const attempts: Attempts = new Map();
  for (let step = 0; !signal.aborted; step += 1) {
    browser.app = appAt(step);
    // Every third answer is lost on its way, and asked for again with the same attempt.
    const answer = await refreshHonestly(browser, attempts, { lose: step % 3 === 0 }).catch((cause: unknown) => String(cause));
    if (typeof answer === 'string') tally.away += 1;
    else if (answer.status === 200) tally.refreshed += 1;
    else tally.wrong.push(`${answer.status} ${answer.text}`);
    await sleep(PAUSE);
  }
}
