/** What a connection is asked about itself, so that the report shows the settings in force and not the ones that were meant. */
export const DURABILITY_OF = {
  sqlite: 'select journal_mode, synchronous from pragma_journal_mode, pragma_synchronous',
  postgres: `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit`,
} as const;

const SYNCHRONOUS = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];
/** From here on a commit in WAL mode returns after fsync. */
const FULL = 2;

/** Puts the row of one of these queries into words. */
export function describeDurability(row: Readonly<Record<string, unknown>> = {}): string {
  if ('journal_mode' in row) {
    const level = Number(row['synchronous']);
    return marked(level >= FULL, `${String(row['journal_mode']).toUpperCase()}, synchronous=${SYNCHRONOUS[level]}`);
  }
  const [fsync, commit] = [String(row['fsync']), String(row['synchronous_commit'])];
  return marked(fsync === 'on' && commit !== 'off', `fsync=${fsync}, synchronous_commit=${commit}`);
}

function marked(durable: boolean, settings: string): string {
  return durable ? settings : `NOT DURABLE: ${settings}`;
}
