import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { bareDeps } from '../../test/bare-deps.ts';
import { forEachDatabase } from '../../test/databases.ts';
import { DAY, HOUR, MINUTE } from '../../test/world.ts';
import { createFirstVault } from '../platform/vault.ts';
import {
  CLAIM_LIFE,
  claimLetters,
  countLetters,
  deleteOldLetters,
  GIVE_UP_AFTER,
  giveUpLetter,
  letterFailed,
  letterSent,
  newestLetters,
  queueLetter,
} from './outbox.ts';

const smtpUrl = 'smtp://127.0.0.1:1';
const letterTo = (to: string) => ({ to, subject: 'canary-subject', text: 'canary-code 12345678', html: '<p>canary-code</p>' });

forEachDatabase('a queued letter lies sealed in the database, and opens again', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl });
  await queueLetter(db, deps, letterTo('ada@example.com'));
  const rows = JSON.stringify(await db.all('select * from mails'));
  for (const secret of ['canary', '12345678', 'ada@', 'example.com']) assert.ok(!rows.includes(secret), secret);
  const [claimed] = await claimLetters(deps, 10);
  assert.deepEqual(claimed?.letter, letterTo('ada@example.com'));
});

forEachDatabase('a letter that was rolled back with its act never existed', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl });
  const act = db.transaction(async (tx) => {
    await queueLetter(tx, deps, letterTo('ada@example.com'));
    throw new Error('the act failed');
  });
  await assert.rejects(act, /the act failed/);
  assert.deepEqual(await claimLetters(deps, 10), []);
});

forEachDatabase('twenty claimers at once take every letter exactly once', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl });
  for (let n = 0; n < 50; n++) await queueLetter(db, deps, letterTo(`n${n}@example.com`));
  const claims = (await Promise.all(Array.from({ length: 20 }, () => claimLetters(deps, 5)))).flat();
  const rest = await claimLetters(deps, 100);
  const to = [...claims, ...rest].map(({ letter }) => letter.to);
  assert.equal(to.length, 50);
  assert.equal(new Set(to).size, 50);
  assert.ok(claims.length >= 5);
});

forEachDatabase('a claim ends after a minute, and what its late holder then reports about a failure changes nothing', async (open) => {
  const db = await open();
  const { deps, clock } = await bareDeps(db, { smtpUrl });
  await queueLetter(db, deps, letterTo('ada@example.com'));
  const [late] = await claimLetters(deps, 1);
  clock.advance(CLAIM_LIFE - 1);
  assert.deepEqual(await claimLetters(deps, 1), []);
  clock.advance(1);
  const [next] = await claimLetters(deps, 1);
  assert.ok(late !== undefined && next !== undefined);
  assert.equal(next.id, late.id);
  await letterFailed(deps, late, new Error('late'));
  await giveUpLetter(deps, late, 'late');
  clock.advance(CLAIM_LIFE - 1);
  assert.deepEqual(await claimLetters(deps, 1), []);
  clock.advance(1);
  assert.equal((await claimLetters(deps, 1)).length, 1);
});

forEachDatabase('a sent letter leaves nothing behind', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl });
  await queueLetter(db, deps, letterTo('ada@example.com'));
  const [claimed] = await claimLetters(deps, 1);
  assert.ok(claimed);
  await letterSent(db, claimed);
  assert.deepEqual(await db.all('select id from mails'), []);
});

forEachDatabase(
  'a letter is tried again after ten seconds, then ever later, at least every ninety minutes, and erased after 48 hours',
  async (open) => {
    const db = await open();
    const { deps, clock, entries } = await bareDeps(db, { smtpUrl });
    const began = clock.now();
    await queueLetter(db, deps, letterTo('ada@example.com'));
    const pauses: number[] = [];
    for (let next: number | null = began; next !== null; ) {
      clock.advance(next - clock.now());
      const [claimed] = await claimLetters(deps, 1);
      assert.ok(claimed, `nothing to claim after ${pauses.length} pauses`);
      next = await letterFailed(deps, claimed, new Error('ECONNREFUSED'));
      if (next !== null) pauses.push(next - clock.now());
    }
    for (const [at, pause] of pauses.entries()) {
      const least = Math.min(HOUR, 10_000 * 2 ** at);
      assert.ok(pause >= least && pause < 1.5 * least, `pause ${at} is ${pause} ms`);
    }
    assert.ok(clock.now() - began > GIVE_UP_AFTER - 1.5 * HOUR && clock.now() - began <= GIVE_UP_AFTER);
    assert.deepEqual(await db.all("select id from mails where sealed <> ''"), []);
    assert.deepEqual(await countLetters(db), { waiting: 0, givenUp: 1 });
    assert.equal(entries.filter(({ level }) => level === 'error').length, 1);
    assert.ok(!JSON.stringify(entries).includes('canary'));
    clock.advance(7 * DAY);
    assert.deepEqual([await claimLetters(deps, 1), await deleteOldLetters(db, clock.now(), 500)], [[], 1]);
  },
);

forEachDatabase('letters that fail together do not come back together', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl });
  for (let n = 0; n < 20; n++) await queueLetter(db, deps, letterTo(`n${n}@example.com`));
  const claims = await claimLetters(deps, 20);
  const moments = await Promise.all(claims.map((claim) => letterFailed(deps, claim, new Error('down'))));
  assert.ok(new Set(moments).size > 10);
});

forEachDatabase(
  'without a mail server letters are shown, newest first, for a day, and never sent by one that is set later',
  async (open) => {
    const db = await open();
    const { deps, clock } = await bareDeps(db);
    for (const name of ['ada', 'bob', 'cyd', 'dan']) await queueLetter(db, deps, letterTo(`${name}@example.com`));
    clock.advance(MINUTE);
    await queueLetter(db, deps, letterTo('eve@example.com'));
    const shown = await newestLetters(deps, 3);
    assert.deepEqual(
      shown.map(({ to }) => to),
      ['eve@example.com', 'dan@example.com', 'cyd@example.com'],
    );
    assert.equal(shown[0]?.at, clock.now());
    const later = await bareDeps(db, { smtpUrl }, clock);
    assert.deepEqual(await claimLetters(later.deps, 10), []);
    clock.advance(DAY - MINUTE);
    assert.equal(await deleteOldLetters(db, clock.now(), 500), 4);
    clock.advance(MINUTE);
    assert.equal(await deleteOldLetters(db, clock.now(), 500), 1);
  },
);

forEachDatabase('a letter sealed under another master key is given up and said so, and the others go', async (open) => {
  const db = await open();
  const { deps: old } = await bareDeps(db, { smtpUrl });
  await queueLetter(db, old, letterTo('ada@example.com'));
  const entries: string[] = [];
  const log = { ...old.log, error: (_: object, sentence: string) => void entries.push(sentence) };
  const deps = { ...old, log, vault: createFirstVault(randomBytes(32), old.now) };
  await queueLetter(db, deps, letterTo('bob@example.com'));
  assert.deepEqual(
    (await claimLetters(deps, 10)).map(({ letter }) => letter.to),
    ['bob@example.com'],
  );
  assert.deepEqual(entries, ['a letter was given up']);
  assert.deepEqual(
    (await newestLetters(deps, 10)).map(({ to }) => to),
    ['bob@example.com'],
  );
});

forEachDatabase('a sealed letter that was moved to another row does not open', async (open) => {
  const db = await open();
  const { deps } = await bareDeps(db, { smtpUrl });
  await queueLetter(db, deps, letterTo('ada@example.com'));
  await queueLetter(db, deps, letterTo('eve@example.com'));
  const [first, second] = await db.all('select id, sealed from mails order by id');
  assert.ok(first && second);
  await db.all('update mails set sealed = $2 where id = $1', [second['id'] ?? '', first['sealed'] ?? '']);
  assert.equal((await claimLetters(deps, 10)).length, 1);
});
