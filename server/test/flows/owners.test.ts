import assert from 'node:assert/strict';
import { Refusal } from '@portico/protocol/errors';
import type { Role } from '@portico/protocol/tokens';
import { changeRole } from '../../src/accounts/change-role.ts';
import { reinstateUser, suspendUser } from '../../src/accounts/suspend-user.ts';
import type { Browser } from '../browser.ts';
import { claimsOf, everything } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** Who may do what in Portico itself, and that somebody is always left to decide it. */

const OPERATOR = { requestId: 'operator', address: '', userAgent: 'portico' };
const idOf = async (browser: Browser) => String((await browser.call('me')).body['id']);
const owners = async ({ deps }: World) =>
  (await deps.db.all("select id from users where role = 'owner' and suspended_at is null")).map((row) => String(row['id']));
const give = (world: World, userId: string, role: Role) => changeRole(world.deps, OPERATOR, { userId, role });
const refused = (code: string) => (cause: unknown) => cause instanceof Refusal && cause.code === code;

async function owner(world: World, email: string): Promise<{ browser: Browser; userId: string }> {
  const browser = await world.signedUp(email);
  const userId = await idOf(browser);
  await give(world, userId, 'owner');
  return { browser, userId };
}

inWorld('a role that is given arrives with the next refresh; one that is taken is gone from every token at once', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const userId = await idOf(ada);
  const before = claimsOf((await ada.refresh()).body['accessToken']);
  const given = await changeRole(world.deps, OPERATOR, { userId, role: 'admin', actorId: 'somebody' });
  assert.deepEqual(given, { before: 'user', after: 'admin', lowered: false });
  const token = String((await ada.refresh()).body['accessToken']);
  assert.deepEqual([claimsOf(token).role, claimsOf(token).uv], ['admin', before.uv], 'more rights sign nobody out');

  const taken = await changeRole(world.deps, OPERATOR, { userId, role: 'support', actorId: 'somebody' });
  assert.deepEqual(taken, { before: 'admin', after: 'support', lowered: true });
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await world.browser().call('me', undefined, { headers })).status, 401, 'the token that says admin');
  const renewed = claimsOf((await ada.refresh()).body['accessToken']);
  assert.deepEqual([renewed.role, renewed.uv], ['support', before.uv + 1]);

  const unchanged = await everything(world);
  assert.equal((await give(world, userId, 'support')).lowered, false);
  await assert.rejects(give(world, 'A'.repeat(22), 'owner'), refused('not_found'));
  assert.deepEqual(await everything(world), unchanged, 'the same role again, and nobody’s, write nothing');
  const events = await world.deps.db.all(
    "select actor_id, user_id, before_json, after_json from events where action = 'user.role_changed' order by before_json",
  );
  assert.deepEqual(
    events.map((row) => [row['actor_id'], row['user_id'], row['before_json'], row['after_json']]),
    [
      ['somebody', userId, '{"role":"admin"}', '{"role":"support"}'],
      ['somebody', userId, '{"role":"user"}', '{"role":"admin"}'],
    ],
  );
});

inWorld('the last owner keeps the role, the account and the way in, and is told why; a suspended owner is none', async (world) => {
  const ada = await owner(world, 'ada@example.com');
  const eve = await owner(world, 'eve@example.com');
  assert.ok(await suspendUser(world.deps, OPERATOR, { userId: eve.userId }));
  const before = await everything(world);
  for (const role of ['admin', 'support', 'user'] as const) await assert.rejects(give(world, ada.userId, role), refused('last_owner'));
  await assert.rejects(suspendUser(world.deps, OPERATOR, { userId: ada.userId }), refused('last_owner'));
  const kept = await ada.browser.act('me', { confirm: 'ada@example.com' }, { method: 'DELETE' });
  assert.deepEqual([kept.status, kept.body.error], [409, 'last_owner']);
  assert.deepEqual(await everything(world), before, 'nothing was written');

  assert.ok(await reinstateUser(world.deps, OPERATOR, { userId: eve.userId }));
  assert.equal((await ada.browser.act('me', { confirm: 'ada@example.com' }, { method: 'DELETE' })).status, 204);
  assert.deepEqual(await owners(world), [eve.userId]);
});

onTwoNodes('of owners who demote, suspend or delete one another at the same moment exactly one stays', async (first, second) => {
  const two = { one: await owner(first, 'ada@example.com'), other: await owner(first, 'eve@example.com') };
  const remove = ({ browser }: typeof two.one, email: string) => browser.act('me', { confirm: email }, { method: 'DELETE' });
  const ways: readonly (() => Promise<unknown>)[] = [
    () => give(first, two.one.userId, 'user'),
    () => suspendUser(second.deps, OPERATOR, { userId: two.other.userId }),
    () => give(second, two.other.userId, 'admin'),
    () => suspendUser(first.deps, OPERATOR, { userId: two.one.userId }),
    () => remove(two.one, 'ada@example.com'),
    () => remove(two.other, 'eve@example.com'),
  ];
  await Promise.allSettled(Array.from({ length: 18 }, async (_, at) => ways[at % ways.length]?.()));
  assert.equal((await owners(first)).length, 1);
});

inWorld('of six owners who all step down at the same moment one is left', async (world) => {
  const userIds: string[] = [];
  for (let at = 0; at < 6; at += 1) userIds.push((await owner(world, `owner${at}@example.com`)).userId);
  const all = await Promise.allSettled(userIds.map((userId) => give(world, userId, 'user')));
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 5);
  assert.equal((await owners(world)).length, 1);
  assert.equal((await world.browser().signIn('owner0@example.com', PASSWORD)).body['status'], 'VERIFIED');
});
