import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachFreshDatabase } from '../databases.ts';
import { listeningSite } from '../listening-site.ts';
import { addSite, openSite } from '../sites.ts';
import { inHouse } from './house.ts';
import { connectOverHttp } from './over-http.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';

const WITHIN = 60_000;

async function until(done: () => boolean, what: string): Promise<number> {
  const began = performance.now();
  while (!done()) {
    if (performance.now() - began > WITHIN) throw new Error(`${what} did not happen within a minute`);
    await sleep(20);
  }
  return Math.round(performance.now() - began);
}

forEachFreshDatabase(
  'a server is killed while it tells a site of a sign-out: the next one tells it; one that lives tells at once',
  async (fresh, t) => {
    const database = await fresh();
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const wire = connectOverHttp(port);
    const site = await listeningSite();
    let server: ServerProcess | null = null;
    t.after(async () => {
      await server?.kill();
      await site.close();
      wire.close();
    });
    const prepared = await inHouse(
      database,
      async ({ world, masterKey }) => {
        const notes = await addSite(world, 'notes', { backchannelLogoutUri: site.uri });
        const browsers = [await world.signedUp('ada@example.com'), await world.signedUp('bob@example.com')];
        for (const browser of browsers) {
          await openSite(world, browser, notes);
          browser.app = wire.app;
        }
        return { browsers, masterKey };
      },
      { origin },
    );
    const [ada, bob] = prepared.browsers;
    const place = { port, where: database.where, masterKey: prepared.masterKey };
    await database.db.close();
    site.answer('silent');
    server = await startServer(place);
    assert.equal((await ada?.act('signOut'))?.status, 204);
    await until(() => site.heard.length === 1, 'the first call');
    await server.kill();
    site.answer(200);
    server = await startServer(place);
    const back = await until(() => site.heard.length === 2, 'the call of the next process');
    assert.equal((await bob?.act('signOut'))?.status, 204);
    const awake = await until(() => site.heard.length === 3, 'the call of a living process');
    assert.ok(awake < 4000, `the job is woken, and does not wait for its next time: ${awake} ms`);
    const subjects = site.heard.map((form) => {
      const [, claims = ''] = (form.get('logout_token') ?? '').split('.');
      return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sid: string }).sid;
    });
    assert.equal(subjects[0], subjects[1]);
    assert.notEqual(subjects[2], subjects[0]);
    t.diagnostic(`told ${back} ms after the next process was ready, ${awake} ms after a sign-out`);
  },
);
