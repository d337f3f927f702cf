import assert from 'node:assert/strict';
import { en } from '@portico/protocol/texts/en';
import { ACTIONS } from '../../src/audit/event.ts';
import { sealBatch } from '../../src/audit/seal.ts';
import { activityWords } from '../../src/auth/me/activity.ts';
import { deleteExpiredRows } from '../../src/jobs/delete-expired-rows.ts';
import type { Browser } from '../browser.ts';
import { DAY, inWorld, PASSWORD } from '../world.ts';

/** The name, and what happened in an account, as its owner sees it. */

interface Item {
  readonly id: string;
  readonly at: number;
  readonly action: string;
  readonly address: string;
  readonly device: string;
  readonly current: boolean;
}

async function page(browser: Browser, query: Record<string, string> = {}): Promise<{ items: readonly Item[]; next: string | null }> {
  const answered = await browser.call('myActivity', undefined, { query });
  assert.equal(answered.status, 200, answered.text);
  return answered.body as unknown as { items: readonly Item[]; next: string | null };
}

async function whole(browser: Browser, limit: string): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const read: { items: readonly Item[]; next: string | null } = await page(browser, { limit, ...(cursor === '' ? {} : { cursor }) });
    items.push(...read.items);
    cursor = read.next;
  }
  return items;
}

inWorld('the owner reads what happened, newest first, with a masked address and a device in words', async (world) => {
  const browser = world.browser({ address: '203.0.113.77' });
  await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
  world.clock.advance(1000);
  await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  const other = world.browser({ address: '203.0.113.9' });
  world.clock.advance(1000);
  await other.signIn('ada@example.com', 'wrong horse battery staple');
  world.clock.advance(1000);
  await other.signIn('ada@example.com', PASSWORD);
  const { items, next } = await page(browser);
  assert.deepEqual(
    items
      .filter(({ action }) => action !== 'signin.noticed')
      .map(({ action, address, device, current }) => [action, address, device, current]),
    [
      ['signin.succeeded', '203.0.113.x', 'Firefox on Windows', false],
      ['signin.failed', '203.0.113.x', 'Firefox on Windows', false],
      ['signup.completed', '203.0.113.x', 'Firefox on Windows', true],
      ['signup.started', '203.0.113.x', 'Firefox on Windows', true],
    ],
  );
  assert.equal(next, null);
  assert.equal(items.filter(({ action }) => action === 'signin.noticed').length, 1, 'a device that is new for the account');
  assert.ok(!JSON.stringify(items).includes('203.0.113.77'));
});

inWorld('pages neither skip nor repeat while new events arrive, many of them in one millisecond', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  for (let n = 0; n < 13; n += 1) await browser.act('me', { displayName: `Ada ${n}` }, { method: 'PATCH' });
  const all = (await whole(browser, '100')).map(({ id }) => id);
  assert.equal(new Set(all).size, 15);
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const read: { items: readonly Item[]; next: string | null } = await page(browser, { limit: '3', ...(cursor === '' ? {} : { cursor }) });
    seen.push(...read.items.map(({ id }) => id));
    cursor = read.next;
    world.clock.advance(1);
    await browser.act('me', { displayName: 'Ada' }, { method: 'PATCH' });
  }
  assert.deepEqual(seen, all);
});

inWorld('nobody reads another user’s activity, and a hostile cursor is refused', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const eve = await world.signedUp('eve@example.com');
  for (let n = 0; n < 3; n += 1) await ada.act('me', { displayName: 'Ada' }, { method: 'PATCH' });
  const { next } = await page(ada, { limit: '1' });
  const evesIds = (await whole(eve, '100')).map(({ id }) => id);
  const read = await page(eve, { cursor: next ?? '' });
  assert.ok(read.items.every(({ id }) => evesIds.includes(id)));
  for (const cursor of ['', 'x', "' or 1=1 --", '1.', `${'z'.repeat(11)}.${'A'.repeat(22)}`, 'A'.repeat(22), `-1.${'A'.repeat(22)}`])
    assert.equal((await ada.call('myActivity', undefined, { query: { cursor } })).status, 400, cursor);
  for (const limit of ['0', '101', '-1', 'all'])
    assert.equal((await ada.call('myActivity', undefined, { query: { limit } })).status, 400, limit);
});

inWorld('every action has words, and no word is left without an action', async () => {
  assert.deepEqual(Object.keys(activityWords(en)).sort(), [...ACTIONS].sort());
});

inWorld('an event goes when its time is over, and a cursor that named it still works', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  await sealBatch(world.deps);
  world.clock.advance(29 * DAY);
  await browser.refresh();
  for (let n = 0; n < 3; n += 1) await browser.act('me', { displayName: 'Ada' }, { method: 'PATCH' });
  const { next } = await page(browser, { limit: '3' });
  assert.notEqual(next, null);
  const late = { ...world.deps, config: { ...world.deps.config, eventLife: 28 * DAY } };
  await deleteExpiredRows(late, new AbortController().signal);
  assert.deepEqual(
    (await whole(browser, '100')).map(({ action }) => action),
    ['profile.changed', 'profile.changed', 'profile.changed'],
  );
  assert.deepEqual((await page(browser, { cursor: next ?? '' })).items, []);
});

inWorld('the name changes as a sign-up takes it: one line of at most 80 characters, or none', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const changed = await browser.act('me', { displayName: '  Ada Lovelace ' }, { method: 'PATCH' });
  assert.deepEqual([changed.status, changed.body['displayName']], [200, 'Ada Lovelace']);
  assert.equal((await browser.call('me')).body['displayName'], 'Ada Lovelace');
  assert.equal(((await browser.refresh()).body['user'] as { displayName: string }).displayName, 'Ada Lovelace');
  for (const displayName of ['x'.repeat(81), 'two\nlines', 'nul\u0000', 7, null, undefined])
    assert.equal((await browser.act('me', { displayName }, { method: 'PATCH' })).status, 400, String(displayName));
  assert.equal((await browser.act('me', { displayName: '' }, { method: 'PATCH' })).body['displayName'], '');
});
