import assert from 'node:assert/strict';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { familyOf } from '../../test/families.ts';
import { inWorld, MINUTE } from '../../test/world.ts';
import { type Family, findFamily, type Rotation, rotateFamily } from './refresh-token.ts';

/**
 * PostgreSQL takes the rotations of one turn of the event loop in one statement, written a second time. It must ask everything that the
 * single one asks, of each row by itself.
 */

type Spoiled = (family: Family) => Partial<Rotation>;

/** What keeps a family from rotating: something in the request, or a column that another statement changed a moment ago. */
const BY_REQUEST: Readonly<Record<string, Spoiled>> = {
  'another client': () => ({ clientId: 'space-snake' }),
  'an older generation': ({ gen }) => ({ gen: gen - 1 }),
  'a newer generation': ({ gen }) => ({ gen: gen + 1 }),
  'another secret': ({ id }) => ({ hash: id }),
  'another device': ({ id }) => ({ deviceHash: id }),
  'no device': () => ({ deviceHash: '' }),
};
const BY_ROW: Readonly<Record<string, string>> = {
  held: `state = 'held'`,
  revoked: `state = 'revoked'`,
  replaced: `state = 'replaced'`,
  expired: 'expires_at = $2',
  idle: 'idle_at = $2',
  'bound to a key': `dpop_key = 'thumbprint'`,
};

inWorld('of families that rotate in one turn each is judged by itself', async (world) => {
  const { db } = world.deps;
  const names = ['sound', ...Object.keys(BY_REQUEST), ...Object.keys(BY_ROW), 'sound too'];
  const families: Family[] = [];
  for (const [at] of names.entries()) {
    const browser = await world.signedUp(`ada${at}@example.com`);
    await browser.refresh();
    families.push(await familyOf(world, browser));
  }
  world.clock.advance(MINUTE);
  const now = world.deps.now();
  for (const [at, name] of names.entries()) {
    const change = BY_ROW[name];
    if (change === undefined) continue;
    // Twice the same placeholder would have no type where only one is used.
    const values = change.includes('$2') ? [families[at]?.id ?? '', now] : [families[at]?.id ?? ''];
    await db.all(`update refresh_tokens set ${change} where id = $1`, values);
  }
  const asked = families.map((family, at): Rotation => {
    const honest = {
      familyId: family.id,
      clientId: FIRST_PARTY_CLIENT,
      gen: family.gen,
      hash: family.curHash,
      nextHash: `next of ${at}`,
      slot: String(at).padStart(22, 'a'),
      deviceHash: family.deviceHash ?? '',
      dpopKey: '',
      now,
      idleAt: now + MINUTE + at,
    };
    return { ...honest, ...BY_REQUEST[names[at] ?? '']?.(family) };
  });

  const answers = await Promise.all(asked.map((rotation) => rotateFamily(db, rotation)));
  for (const [at, name] of names.entries()) {
    const [before, after] = [families[at], await findFamily(db, families[at]?.id ?? '')];
    assert.ok(before !== undefined && after !== null);
    if (!name.startsWith('sound')) {
      assert.equal(answers[at], null, name);
      assert.deepEqual([after.gen, after.curHash, after.ring], [before.gen, before.curHash, before.ring], name);
      continue;
    }
    assert.equal(answers[at]?.['session_id'], before.sessionId, name);
    assert.deepEqual(
      [after.gen, after.curHash, after.ring, after.rotatedAt, after.idleAt],
      [before.gen + 1, `next of ${at}`, String(at).padStart(22, 'a') + before.ring.slice(0, 66), now, now + MINUTE + at],
      name,
    );
  }
});
