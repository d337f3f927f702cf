import assert from 'node:assert/strict';
import type { Db, Dialect, Value } from '../../src/platform/db.ts';
import { forEachDatabase } from '../databases.ts';
import { heldClock, openWorld } from '../world.ts';
import { ASKED, fillDatabase } from './filled.ts';
import { staff } from './staff.ts';

/** No list of the admin page reads a large table from end to end. How long they take is measured by bench/admin-lists.prove.ts. */

const LARGE = 'users|sessions|events|refresh_tokens|clients|client_roles|invitations|mails|logouts';
const ALIASES = 's|u|f|l|c|r';
const FULL_SCAN = new RegExp(`^SCAN (?:${LARGE}|${ALIASES})\\b(?!.* USING )`, 'm');
/** Rows that are sorted by hand were all read before the first one was answered: so many at most. */
const SORTED_MOST = 60;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Sort Key'?: readonly string[];
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

/** What is wrong with how a statement is answered, and the plan. */
async function troubleOf(db: Db, dialect: Dialect, sql: string, values: readonly Value[]): Promise<string | null> {
  if (dialect === 'sqlite') {
    const plan = (await db.all(`explain query plan ${sql}`, values)).map((row) => String(row['detail'])).join('\n');
    const sorts = /limit \$\d+$/.test(sql) && /USE TEMP B-TREE FOR ORDER BY/.test(plan);
    return sorts || FULL_SCAN.test(plan) ? plan : null;
  }
  // A table this small is read from end to end for good reason. Where the database avoids that if it can, what is left it could not avoid.
  const rows = await db.transaction(async (tx) => {
    for (const way of ['seqscan', 'sort', 'bitmapscan']) await tx.all(`set local enable_${way} = off`);
    return tx.all(`explain (analyze, format json) ${sql}`, values);
  });
  const text = String(rows[0]?.['QUERY PLAN']);
  const [{ Plan: root }] = JSON.parse(text) as [{ readonly Plan: PlanNode }];
  return nodesOf(root).some(isTrouble) ? text : null;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function isTrouble(node: PlanNode): boolean {
  if (node['Node Type'] === 'Seq Scan') return new RegExp(`^(?:${LARGE})$`).test(node['Relation Name'] ?? '');
  const sorted = node.Plans?.[0]?.['Actual Rows'] ?? 0;
  return node['Node Type'].endsWith('Sort') && !/^(?:count|sum|min|max)/.test(node['Sort Key']?.[0] ?? '') && sorted > SORTED_MOST;
}

/** Remembers what is read. */
function listening(inner: Db, heard: Map<string, readonly Value[]>): Db {
  return {
    all: (sql, values = []) => {
      if (/^\s*(?:select|with)\b/.test(sql)) heard.set(sql, values);
      return inner.all(sql, values);
    },
    transaction: (work) => inner.transaction((tx) => work(listening(tx, heard))),
    close: () => inner.close(),
  };
}

forEachDatabase('every list, search and filter of the admin page is answered from an index', async (open, _, dialect) => {
  const database = await open();
  const heard = new Map<string, readonly Value[]>();
  const world = await openWorld(listening(database, heard), { clock: heldClock() });
  try {
    await fillDatabase(database, dialect, { users: 3000, sessions: 6000, events: 12_000 });
    const owner = await staff(world, 'owner');
    const wrong: string[] = [];
    for (const { screen, query = {}, params = {} } of ASKED) {
      heard.clear();
      const { status, text } = await owner.read(screen, { query, params });
      assert.equal(status, 200, `${screen} ${JSON.stringify(query)} ${text.slice(0, 200)}`);
      for (const [sql, values] of heard) {
        const trouble = await troubleOf(database, dialect, sql, values);
        if (trouble !== null) wrong.push(`${screen} ${JSON.stringify(query)}\n${sql}\n${trouble}`);
      }
    }
    assert.deepEqual(wrong, []);
  } finally {
    await world.close();
  }
});
