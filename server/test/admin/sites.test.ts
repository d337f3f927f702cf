import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { fillClientSearchKeys } from '../../src/clients/client.ts';
import { type ListedClient, listClientsPage } from '../../src/clients/client-list.ts';
import { disableClient } from '../../src/clients/retire-client.ts';
import { OPERATOR, register } from '../clients/registered.ts';
import { inWorld, type World } from '../world.ts';
import { staff } from './staff.ts';

const site = (world: World, name: string, id: string, more: object = {}) =>
  register(world, { name, id, kind: 'web', redirectUris: [`https://${id.toLowerCase()}.example/cb`], ...more });

inWorld('client sites stand in the order of their names on both databases, page by page; Portico itself is none', async (world) => {
  const admin = await staff(world, 'support');
  assert.deepEqual((await admin.see('sites')).items, []);
  const page = await admin.page(ADMIN_PAGES.sites);
  assert.ok(page.text.includes('There is no client site yet') && !page.text.includes(`href="${ADMIN_PAGES.newSite}"`));
  for (const [name, id] of [
    ['Éclair', 'b'],
    ['snake', 'd'],
    ['Zebra', 'a'],
    ['Snake', 'c'],
    ['aardvark', 'e'],
  ] as const)
    await site(world, name, id);
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await admin.see('sites', { query: { limit: '2', ...(cursor === undefined ? {} : { cursor }) } });
    all.push(...items.map(({ clientId }) => clientId));
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(all, ['e', 'c', 'd', 'a', 'b'], 'two of one name by their ids');
});

inWorld(
  'sites are found by the beginning of a name in any case, by a whole id, by kind and by whether they are in service',
  async (world) => {
    const admin = await staff(world, 'admin');
    await site(world, 'Notes', 'shop');
    await site(world, 'Notes for teams', 'x_1');
    await site(world, 'My notes', 'x-2');
    await register(world, { name: 'Robot', id: 'robot', kind: 'machine' });
    await disableClient(world.deps, OPERATOR, 'x-2');
    const found = async (query: Record<string, string>) => (await admin.see('sites', { query })).items.map(({ clientId }) => clientId);
    assert.deepEqual(await found({ search: 'nOTES' }), ['shop', 'x_1']);
    assert.deepEqual(await found({ search: 'x_1' }), ['x_1']);
    assert.deepEqual(await found({ search: 'otes' }), [], 'not in the middle');
    assert.deepEqual(await found({ search: '%' }), []);
    assert.deepEqual(await found({ search: 'portico' }), [], 'our own pages are no client site');
    assert.deepEqual(await found({ kind: 'machine' }), ['robot']);
    assert.deepEqual(await found({ state: 'disabled' }), ['x-2']);
    assert.deepEqual(await found({ state: 'active', kind: 'web' }), ['shop', 'x_1']);
    const [item] = (await admin.see('sites', { query: { state: 'disabled' } })).items;
    assert.deepEqual(item, {
      clientId: 'x-2',
      name: 'My notes',
      kind: 'web',
      disabledAt: world.clock.now(),
      createdAt: world.clock.now(),
    });
  },
);

inWorld('what no list of sites can be asked is refused with the field', async (world) => {
  const admin = await staff(world, 'support');
  for (const query of [
    { kind: 'game' },
    { state: 'gone' },
    { search: 'x'.repeat(81) },
    { search: 'a\u0000' },
    { limit: '0' },
    { cursor: 'x' },
  ]) {
    const { status, body } = await admin.read('sites', { query });
    assert.deepEqual([status, body['fields']], [400, { [Object.keys(query)[0] ?? '']: 'malformed' }]);
  }
  for (const n of [1, 2]) await site(world, `Site ${n}`, `s${n}`);
  const { next } = await admin.see('sites', { query: { limit: '1', kind: 'web' } });
  assert.equal((await admin.read('sites', { query: { limit: '1', kind: 'spa', cursor: next ?? '' } })).status, 400, 'another filter');
});

inWorld('a hostile name is a text in the list, and a site links to its own page', async (world) => {
  const admin = await staff(world, 'admin');
  await site(world, '<img src=x onerror=alert(1)>', 'evil');
  const page = await admin.page(ADMIN_PAGES.sites);
  assert.ok(page.text.includes('&lt;img src=x') && !page.text.includes('<img src=x'));
  assert.ok(page.text.includes('href="/admin/sites/evil"') && page.text.includes(en.admin.sites.add));
});

inWorld('sites from before there was a list are found after the next start', async (world) => {
  await site(world, 'Old one', 'old');
  await world.deps.db.all(`update clients set name_search = ''`);
  const found = async (): Promise<ListedClient[]> =>
    listClientsPage(world.deps.db, { search: 'old o', kind: null, disabled: null }, { after: null, limit: 5 });
  assert.deepEqual(await found(), []);
  await fillClientSearchKeys(world.deps.db);
  assert.deepEqual(
    (await found()).map(({ id }) => id),
    ['old'],
  );
});
