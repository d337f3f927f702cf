import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM } from '@portico/protocol/routes';
import { findMasterKeyFile } from '../../src/platform/master-key.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import type { Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../databases.ts';
import { ORIGIN } from '../world.ts';
import { inHouse } from './house.ts';
import { connectOverHttp } from './over-http.ts';
import { freePort, type ServerPlace, startServer } from './server-process.ts';

const SERVERS = 8;

forEachFreshDatabase(
  'eight servers that start at once on an empty database are one installation with one set of keys',
  async (fresh, t) => {
    const times = rounds(1, 50);
    const began = performance.now();
    for (let round = 0; round < times; round += 1) {
      const empty = await fresh({ folder: null });
      // A folder with nothing in it, not even an empty database: there the first one makes the master key as well.
      const dataDir = mkdtempSync(join(tmpdir(), 'portico-test-start-'));
      try {
        await startTogether({ ...empty, where: { ...empty.where, dataDir } });
      } finally {
        await empty.drop();
        rmSync(dataDir, { recursive: true, force: true });
      }
    }
    t.diagnostic(`${times} first starts of ${SERVERS} servers: one set of keys each time, ${Math.round(performance.now() - began)} ms`);
  },
);

async function startTogether(empty: FreshDatabase): Promise<void> {
  const ports: number[] = [];
  while (ports.length < SERVERS) ports.push(await freePort());
  const places = ports.map((port): ServerPlace => ({ port, where: empty.where, masterKey: null, origin: ORIGIN }));
  const starting = await Promise.allSettled(places.map(startServer));
  const db = openDatabase(empty.where);
  try {
    for (const one of starting) if (one.status === 'rejected') throw one.reason;
    const published = await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}${SYSTEM.jwks}`)).text()));
    assert.equal(new Set(published).size, 1, 'all publish the same key');
    const kinds = (await db.all('select alg from signing_keys')).map(({ alg }) => alg);
    assert.deepEqual([kinds.length, new Set(kinds)], [3, new Set(['ES256', 'EdDSA', 'RS256'])]);
    assert.equal((await db.all('select id from chain_keys')).length, 1);

    const found = findMasterKeyFile(empty.where.dataDir);
    assert.ok(found.kind === 'present');
    await inHouse({ ...empty, db }, async ({ world }) => refreshEverywhere(await world.signedUp('ada@example.com'), ports), {
      masterKey: found.key,
    });
  } finally {
    await Promise.all(starting.map(async (one) => (one.status === 'fulfilled' ? one.value.kill() : undefined)));
    await db.close();
  }
}

/** A chain that was begun under one server's keys goes on under every other's. */
async function refreshEverywhere(browser: Browser, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const wire = connectOverHttp(port);
    browser.app = wire.app;
    const answer = await browser.refresh();
    wire.close();
    assert.equal(answer.body['kind'], 'rotated', answer.text);
  }
}
