import { countWaitingLogouts, oldestWaitingLogout } from '../clients/logout-list.ts';
import type { Deps } from '../deps.ts';
import { oldestWaitingLetter } from '../mail/outbox.ts';
import { countWaitingLetters } from '../mail/outbox-list.ts';
import { listLiveNodes, type Node } from '../nodes/node.ts';
import { clockOff } from '../platform/database-clock.ts';
import { asDatabase } from '../platform/db.ts';
import { within } from '../platform/within.ts';
import { type Gauge, gauge } from './gauges.ts';

/** What was read of the database is shown again for this long, in milliseconds: however often somebody looks. */
const KEPT_FOR = 5000;
/** A page waits for the database no longer than this, in milliseconds; the rest of it is worth more in time. */
const WAIT = 2000;
/** An outbox is counted to here. */
const COUNTED_MOST = 100_000;

interface Backlog {
  readonly waiting: number;
  readonly givenUp: number;
  readonly oldestAt: number | null;
}

/** What only the database knows. While it does not answer its figures are left out, and `portico_database_up` is 0. */
export function readDatabaseGauges(deps: Deps): () => Promise<readonly Gauge[]> {
  let kept: { readonly at: number; readonly gauges: readonly Gauge[] } | null = null;
  // One reading at a time: pages that nobody waits for any more must not queue up behind a frozen database.
  let reading: Promise<readonly Gauge[]> | null = null;
  return async () => {
    const now = deps.now();
    if (kept !== null && Math.abs(now - kept.at) < KEPT_FOR) return kept.gauges;
    reading ??= read(deps)
      .then((gauges) => {
        kept = { at: deps.now(), gauges };
        return gauges;
      })
      .finally(() => (reading = null));
    const answered = await within(WAIT, reading).catch(() => null);
    return answered ?? [up(0)];
  };
}

const up = (value: 0 | 1) => gauge('portico_database_up', '1: the database answered lately.', value);

async function read(deps: Deps): Promise<readonly Gauge[]> {
  const { db, now } = deps;
  const database = asDatabase(db);
  const [letters, logouts, oldestLetter, oldestLogout, nodes, ahead] = await Promise.all([
    countWaitingLetters(db, COUNTED_MOST),
    countWaitingLogouts(db, COUNTED_MOST),
    oldestWaitingLetter(db),
    oldestWaitingLogout(db),
    listLiveNodes(db, now()),
    database === null ? null : clockOff(database, now),
  ]);
  const outboxes = { letters: { ...letters, oldestAt: oldestLetter }, logouts: { ...logouts, oldestAt: oldestLogout } };
  return [
    up(1),
    // A site that knows no other clock is never apart from it: an alert needs a number.
    gauge('portico_clock_ahead_seconds', 'How far this machine’s clock is ahead of the database’s.', (ahead ?? 0) / 1000),
    nodesOf(nodes),
    ...outbox(outboxes, now()),
  ];
}

function nodesOf(nodes: readonly Node[]): Gauge {
  const leaving = nodes.filter(({ leavingAt }) => leavingAt !== null).length;
  return {
    name: 'portico_nodes',
    help: 'Processes that serve from this database and were seen within a minute.',
    rows: [
      [{ state: 'serving' }, nodes.length - leaving],
      [{ state: 'leaving' }, leaving],
    ],
  };
}

function outbox(outboxes: Readonly<Record<string, Backlog>>, now: number): readonly Gauge[] {
  const each = (name: string, help: string, of: (backlog: Backlog) => number): Gauge => ({
    name,
    help,
    rows: Object.entries(outboxes).map(([box, backlog]) => [{ outbox: box }, of(backlog)]),
  });
  const age = ({ oldestAt }: Backlog) => (oldestAt === null ? 0 : Math.max(0, now - oldestAt) / 1000);
  return [
    each('portico_outbox_waiting', 'Letters and back-channel logouts that wait, of all nodes.', ({ waiting }) => waiting),
    each('portico_outbox_given_up', 'Those that were given up and are still listed in the admin page.', ({ givenUp }) => givenUp),
    each('portico_outbox_oldest_age_seconds', 'How long the oldest one has waited; 0: none waits.', age),
  ];
}
