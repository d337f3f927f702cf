import type { LetterKind } from '@portico/protocol/events';
import type { Deps } from '../deps.ts';
import type { Db, Row } from '../platform/db.ts';
import { condition, type Mark, selectPage } from '../platform/listing.ts';
import { openLetter } from './outbox.ts';

/** The outbox of letters, as an operator sees it: looks at the table of letters, and writes nothing. */

export interface ListedLetter {
  readonly id: string;
  /** Of a letter that was given up everything but this row is erased; null then, or when it does not open. */
  readonly to: string | null;
  readonly kind: LetterKind | null;
  readonly createdAt: number;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly givenUpAt: number | null;
  /** Why the last try failed, as a code. */
  readonly problem: string | null;
}

/** Newest first: those that wait, or those that were given up. */
export async function listLettersPage(
  deps: Pick<Deps, 'db' | 'vault'>,
  state: 'waiting' | 'given_up',
  { after, limit }: { readonly after: Mark | null; readonly limit: number },
): Promise<ListedLetter[]> {
  const rows = await selectPage(deps.db, {
    select: 'select id, sealed, created_at, next_try_at, tries, given_up_at, problem from mails',
    where: [state === 'waiting' ? condition('sent_at is null and given_up_at is null') : condition('given_up_at is not null')],
    order: { key: 'created_at', id: 'id', descending: true },
    after,
    limit,
  });
  return rows.map((row) => fromRow(deps, row));
}

/** How many wait and how many were given up, each counted up to `most`. */
export async function countWaitingLetters(db: Db, most: number): Promise<{ readonly waiting: number; readonly givenUp: number }> {
  const [row] = await db.all(
    `select (select count(*) from (select 1 from mails where sent_at is null and given_up_at is null limit $1) as w) as waiting,
       (select count(*) from (select 1 from mails where given_up_at is not null limit $1) as g) as given_up`,
    [most],
  );
  return { waiting: row?.['waiting'] as number, givenUp: row?.['given_up'] as number };
}

/** Opens a letter for its address and its kind; its text and its subject may hold a code, and go no further. */
function fromRow(deps: Pick<Deps, 'vault'>, row: Row): ListedLetter {
  const id = row['id'] as string;
  const letter = openLetter(deps, id, row['sealed'] as string);
  return {
    id,
    to: letter?.to ?? null,
    kind: letter?.kind ?? null,
    createdAt: row['created_at'] as number,
    tries: row['tries'] as number,
    nextTryAt: row['next_try_at'] as number,
    givenUpAt: row['given_up_at'] as number | null,
    problem: row['problem'] as string | null,
  };
}
