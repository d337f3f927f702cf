import type { Notices } from './notices.ts';
import { connectSqlite, type SqliteConnection } from './sqlite-connection.ts';

/** How often the file is looked at, in milliseconds: a look costs two microseconds and reads no page. */
const LOOK_EVERY = 200;

/**
 * SQLite tells nobody anything, but it counts: `pragma data_version` differs once another connection has committed, of whatever process. So
 * what the command line writes is read at once.
 */
export function sqliteNotices(path: string): Notices {
  return {
    announce: () => undefined,
    listen: (hear) => {
      let connection: SqliteConnection | undefined;
      let known: unknown;
      const look = () => {
        try {
          connection ??= connectSqlite(path, { queries: true });
          const version = connection.run('pragma data_version')[0]?.['data_version'];
          if (version !== known) hear();
          known = version;
        } catch {
          // A busy file is looked at again, and read each second in any case.
        }
      };
      look();
      const timer = setInterval(look, LOOK_EVERY);
      timer.unref();
      return () => {
        clearInterval(timer);
        connection?.close();
        connection = undefined;
      };
    },
    close: async () => undefined,
  };
}
