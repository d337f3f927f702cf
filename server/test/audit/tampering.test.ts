import assert from 'node:assert/strict';
import { recordEvent } from '../../src/audit/event.ts';
import { sealBatch } from '../../src/audit/seal.ts';
import { verifySeals } from '../../src/audit/verify-seals.ts';
import type { Db, Row } from '../../src/platform/db.ts';
import { createFirstVault } from '../../src/platform/vault.ts';
import { forEachDatabase } from '../databases.ts';
import { FROM, sealedLog, troubles, writeEvents } from './sealed-log.ts';

/** Whoever has the database, and not the master key, changes it; each change is found, and where. */
interface Tampering {
  readonly what: string;
  readonly sql: readonly string[];
  readonly found: readonly string[];
}

const one = (seal: number) => `id = (select id from events where seal = ${seal} order by at limit 1)`;

const EVENT_COLUMNS = ['at', 'action', 'actor_id', 'session_id', 'client_id', 'target_kind', 'target', 'request_id', 'user_id'];
const FORGETTABLE = ['address', 'user_agent', 'reason', 'before_json', 'after_json', 'salt', 'digest'];
const SEAL_COLUMNS = ['batch_hash', 'previous_hash', 'hash', 'events', 'from_at', 'until_at', 'sealed_at'];

const value = (column: string) => (/^(at|events|.*_at)$/.test(column) ? `${column} + 1` : "'{}'");

const TAMPERINGS: readonly Tampering[] = [
  ...[...EVENT_COLUMNS, ...FORGETTABLE].map((column) => ({
    what: `${column} of an event`,
    sql: [`update events set ${column} = ${value(column)} where ${one(2)}`],
    found: ['2 changed'],
  })),
  ...SEAL_COLUMNS.filter((column) => column !== 'events' && column !== 'hash').map((column) => ({
    what: `${column} of a seal`,
    sql: [`update event_seals set ${column} = ${value(column)} where seq = 2`],
    found: ['2 seal_changed'],
  })),
  {
    what: 'the number of events of a seal',
    sql: ['update event_seals set events = 5 where seq = 2'],
    found: ['2 events_missing', '2 seal_changed'],
  },
  {
    what: 'a number of events beyond all bounds',
    sql: ['update event_seals set events = 9007199254740991 where seq = 2'],
    found: ['2 events_missing', '2 seal_changed'],
  },
  { what: 'the hash of a seal', sql: ["update event_seals set hash = 'x' where seq = 2"], found: ['2 seal_changed', '3 seal_forked'] },
  { what: 'an event is deleted', sql: [`delete from events where ${one(2)}`], found: ['2 events_missing'] },
  { what: 'a batch is deleted', sql: ['delete from events where seal = 2'], found: ['2 events_missing'] },
  {
    what: 'a batch and its seal are deleted',
    sql: ['delete from events where seal = 2', 'delete from event_seals where seq = 2'],
    found: ['3 seal_missing'],
  },
  {
    what: 'the beginning is cut off',
    sql: ['delete from events where seal = 1', 'delete from event_seals where seq = 1'],
    found: ['2 seal_missing'],
  },
  {
    what: 'the beginning is cut off as if its time were over',
    sql: [
      'delete from events where seal <= 2',
      'delete from event_seals where seq = 1',
      'update event_seals set dropped_at = 9000000000000 where seq = 2',
    ],
    found: ['2 dropped_early'],
  },
  {
    what: 'events stay under a seal that is said to be dropped',
    sql: ['update event_seals set dropped_at = 1 where seq = 2'],
    found: ['2 dropped_early', '2 events_added'],
  },
  {
    what: 'an event is moved to another batch',
    sql: [`update events set seal = 3 where ${one(2)}`],
    found: ['2 events_missing', '3 events_added'],
  },
  {
    what: 'two events change places',
    sql: [
      'update events set seal = 2, reason = reason where id = (select max(id) from events where seal = 3)',
      'update events set seal = 3 where id = (select max(id) from events where seal = 2 and at < (select from_at from event_seals where seq = 3))',
    ],
    found: ['2 events_differ', '3 events_differ'],
  },
  { what: 'a seal is taken from an event', sql: [`update events set seal = null where ${one(2)}`], found: ['2 events_missing'] },
  {
    what: 'an event claims a seal that does not exist',
    sql: [`update events set seal = 77 where ${one(3)}`],
    found: ['3 events_missing', '77 no_such_seal'],
  },
  { what: 'the last seal is deleted, its events stay', sql: ['delete from event_seals where seq = 3'], found: ['3 no_such_seal'] },
  {
    what: 'two seals change places',
    sql: [
      'update event_seals set seq = 99 where seq = 1',
      'update event_seals set seq = 1 where seq = 2',
      'update event_seals set seq = 2 where seq = 99',
    ],
    found: ['1 seal_changed', '2 seal_changed', '3 seal_forked'],
  },
  {
    what: 'a person is taken out of an event, and no account was deleted',
    sql: [
      `update events set address = '', user_agent = '', reason = null, before_json = null, after_json = null, salt = null where ${one(2)}`,
    ],
    found: ['2 blanked'],
  },
  {
    what: 'the user is taken out as well',
    sql: [
      `update events set user_id = null, address = '', user_agent = '', reason = null, before_json = null, after_json = null, salt = null where ${one(2)}`,
    ],
    found: ['2 blanked'],
  },
  { what: 'a digest is taken out', sql: [`update events set digest = null where ${one(2)}`], found: ['2 unsigned'] },
];

const copyOf = async (db: Db) => ({ events: await db.all('select * from events'), seals: await db.all('select * from event_seals') });

async function putBack(db: Db, { events, seals }: Awaited<ReturnType<typeof copyOf>>): Promise<void> {
  await db.all('delete from events');
  await db.all('delete from event_seals');
  const insert = (table: string, row: Row) => {
    const names = Object.keys(row);
    return db.all(`insert into ${table} (${names.join(', ')}) values (${names.map((_, n) => `$${n + 1}`).join(', ')})`, Object.values(row));
  };
  for (const row of events) await insert('events', row);
  for (const row of seals) await insert('event_seals', row);
}

forEachDatabase('whatever is changed, taken out, added or moved behind Portico’s back is found, and in which seal', async (open) => {
  const log = await sealedLog(await open());
  const { db, deps } = log;
  assert.deepEqual(await troubles(deps), []);
  const whole = await copyOf(db);
  for (const { what, sql, found } of TAMPERINGS) {
    for (const statement of sql) await db.all(statement);
    assert.deepEqual(await troubles(deps), [...found].sort(), what);
    await putBack(db, whole);
  }
  assert.deepEqual(await troubles(deps), []);
});

forEachDatabase('an event that somebody else wrote is found before and after it is sealed', async (open) => {
  const { db, deps } = await sealedLog(await open());
  const [genuine] = await db.all('select * from events where seal = 1 limit 1');
  const forge = (id: string, salt: unknown, digest: unknown) =>
    db.all(
      `insert into events (id, at, action, user_id, address, user_agent, request_id, salt, digest)
       values ($1, $2, 'signin.succeeded', 'user-1', '203.0.113.7', 'x', 'r', $3, $4)`,
      [id, deps.now(), salt as string, digest as string],
    );
  await forge('copied-digest', genuine?.['salt'], genuine?.['digest']);
  await forge('no-digest', null, null);
  assert.deepEqual(await troubles(deps), ['tail changed', 'tail unsigned']);
  assert.equal(await sealBatch(deps), 2);
  assert.deepEqual(await troubles(deps), ['4 changed', '4 unsigned']);
  assert.deepEqual(await troubles(deps, { newest: 1 }), ['4 changed', '4 unsigned']);
});

forEachDatabase('an event added to a sealed batch hides no other batch, however many there are', async (open) => {
  const { db, deps } = await sealedLog(await open());
  for (let n = 0; n < 30; n += 1) {
    await db.all(
      "insert into events (id, at, action, address, user_agent, request_id, seal) values ($1, 1, 'signin.failed', '', '', '', 1)",
      [`forged-${n}`],
    );
  }
  await db.all(`update events set action = 'signin.failed' where ${one(3)}`);
  const found = await troubles(deps);
  assert.ok(found.includes('1 events_added') && found.includes('3 changed'), found.join());
});

forEachDatabase('with another master key nothing is genuine; many problems are counted and the first are told', async (open) => {
  const { db, deps } = await sealedLog(await open());
  const other = { ...deps, vault: createFirstVault(Buffer.alloc(32, 8), deps.now) };
  const report = await verifySeals(other);
  assert.deepEqual([report.problemCount, report.problems.length], [15, 15]);
  await writeEvents({ deps, clock: { now: deps.now, advance: () => undefined } }, 60);
  await db.all("update events set action = 'signin.failed' where seal is null");
  const many = await verifySeals(deps);
  assert.deepEqual([many.problemCount, many.problems.length, many.waiting], [60, 50, 60]);
});

forEachDatabase('events from before there were digests are counted, and accepted at the beginning of the chain only', async (open) => {
  const db = await open();
  for (let n = 0; n < 3; n += 1)
    await db.all(
      "insert into events (id, at, action, address, user_agent, request_id) values ($1, $2, 'signin.failed', '203.0.113.7', 'x', 'r')",
      [`old-${n}`, n],
    );
  const { deps } = await sealedLog(db);
  const { unsigned, events, problemCount } = await verifySeals(deps);
  assert.deepEqual({ unsigned, events, problemCount }, { unsigned: 3, events: 15, problemCount: 0 });
  await db.all("update events set action = 'x' where id = 'old-1'");
  assert.deepEqual(await troubles(deps), ['1 events_differ']);
});

forEachDatabase(
  'the head, the tail and the newest seals are told; a chain that was cut off at its end differs from the kept head',
  async (open) => {
    const { db, deps, clock } = await sealedLog(await open());
    const before = await verifySeals(deps);
    assert.deepEqual([before.head?.seq, before.seals, before.events, before.waiting, before.oldestWaitingAt], [3, 3, 12, 0, null]);
    clock.advance(1000);
    await recordEvent(db, deps, FROM, 'signin.failed');
    const at = clock.now();
    clock.advance(7000);
    const newest = await verifySeals(deps, { newest: 2 });
    assert.deepEqual([newest.seals, newest.events, newest.waiting, newest.oldestWaitingAt, newest.problemCount], [2, 8, 1, at, 0]);
    assert.deepEqual(newest.head, before.head);
    await db.all('delete from events where seal = 3');
    await db.all('delete from event_seals where seq = 3');
    const cut = await verifySeals(deps);
    assert.equal(cut.problemCount, 0);
    assert.notDeepEqual(cut.head, before.head);
  },
);
