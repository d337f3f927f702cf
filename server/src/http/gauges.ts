import type { Deps } from '../deps.ts';
import { asDatabase, type DatabaseFigures } from '../platform/db.ts';
import { readVersion } from '../platform/version.ts';

/** A figure that is read, not counted. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  /** `counter`: it only grows while the process lives. */
  readonly type?: 'gauge' | 'counter';
  readonly rows: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

export const gauge = (name: string, help: string, value: number): Gauge => ({ name, help, rows: [[{}, value]] });
const counter = (name: string, help: string, value: number): Gauge => ({ ...gauge(name, help, value), type: 'counter' });

/** What this process knows of itself, without asking anybody. */
export function readGauges({ db, hasher, revoked, now }: Deps): readonly Gauge[] {
  const figures = asDatabase(db)?.figures() ?? null;
  const hashes = hasher.figures();
  const age = revoked.age(now());
  return [
    {
      name: 'portico_build_info',
      help: 'Always 1: which Portico this is, and on which kind of database.',
      rows: [[{ version: readVersion(), database: figures?.dialect ?? 'none' }, 1]],
    },
    gauge('portico_password_hashes_running', 'Passwords that are being hashed.', hashes.running),
    gauge('portico_password_hashes_waiting', 'Sign-ins and sign-ups that wait for their turn to be hashed.', hashes.waiting),
    counter('portico_password_hashes_refused_total', 'Hashes refused with 503 because too many waited.', hashes.refused),
    gauge('portico_revocations_known', 'Revocations of tokens that have not expired, in the memory of this process.', revoked.size()),
    gauge('portico_revocation_listeners', 'Open streams and long polls of verifiers.', revoked.listeners()),
    // Before the first reading there is no age, and a page must not say Infinity where an alert looks for a number.
    ...(Number.isFinite(age)
      ? [
          gauge(
            'portico_revocations_read_age_seconds',
            'Since the last completed reading of the revocations began; every second.',
            age / 1000,
          ),
        ]
      : []),
    ...(figures === null ? [] : poolOf(figures)),
  ];
}

function poolOf(figures: DatabaseFigures): readonly Gauge[] {
  if (figures.dialect === 'postgres') {
    const { busy, idle, waiting } = figures;
    return [
      {
        name: 'portico_database_connections',
        help: 'Connections to PostgreSQL.',
        rows: [
          [{ state: 'busy' }, busy],
          [{ state: 'idle' }, idle],
        ],
      },
      gauge('portico_database_waiting', 'Callers that wait for a connection, or for their turn to write.', waiting),
    ];
  }
  return [
    gauge('portico_database_waiting', 'Callers that wait for a connection, or for their turn to write.', figures.waiting),
    counter('portico_sqlite_commits_total', 'Commits.', figures.commits),
    counter('portico_sqlite_committed_total', 'Writes and transactions; several share a commit.', figures.committed),
  ];
}
