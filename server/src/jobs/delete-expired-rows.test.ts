import assert from 'node:assert/strict';
import { bareDeps } from '../../test/bare-deps.ts';
import { forEachDatabase } from '../../test/databases.ts';
import { DAY, HOUR, MINUTE } from '../../test/world.ts';
import { parseEmail } from '../accounts/email.ts';
import { makeInvitation } from '../accounts/invitation.ts';
import { countTry } from '../guessing/counter.ts';
import { makeMailLink } from '../mail/mail-link.ts';
import { queueLetter } from '../mail/outbox.ts';
import type { Db } from '../platform/db.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { insertSession } from '../sessions/session.ts';
import { deleteExpiredRows } from './delete-expired-rows.ts';
import { deleteExpiredUnverified } from './delete-expired-unverified-sessions.ts';
import { DELETE_BATCH } from './delete-in-batches.ts';

const never = new AbortController().signal;
const from = { requestId: 'r', address: '192.0.2.1', userAgent: 'test' };
const letter = { to: 'ada@example.com', subject: 'Hello', text: 'Hello', html: 'Hello' };

async function countOf(db: Db, table: string): Promise<unknown> {
  const [row] = await db.all(`select count(*) as n from ${table}`);
  return row?.['n'];
}

forEachDatabase('what has expired goes, however much it is, and what has not stays', async (open) => {
  const db = await open();
  const { deps, clock } = await bareDeps(db);
  const limit = { name: 'test', max: 1, window: HOUR };
  await db.transaction(async (tx) => {
    for (let n = 0; n < 2 * DELETE_BATCH + 1; n++) await countTry(tx, limit, `old${n}`, clock.now());
  });
  await insertRevocation(db, deps, { kind: 'sid', subject: 'old', minimumUv: null });
  await queueLetter(db, deps, letter);
  await makeMailLink(db, deps, { purpose: 'reset_password', life: HOUR });
  await makeMailLink(db, deps, { purpose: 'undo_email', life: 7 * DAY });
  for (const address of ['ada@example.com', 'bob@example.com']) {
    const email = parseEmail(address);
    if (email !== null) await makeInvitation(db, address.startsWith('bob') ? deps : { ...deps, now: () => clock.now() - 7 * DAY }, email);
  }
  clock.advance(DAY);
  await countTry(db, limit, 'new', clock.now());
  await insertRevocation(db, deps, { kind: 'sid', subject: 'new', minimumUv: null });
  await queueLetter(db, deps, letter);
  await deleteExpiredRows(deps, never);
  assert.deepEqual([await countOf(db, 'counters'), await countOf(db, 'revocations'), await countOf(db, 'mails')], [1, 1, 1]);
  assert.deepEqual([await countOf(db, 'mail_links'), await countOf(db, 'invitations')], [1, 1]);
});

forEachDatabase('a table that cannot be cleaned keeps no other from it, and the job says that it failed', async (open) => {
  const db = await open();
  const { deps, clock } = await bareDeps(db);
  await countTry(db, { name: 'test', max: 1, window: MINUTE }, 'old', clock.now());
  await insertRevocation(db, deps, { kind: 'sid', subject: 'old', minimumUv: null });
  clock.advance(DAY);
  const failing: Db = {
    ...db,
    all: (sql, values) => (sql.startsWith('delete from counters') ? Promise.reject(new Error('disk I/O error')) : db.all(sql, values)),
  };
  await assert.rejects(deleteExpiredRows({ ...deps, db: failing }, never), AggregateError);
  assert.deepEqual([await countOf(db, 'counters'), await countOf(db, 'revocations')], [1, 0]);
});

forEachDatabase('a sign-in that waited for its code until its time was over goes, one that still waits stays', async (open) => {
  const db = await open();
  const { deps, clock } = await bareDeps(db);
  const waiting = (hash: string, expiresAt: number) =>
    insertSession(db, deps, from, {
      userId: null,
      state: 'unverified',
      persistence: 'kept',
      amr: ['pwd'],
      authTime: clock.now(),
      waitingHash: hash,
      expiresAt,
    });
  await waiting('first', clock.now() + 12 * HOUR);
  const second = await waiting('second', clock.now() + 12 * HOUR + 1);
  clock.advance(12 * HOUR);
  await deleteExpiredUnverified(deps, never);
  assert.deepEqual(
    (await db.all('select id from sessions')).map((row) => row['id']),
    [second.id],
  );
});
