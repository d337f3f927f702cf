import assert from 'node:assert/strict';
import { insertIdentity, readProviderTokens, saveProviderTokens, takeProviderTokens } from '../../src/accounts/identity.ts';
import { resealOlderSecrets } from '../../src/jobs/reseal-secrets.ts';
import { listDataKeyAges, progressOf } from '../../src/keys/data-key.ts';
import { keepKeys } from '../../src/keys/keep-keys.ts';
import { resealSecrets } from '../../src/keys/reseal-secrets.ts';
import { reloadKeyring } from '../../src/keys/rotate-keys.ts';
import { claimLetters, queueLetter } from '../../src/mail/outbox.ts';
import { masterKeyIdOf } from '../../src/platform/master-key.ts';
import { createVault } from '../../src/platform/vault.ts';
import { rounds } from '../counts.ts';
import { sessionOf } from '../families.ts';
import { inWorld, MINUTE, type World } from '../world.ts';
import { formsIn, NEVER, nextKey, resealed, rotatedTo } from './rotated.ts';

const PEOPLE = rounds(12, 200);
const token = (n: number, turn: number) => ({ accessToken: `token ${n} ${turn}`, refreshToken: null, expiresAt: null });
const letter = (n: number) => ({ kind: 'code', to: `person${n}@example.com`, subject: 's', text: `letter ${n}`, html: '' }) as const;
const smtp = { config: { smtpUrl: 'smtp://127.0.0.1:25' } };

/** People who each have tokens of a provider, and a letter that waits. */
async function people({ deps }: World): Promise<string[]> {
  const ids = Array.from({ length: PEOPLE }, (_, n) => `user-${n}`);
  for (const [n, id] of ids.entries()) {
    await deps.db.all(
      "insert into users (id, email, email_key, display_name, role, uv, created_at) values ($1, $2, $2, 'x', 'user', 1, 1)",
      [id, `person${n}@example.com`],
    );
    await insertIdentity(deps.db, deps, { provider: 'github', subject: `${n}`, userId: id, label: 'x', tokens: token(n, 0), now: 1 });
    await queueLetter(deps.db, deps, letter(n));
  }
  return ids;
}

inWorld(
  'while everything is sealed anew others write, take and send: nothing is lost, given twice, or put back to what it was',
  async (world) => {
    const { db } = world.deps;
    const ids = await people(world);
    await rotatedTo(nextKey(), world);
    // A node that has not read the new key still seals with the one before.
    const behind = { ...world.deps, vault: createVault(world.deps.vault.dataKeys().slice(0, 1), world.deps.now) };
    let done = false;
    const sealing = (async () => {
      for (;;) {
        const { resealed: changed, left } = await resealSecrets(world.deps, { atATime: 5 });
        if (done && changed + left === 0) return;
      }
    })();
    const taken = await Promise.all(
      ids.map(async (id, n) => {
        const identity = { provider: 'github', subject: `${n}` };
        if (n % 3 === 0) {
          for (const turn of [1, 2, 3]) await saveProviderTokens(db, turn % 2 === 0 ? world.deps : behind, identity, token(n, turn));
          return null;
        }
        if (n % 3 === 1) return Promise.all([1, 2, 3].map(() => takeProviderTokens(db, world.deps, id, 'github')));
        await queueLetter(db, behind, letter(PEOPLE + n));
        return null;
      }),
    );
    const claimed = await Promise.all([claimLetters(world.deps, 5), claimLetters(world.deps, 5)]);
    done = true;
    await sealing;
    for (const [n, id] of ids.entries()) {
      const kept = await readProviderTokens(db, world.deps, id, 'github');
      const given = taken[n]?.filter((one) => one !== null) ?? [];
      if (n % 3 === 0) assert.deepEqual(kept, token(n, 3), 'the last that was written');
      if (n % 3 === 1) assert.deepEqual([kept, given], [null, [token(n, 0)]], 'given once');
      if (n % 3 === 2) assert.deepEqual(kept, token(n, 0));
    }
    const texts = (await world.mails()).map(({ text }) => text);
    const expected = ids.flatMap((_, n) => (n % 3 === 2 ? [`letter ${n}`, `letter ${PEOPLE + n}`] : [`letter ${n}`]));
    assert.deepEqual(texts.sort(), expected.sort());
    assert.equal(new Set(claimed.flat().map(({ id }) => id)).size, 10);
    assert.deepEqual([...new Set(Object.values(await formsIn(world)).flat())], ['v2.1']);
  },
  smtp,
);

inWorld('the job seals anew, leaves what nothing opens, says when it is done, and then rests until the next change', async (world) => {
  const { db } = world.deps;
  await people(world);
  const progress = async () => progressOf(await listDataKeyAges(db), world.deps.vault.currentId());
  await resealOlderSecrets(world.deps, NEVER);
  assert.equal(await progress(), null, 'there is nothing to seal anew');
  await db.all("update mails set sealed = 'v1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA' where id = (select min(id) from mails)");
  await rotatedTo(nextKey(), world);
  await resealOlderSecrets(world.deps, NEVER);
  assert.deepEqual(await progress(), { state: 'resealing', newest: 1, left: null }, 'a node may still seal with the key of before');
  assert.deepEqual([...new Set(Object.values(await formsIn(world)).flat())].sort(), ['v1', 'v2.1']);
  await resealed(world);
  assert.deepEqual(await progress(), { state: 'done', newest: 1, left: 0 });
  assert.deepEqual(await resealSecrets(world.deps), { resealed: 0, left: 0, broken: 1 });
  // Whoever asks is stopped between two pages.
  const stopped = new AbortController();
  stopped.abort();
  await rotateOnce(world);
  await resealOlderSecrets(world.deps, stopped.signal);
  assert.equal((await progress())?.state, 'resealing');
  await resealed(world);
  assert.deepEqual(await progress(), { state: 'done', newest: 2, left: 0 });
});

/** The next change begins when the one before has ended; here its copies are simply taken away. */
async function rotateOnce(world: World): Promise<void> {
  await world.deps.db.all('delete from data_keys where master_key_id <> $1', [masterKeyIdOf(world.deps.config.masterKey)]);
  await rotatedTo(nextKey(), world);
}

inWorld(
  'a node that meets a data key which it does not know reads the keys at once, and gives nothing up meanwhile',
  async (world) => {
    const { db } = world.deps;
    const ada = await world.signedUp('ada@example.com');
    const { userId } = await sessionOf(world, ada);
    const behind = { ...world.deps, vault: createVault(world.deps.vault.dataKeys(), world.deps.now) };
    await rotatedTo(nextKey(), world);
    await insertIdentity(db, world.deps, {
      provider: 'github',
      subject: '17',
      userId: userId ?? '',
      label: 'x',
      tokens: token(1, 1),
      now: 1,
    });
    await queueLetter(db, world.deps, letter(7));
    const before = (await db.all('select id from mails where given_up_at is null')).length;

    const refused = (error: unknown) => (error as { code?: string }).code === 'unavailable';
    await assert.rejects(takeProviderTokens(db, behind, userId ?? '', 'github'), refused, '503, and they stay');
    const first = await claimLetters(behind, 50);
    assert.ok(!first.some(({ letter: { text } }) => text === 'letter 7'));
    assert.equal((await db.all('select id from mails where given_up_at is null')).length, before, 'no letter is given up');

    const keeping = keepKeys(behind);
    try {
      const { promise: read, resolve } = Promise.withResolvers<void>();
      const replace = behind.vault.replace;
      Object.assign(behind.vault, { replace: (...keys: Parameters<typeof replace>) => (replace(...keys), resolve()) });
      await assert.rejects(readProviderTokens(db, behind, userId ?? '', 'github'), refused);
      await read;
      assert.deepEqual(await takeProviderTokens(db, behind, userId ?? '', 'github'), token(1, 1));
    } finally {
      keeping.stop();
    }
    world.clock.advance(MINUTE);
    assert.ok(
      (await claimLetters(behind, 50)).some(({ letter: { text } }) => text === 'letter 7'),
      'it goes a minute later',
    );
    await reloadKeyring(behind);
  },
  smtp,
);

inWorld('what changes between the reading and the writing of a row is neither sealed back nor missed', async (world) => {
  const { db } = world.deps;
  const [id = ''] = await people(world);
  await rotatedTo(nextKey(), world);
  const identity = { provider: 'github', subject: '0' };
  /** Does something once, right after the first statement about identities has read. */
  const tapped = (work: () => Promise<unknown>): World['deps'] => {
    let done = false;
    const all: typeof db.all = async (sql, values) => {
      const rows = await db.all(sql, values);
      if (!done && sql.startsWith('select') && sql.includes('sealed_tokens')) {
        done = true;
        await work();
      }
      return rows;
    };
    return { ...world.deps, db: { ...db, all } };
  };
  const pass = await resealSecrets(tapped(() => saveProviderTokens(db, world.deps, identity, token(0, 9))));
  assert.equal(pass.left, 1);
  assert.deepEqual(await readProviderTokens(db, world.deps, id, 'github'), token(0, 9));
  const again = tapped(() => saveProviderTokens(db, world.deps, identity, token(0, 10)));
  assert.deepEqual(await takeProviderTokens(again.db, again, id, 'github'), token(0, 10));
});
