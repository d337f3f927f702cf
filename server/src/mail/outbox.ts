import type { LetterKind } from '@portico/protocol/events';
import type { Deps } from '../deps.ts';
import { type Db, one } from '../platform/db.ts';
import { type Letter, mailProblem } from '../platform/mail.ts';
import { type SealedColumn, sealedTextFrom } from '../platform/sealed-text.ts';
import { isUnknownDataKey } from '../platform/vault.ts';

/**
 * Letters that wait to be sent, in the database: written in the transaction of the act they speak of, so neither exists without the
 * other, and a mail server that is down loses none. They hold codes, so they are sealed, and erased the moment they have gone.
 */

/** A claimed letter belongs to its claimer for this long, in milliseconds; a delivery takes at most half of it. */
export const CLAIM_LIFE = 60_000;
/** No more tries after this long, in milliseconds. */
export const GIVE_UP_AFTER = 48 * 3_600_000;
const FIRST_PAUSE = 10_000;
const LONGEST_PAUSE = 3_600_000;
/** Without a mail server letters are shown at /dev/mail for this long, in milliseconds. */
const SHOWN_FOR = 24 * 3_600_000;
/** Empty rows of letters that were given up stay for this long, so that the operator can see that there were some. In milliseconds. */
const GIVEN_UP_FOR = 7 * 24 * 3_600_000;

type OutboxDeps = Pick<Deps, 'config' | 'vault' | 'now' | 'random' | 'log'>;

const sealLabel = (id: string) => `mails ${id}`;

/** Queues a letter in the given transaction. Call `deps.mailWaits()` when it has committed. */
export async function queueLetter(tx: Db, deps: OutboxDeps, letter: Letter): Promise<void> {
  const id = orderedId(deps);
  const now = deps.now();
  // Without a mail server it has arrived where it goes: at /dev/mail. So one that is set later does not send old letters.
  const sentAt = deps.config.smtpUrl === '' ? now : null;
  await tx.all('insert into mails (id, sealed, created_at, next_try_at, tries, sent_at) values ($1, $2, $3, $3, 0, $4)', [
    id,
    deps.vault.seal(sealLabel(id), JSON.stringify(letter)),
    now,
    sentAt,
  ]);
}

export interface ClaimedLetter {
  readonly id: string;
  /** The number of this try. It names the claim: what an overtaken claimer reports about an earlier one has no effect. */
  readonly tries: number;
  readonly createdAt: number;
  readonly letter: Letter;
}

/**
 * Takes up to `limit` letters that are due. The outer condition repeats the inner one: where two claimers chose the same rows, the
 * second waits for the first, looks again, and leaves them.
 */
export async function claimLetters(deps: OutboxDeps & Pick<Deps, 'db'>, limit: number): Promise<ClaimedLetter[]> {
  const now = deps.now();
  const rows = await deps.db.all(
    `update mails set next_try_at = $2, tries = tries + 1
     where id in (select id from mails where sent_at is null and given_up_at is null and next_try_at <= $1 order by next_try_at, id limit $3)
       and sent_at is null and given_up_at is null and next_try_at <= $1
     returning id, tries, created_at, sealed`,
    [now, now + CLAIM_LIFE, limit],
  );
  const claimed: ClaimedLetter[] = [];
  for (const row of rows) {
    const id = row['id'] as string;
    const letter = tryLetter(deps, id, row['sealed'] as string);
    // Another node has sealed it with a newer key than this one has read; it is tried again when the claim ends.
    if (letter === 'unknown key') continue;
    if (letter === null)
      await giveUpLetter(deps, { id, tries: row['tries'] as number }, 'the letter does not open: the master key changed');
    else claimed.push({ id, tries: row['tries'] as number, createdAt: row['created_at'] as number, letter });
  }
  return claimed;
}

/** The letter has gone: so does its row, and the code in it. */
export async function letterSent(db: Db, { id }: Pick<ClaimedLetter, 'id'>): Promise<void> {
  await db.all('delete from mails where id = $1', [id]);
}

/** Tries again later, each time after about twice as long; gives up in the end. Answers when the next try is, or null. */
export async function letterFailed(
  deps: OutboxDeps & Pick<Deps, 'db'>,
  claim: Omit<ClaimedLetter, 'letter'>,
  cause: unknown,
): Promise<number | null> {
  const now = deps.now();
  const nextTryAt = now + pauseAfter(deps, claim.tries);
  if (nextTryAt > claim.createdAt + GIVE_UP_AFTER) {
    await giveUpLetter(deps, claim, 'it could not be sent for 48 hours', cause);
    return null;
  }
  await deps.db.all('update mails set next_try_at = $3, problem = $4 where id = $1 and tries = $2', [
    claim.id,
    claim.tries,
    nextTryAt,
    mailProblem(cause),
  ]);
  deps.log.warn({ err: cause, mail: claim.id, tries: claim.tries, nextTryAt }, 'a letter could not be sent; it waits');
  return nextTryAt;
}

/** Erases the letter and keeps its empty row for a week. */
export async function giveUpLetter(
  deps: OutboxDeps & Pick<Deps, 'db'>,
  claim: Pick<ClaimedLetter, 'id' | 'tries'>,
  reason: string,
  cause?: unknown,
): Promise<void> {
  const rows = await deps.db.all(
    "update mails set given_up_at = $3, sealed = '', problem = coalesce($4, problem) where id = $1 and tries = $2 and given_up_at is null returning id",
    [claim.id, claim.tries, deps.now(), mailProblem(cause)],
  );
  if (rows.length > 0) deps.log.error({ err: cause, mail: claim.id, tries: claim.tries, reason }, 'a letter was given up');
}

/** A letter that waits, as its operator names it. Null: it has gone, or was given up. */
export async function findWaitingLetter(deps: OutboxDeps, db: Db, id: string): Promise<WaitingLetter | null> {
  const row = await one(db, 'select sealed, tries from mails where id = $1 and sent_at is null and given_up_at is null', [id]);
  if (row === null) return null;
  const letter = openLetter(deps, id, row['sealed'] as string);
  return { to: letter?.to ?? null, kind: letter?.kind ?? null, tries: row['tries'] as number };
}

export interface WaitingLetter {
  /** Null: it does not open, because the master key changed. */
  readonly to: string | null;
  readonly kind: LetterKind | null;
  readonly tries: number;
}

/** Its next try is now. False: it waits no longer. */
export async function hurryLetter(tx: Db, id: string, now: number): Promise<boolean> {
  const row = await one(tx, 'update mails set next_try_at = $2 where id = $1 and sent_at is null and given_up_at is null returning id', [
    id,
    now,
  ]);
  return row !== null;
}

/** It is not sent, and what it held is lost. False: it waits no longer. */
export async function dropWaitingLetter(tx: Db, id: string): Promise<boolean> {
  return (await one(tx, 'delete from mails where id = $1 and sent_at is null and given_up_at is null returning id', [id])) !== null;
}

/** A letter as /dev/mail shows it. */
export interface ShownLetter extends Letter {
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The newest letters first, for /dev/mail. */
export async function newestLetters(deps: OutboxDeps & Pick<Deps, 'db'>, limit: number): Promise<ShownLetter[]> {
  const rows = await deps.db.all("select id, sealed, created_at from mails where sealed <> '' order by created_at desc, id desc limit $1", [
    limit,
  ]);
  return rows.flatMap((row) => {
    const letter = openLetter(deps, row['id'] as string, row['sealed'] as string);
    return letter === null ? [] : [{ ...letter, at: row['created_at'] as number }];
  });
}

/** What the outbox looks like to its operator. */
export async function countLetters(db: Db): Promise<{ waiting: number; givenUp: number }> {
  const [row] = await db.all(
    `select count(case when sent_at is null and given_up_at is null then 1 end) as waiting, count(given_up_at) as given_up from mails`,
  );
  return { waiting: (row?.['waiting'] as number | undefined) ?? 0, givenUp: (row?.['given_up'] as number | undefined) ?? 0 };
}

/** When the oldest that waits was queued, in epoch milliseconds; null: none waits. */
export async function oldestWaitingLetter(db: Db): Promise<number | null> {
  const row = await one(db, 'select min(created_at) as oldest from mails where sent_at is null and given_up_at is null');
  return row?.['oldest'] as number | null;
}

/** Letters that were shown long enough, and the empty rows of those that were given up. */
export async function deleteOldLetters(db: Db, now: number, limit: number): Promise<number> {
  const rows = await db.all(
    `delete from mails where id in (
       select id from mails where sent_at <= $1 or given_up_at <= $2 limit $3
     ) returning id`,
    [now - SHOWN_FOR, now - GIVEN_UP_FOR, limit],
  );
  return rows.length;
}

/** What waits, for whoever seals it anew. */
export const SEALED_LETTERS: SealedColumn = {
  table: 'mails',
  page: async (db, form, after, limit) => {
    const rows = await db.all(
      `select id, case when sealed = '' or sealed like $1 then null else sealed end as sealed from mails where id > $2 order by id limit $3`,
      [`${form}%`, after?.[0] ?? '', limit],
    );
    return rows.map((row) => sealedTextFrom(row, ['id'], ({ id }) => sealLabel(id as string)));
  },
  replace: async (db, [id = null], before, after) => {
    return (await db.all('update mails set sealed = $3 where id = $1 and sealed = $2 returning id', [id, before, after])).length > 0;
  },
};

/** 10 s, 20 s, 40 s … 1 h, each up to a half longer, so that a server that comes back is not met by all letters in one second. */
function pauseAfter({ random }: Pick<Deps, 'random'>, tries: number): number {
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(20, tries - 1));
  return pause + Math.floor((pause / 2) * (random(2).readUInt16BE() / 65_536));
}

/** Begins with this process's own microseconds, so that letters of one millisecond keep their order. */
function orderedId({ random }: Pick<Deps, 'random'>): string {
  const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  return `${String(microseconds).padStart(17, '0')}-${random(9).toString('base64url')}`;
}

export function openLetter(deps: Pick<Deps, 'vault'>, id: string, sealed: string): Letter | null {
  const letter = tryLetter(deps, id, sealed);
  return letter === 'unknown key' ? null : letter;
}

function tryLetter({ vault }: Pick<Deps, 'vault'>, id: string, sealed: string): Letter | 'unknown key' | null {
  try {
    return JSON.parse(vault.open(sealLabel(id), sealed).toString()) as Letter;
  } catch (cause) {
    return isUnknownDataKey(cause) ? 'unknown key' : null;
  }
}
