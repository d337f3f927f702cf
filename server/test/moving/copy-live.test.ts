import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../src/platform/db.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { DIALECTS, freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { tally } from '../races/house.ts';
import { freePort, startServer } from '../races/server-process.ts';
import { assertNothingLost, type Crowd, destinationOf, originOf, portico, signInCrowd, type Use, until, useUntilOver } from './live.ts';

const PEOPLE = 4;

/** Two databases, of which the first is the one that is in use. */
async function betweenDatabases(
  from: Dialect,
  body: (from: Awaited<ReturnType<typeof freshDatabase>>, to: Awaited<ReturnType<typeof freshDatabase>>) => Promise<void>,
): Promise<void> {
  const first = await freshDatabase(from);
  const second = await freshDatabase(from === 'sqlite' ? 'postgres' : 'sqlite', { folder: null });
  try {
    await body(first, second);
  } finally {
    await second.drop();
    await first.drop();
  }
}

for (const from of DIALECTS) {
  void test(`from ${from} and back under use: no acknowledged change is lost and nobody is signed out`, async (t) => {
    if (DIALECTS.length < 2 || (await skippedWithoutPostgres(t))) return;
    await betweenDatabases(from, async (first, second) => {
      const port = await freePort();
      const crowd = await signInCrowd(first, port, PEOPLE);
      // From here on the server has it to itself.
      await first.db.close();
      await second.db.close();
      try {
        for (const [source, target] of [
          [first, second],
          [second, first],
        ] as const) {
          await moveUnderUse(crowd, { port, source: source.where, target: target.where });
        }
        await underServer(crowd, { port, where: first.where }, () => assertNothingLost(crowd));
        const events = await actionsAt(first.where);
        assert.ok(!events.some((action) => ['refresh.ahead', 'refresh.reuse', 'session.held'].includes(action)), events.join());
      } finally {
        crowd.wire.close();
      }
      t.diagnostic(tally(crowd.people.flatMap(({ seen }) => seen)));
    });
  });
}

interface Move {
  readonly port: number;
  readonly source: Parameters<typeof portico>[0];
  readonly target: Parameters<typeof portico>[0];
}

async function moveUnderUse(crowd: Crowd, { port, source, target }: Move): Promise<void> {
  const { people, masterKey } = crowd;
  await underServer(crowd, { port, where: source }, async () => {
    const use: Use = { over: false };
    const using = Promise.all(people.map((person) => useUntilOver(person, use)));
    try {
      const before = people.map(({ seen }) => seen.length);
      await until('everybody has used it', () => people.every(({ seen }, at) => seen.length > (before[at] ?? 0) + 6));
      const copied = await portico(source, masterKey, ['db', 'copy', '--to', destinationOf(target), '--json']);
      assert.equal(copied.code, 0, copied.stderr);
      const at = people.map(({ seen }) => seen.length);
      await until('everybody has met the closed database', () => people.every(({ seen }, n) => seen.length > (at[n] ?? 0) + 4));
      for (const [n, { seen }] of people.entries())
        assert.deepEqual(
          [...new Set(seen.slice((at[n] ?? 0) + 2))].sort(),
          ['change 503', 'refresh 503'],
          'closed is closed, and only that',
        );
      // Who only reads goes on.
      assert.equal((await people[0]?.browser.call('session'))?.body['status'], 'VERIFIED');
    } finally {
      use.over = true;
      await using;
    }
  });
  await underServer(crowd, { port, where: target }, () => assertNothingLost(crowd));
}

async function underServer(
  { masterKey }: Pick<Crowd, 'masterKey'>,
  { port, where }: { readonly port: number; readonly where: Move['source'] },
  body: () => Promise<void>,
): Promise<void> {
  const server = await startServer({ port, where, masterKey, origin: originOf(port) });
  try {
    await body();
  } finally {
    await server.kill();
  }
}

async function actionsAt(where: Move['source']): Promise<string[]> {
  const db = openDatabase(where);
  try {
    return (await db.all('select distinct action from events')).map((row) => String(row['action']));
  } finally {
    await db.close();
  }
}
