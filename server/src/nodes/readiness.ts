import type { Deps } from '../deps.ts';
import { clockOff } from '../platform/database-clock.ts';
import { asDatabase, type Db, one } from '../platform/db.ts';
import { createFitCheck } from '../platform/migrate.ts';
import { within } from '../platform/within.ts';

/** Why nobody should send requests here: words for programs and operators, never a reason that holds a secret. */
export type Shortcoming = 'leaving' | 'database' | 'migrations' | 'keys' | 'clock';

/** Nodes whose clocks differ by more than this disagree about what has expired. In milliseconds. */
const CLOCK_LIMIT = 5000;
/** Whoever asks is answered within this, in milliseconds. */
const LOOK_WITHIN = 2500;

type ReadinessDeps = Pick<Deps, 'db' | 'now' | 'node' | 'keys'>;

/** Answers what keeps this node from serving; nothing: it is ready. Many who ask at once are answered by one look. */
export function createReadiness(deps: ReadinessDeps): () => Promise<readonly Shortcoming[]> {
  const fits = createFitCheck();
  let looking: Promise<readonly Shortcoming[]> | null = null;
  return async () => {
    // Asked of nobody: a proxy has to hear it at once, whatever the database does.
    if (deps.node.leavingSince() !== null) return ['leaving'];
    looking ??= look(deps, fits).finally(() => {
      looking = null;
    });
    return looking;
  };
}

async function look({ db, now, keys }: ReadinessDeps, fits: (db: Db) => Promise<boolean>): Promise<readonly Shortcoming[]> {
  const asked = within(LOOK_WITHIN, Promise.all([readClock(db, now), fits(db)])).catch(() => null);
  const answers = await asked;
  const hasKeys = keys.chains().length > 0 && keys.signingKeys().length > 0;
  if (answers === null) return ['database', ...(hasKeys ? [] : (['keys'] as const))];
  const [apart, fit] = answers;
  return [
    ...(fit ? [] : (['migrations'] as const)),
    ...(hasKeys ? [] : (['keys'] as const)),
    ...(apart > CLOCK_LIMIT ? (['clock'] as const) : []),
  ];
}

/** What else runs on a machine believes its clock: a wrong one keeps a node from serving, though the node itself may know better. */
async function readClock(db: Db, now: () => number): Promise<number> {
  const database = asDatabase(db);
  const off = database === null ? null : await clockOff(database, now);
  if (off === null) await one(db, 'select 1 as ready');
  return Math.abs(off ?? 0);
}
