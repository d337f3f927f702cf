import pg from 'pg';
import type { Database } from './db.ts';
import type { Log } from './log.ts';
import type { Notices } from './notices.ts';
import { connectionSettings } from './postgres-connection.ts';

const CHANNEL = 'portico_revocations';
/** Before the way is tried again, in milliseconds. */
const PAUSE = 1000;
/** A connection that says nothing may be dead: it is asked this often, and given this long, in milliseconds. */
const ASK_EVERY = 5000;
const ANSWER_WITHIN = 2500;

/**
 * LISTEN on a connection of its own, which must be a direct one: a pooler in transaction mode forgets it, and then the reading of each
 * second is all there is. NOTIFY goes after the commit and by itself: PostgreSQL lets transactions that hold a notice commit only one after the other,
 * which would make every sign-out wait for the disk of the one before.
 */
export function postgresNotices(url: string, database: Database, log: Log): Notices {
  let waiting: Promise<void> | null = null;
  const tell = async (): Promise<void> => {
    // What is announced in one turn is one notice.
    await Promise.resolve();
    waiting = null;
    await database.all(`select pg_notify('${CHANNEL}', '') as told`).catch((cause: unknown) => {
      log.warn({ err: cause }, 'a revocation could not be announced; it will be read within a second');
    });
  };
  const pending = new Set<Promise<void>>();
  return {
    announce: () => {
      if (waiting !== null) return;
      const told: Promise<void> = tell().finally(() => pending.delete(told));
      waiting = told;
      pending.add(told);
    },
    listen: (hear, missed) => {
      const stop = new AbortController();
      void keepListening(url, { hear, missed, log, stop: stop.signal });
      return () => stop.abort();
    },
    close: async () => {
      await Promise.all(pending);
    },
  };
}

interface Listening {
  readonly hear: () => void;
  readonly missed: () => void;
  readonly log: Log;
  readonly stop: AbortSignal;
}

async function keepListening(url: string, listening: Listening): Promise<void> {
  let said = false;
  for (let first = true; !listening.stop.aborted; first = false) {
    const cause = await listenOnce(url, listening, first);
    if (listening.stop.aborted) return;
    if (!said) listening.log.warn({ err: cause }, 'no notices from PostgreSQL; revocations are read each second');
    said = true;
    await new Promise<void>((resolve) => setTimeout(resolve, PAUSE).unref());
  }
}

/** Listens until the connection fails or is no longer wanted; answers why it ended. */
async function listenOnce(url: string, { hear, missed, stop }: Listening, first: boolean): Promise<unknown> {
  const client = new pg.Client({ ...connectionSettings(url, 'portico-notices'), query_timeout: ANSWER_WITHIN });
  const over = Promise.withResolvers<unknown>();
  client.on('error', over.resolve);
  client.on('end', () => over.resolve(new Error('the connection ended')));
  client.on('notification', hear);
  stop.addEventListener('abort', () => over.resolve(null), { once: true });
  let asking: NodeJS.Timeout | undefined;
  try {
    await Promise.race([client.connect().then(async () => client.query(`listen ${CHANNEL}`)), over.promise]);
    // Between two connections notices went to nobody.
    if (!first) missed();
    asking = setInterval(() => void client.query('select 1').catch(over.resolve), ASK_EVERY);
    asking.unref();
    return await over.promise;
  } catch (cause) {
    return cause;
  } finally {
    clearInterval(asking);
    client.end().catch(() => undefined);
    client.connection.stream.destroy();
  }
}
