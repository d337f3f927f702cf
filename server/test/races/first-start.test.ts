import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM } from '@portico/protocol/routes';
import { findMasterKeyFile } from '../../src/platform/master-key.ts';
import type { Browser } from '../browser.ts';
import { rounds } from '../counts.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../databases.ts';
import { ORIGIN } from '../world.ts';
import { inHouse } from './house.ts';
import { connectOverHttp } from './over-http.ts';
import { freePort, startServer } from './server-process.ts';

const SERVERS = 8;

forEachFreshDatabase(
  'eight servers that start at once on an empty database are one installation with one set of keys',
  async (fresh, t) => {
    const times = rounds(1, 10);
    const began = performance.now();
    for (let round = 0; round < times; round += 1) {
      const database = await fresh({ folder: null });
      // Where the master key is made, too: by whoever is first.
      const dataDir = database.where.dataDir || mkdtempSync(join(tmpdir(), 'portico-test-keys-'));
      try {
        await startTogether(database, dataDir);
      } finally {
        await database.drop();
        rmSync(dataDir, { recursive: true, force: true });
      }
    }
    t.diagnostic(`${times} first starts of ${SERVERS} servers: one set of keys each time, ${Math.round(performance.now() - began)} ms`);
  },
);

async function startTogether(database: FreshDatabase, dataDir: string): Promise<void> {
  const { db, where } = database;
  const ports: number[] = [];
  while (ports.length < SERVERS) ports.push(await freePort());
  const places = ports.map((port) => ({ port, where: { ...where, dataDir }, masterKey: null, origin: ORIGIN }));
  const starting = await Promise.allSettled(places.map(startServer));
  try {
    for (const { status, ...rest } of starting) assert.equal(status, 'fulfilled', 'reason' in rest ? String(rest.reason) : '');
    const published = await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}${SYSTEM.jwks}`)).text()));
    assert.equal(new Set(published).size, 1, 'all publish the same key');
    assert.equal((await db.all('select kid from signing_keys')).length, 1);
    assert.equal((await db.all('select id from chain_keys')).length, 1);

    const found = findMasterKeyFile(dataDir);
    assert.ok(found.kind === 'present');
    await inHouse(database, ({ world }) => world.signedUp('ada@example.com').then((browser) => refreshEverywhere(browser, ports)), {
      masterKey: found.key,
    });
  } finally {
    await Promise.all(starting.map(async (one) => (one.status === 'fulfilled' ? one.value.kill() : undefined)));
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
