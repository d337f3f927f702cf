import assert from 'node:assert/strict';
import { ADMIN_EXPORT_PAGES, ADMIN_EXPORTS, ADMIN_PAGES, ADMIN_PREFIX } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import type { AuditContent } from '@portico/ui/admin-views';
import { type EventFacts, recordEvent } from '../../src/audit/event.ts';
import { sealBatch } from '../../src/audit/seal.ts';
import { inWorld, MINUTE, START, type World } from '../world.ts';
import { eventOf, type Staff, staff } from './staff.ts';

const from = {
  requestId: 'request-of-the-act',
  address: '203.0.113.9',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
};
const id = (letter: string) => letter.repeat(22);
const act = (world: World, facts: EventFacts) => recordEvent(world.deps.db, world.deps, from, 'user.role_changed', facts);
const requests = async (who: Staff, query: Record<string, string>) => (await who.see('audit', { query })).items.map(({ action }) => action);

inWorld('every event newest first in pages that neither skip nor repeat, with who, whom, before and after, and its seal', async (world) => {
  const support = await staff(world, 'support');
  const target = { kind: 'user', id: support.id } as const;
  await sealBatch(world.deps);
  for (let n = 0; n < 6; n += 1) await act(world, { actorId: support.id, target, before: { n }, after: { n: n + 1 } });
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: AuditContent = await support.see('audit', { query: { limit: '4', ...(cursor === null ? {} : { cursor }) } });
    seen.push(...page.items.map((item) => item.id));
    cursor = page.next;
  } while (cursor !== null);
  const all = await world.deps.db.all('select id from events');
  assert.deepEqual([seen.length, new Set(seen).size], [all.length, all.length]);
  const { items } = await support.see('audit', { query: { action: 'user.role_changed' } });
  assert.equal(items.length, 6);
  const event = items.find(({ before }) => JSON.stringify(before) === '{"n":3}') ?? assert.fail('it is not there');
  const person = { id: support.id, email: support.email };
  assert.deepEqual([event.actor, event.user, event.target, event.after, event.seal], [person, person, target, { n: 4 }, null]);
  assert.deepEqual([event.address, event.device, event.requestId], [from.address, 'Firefox on Linux', from.requestId]);
  assert.equal((await support.see('audit', { query: { action: 'signup.completed' } })).items[0]?.seal, 1);
});

inWorld('each filter finds exactly its own: event, actor, user, site, session, target, address, request, time', async (world) => {
  const support = await staff(world, 'support');
  world.clock.advance(2 * MINUTE);
  await act(world, {
    actorId: id('a'),
    userId: id('u'),
    sessionId: id('s'),
    clientId: 'notes',
    target: { kind: 'network', id: '192.0.2.0/24' },
  });
  const found = ['user.role_changed'] as const;
  for (const query of [{ actor: id('a') }, { user: ` ${id('u')} ` }, { session: id('s') }, { client: 'notes' }, { target: '192.0.2.0/24' }])
    assert.deepEqual(await requests(support, query), found, JSON.stringify(query));
  assert.deepEqual(await requests(support, { address: '203.0.113.9' }), found);
  assert.deepEqual(await requests(support, { request: 'request-of-the-act', from: '2026-01-05T12:02', until: '2026-01-05T12:03' }), found);
  const [item] = (await support.see('audit', { query: { from: '2026-01-05T12:02' } })).items;
  assert.deepEqual(await requests(support, { event: item?.id ?? '' }), found);
  assert.ok(!(await requests(support, { until: '2026-01-05T12:02' })).includes('user.role_changed'), 'the first moment after');
  assert.equal(START, Date.UTC(2026, 0, 5, 12));
  for (const query of [
    { actor: id('u') },
    { client: 'note' },
    { target: '192.0.2.0' },
    { address: '203.0.113.90' },
    { from: '2026-01-06' },
  ])
    assert.deepEqual(await requests(support, query), [], JSON.stringify(query));
});

inWorld('a filter or cursor that is none is refused with its name', async (world) => {
  const support = await staff(world, 'support');
  const fieldsOf = async (query: Record<string, string>) => {
    const { status, body } = await support.read('audit', { query });
    return [status, body['fields']];
  };
  for (const [name, value] of [
    ['action', 'signin'],
    ['action', 'signin_failed'],
    ['actor', "1' or '1'='1"],
    ['user', 'short'],
    ['event', '%'],
    ['session', '../etc'],
    ['address', '203.0.113.0/24'],
    ['from', '2026-02-31'],
    ['until', '2026-01-06T25:00'],
    ['until', 'yesterday'],
    ['limit', '101'],
  ] as const)
    assert.deepEqual(await fieldsOf({ [name]: value }), [400, { [name]: 'malformed' }], `${name}=${value}`);
  assert.deepEqual(await fieldsOf({ sort: 'at' }), [400, { sort: 'unknown' }]);
  for (let n = 0; n < 2; n += 1) await act(world, { actorId: support.id });
  const { next } = await support.see('audit', { query: { limit: '1' } });
  assert.deepEqual(
    await fieldsOf({ cursor: next ?? '', limit: '1', actor: support.id }),
    [400, { cursor: 'malformed' }],
    'of another filter',
  );
  const user = await staff(world, 'user');
  assert.equal((await user.read('audit')).body.error, 'role_required');
});

inWorld(
  'the page shows an event with its change as text, opens the one that its address names, and links to who and what',
  async (world) => {
    const support = await staff(world, 'support');
    const hostile = '<script>alert(1)</script>';
    world.clock.advance(MINUTE);
    await act(world, {
      actorId: support.id,
      target: { kind: 'client', id: 'notes' },
      reason: hostile,
      before: { name: hostile },
      after: {},
    });
    const [item] = (await support.see('audit')).items;
    const page = await support.page(`${ADMIN_PAGES.audit}?event=${item?.id}`);
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(en.admin.audit.actions['user.role_changed']) && page.text.includes('<details open'));
    assert.ok(page.text.includes('&lt;script>alert(1)') && !page.text.includes(hostile));
    for (const link of [`/admin/users/${support.id}`, '/admin/sites/notes', '/admin/audit?request=request-of-the-act'])
      assert.ok(page.text.includes(`href="${link}"`), link);
    assert.ok(page.text.includes(en.admin.audit.waits));
    await sealBatch(world.deps);
    const sealed = await support.page(ADMIN_PAGES.audit);
    assert.ok(sealed.text.includes('Seal 1') && !sealed.text.includes('<details open'));
  },
);

inWorld('as CSV, with the same filters, for whoever may read; a formula is a text', async (world) => {
  const support = await staff(world, 'support');
  await act(world, {
    actorId: support.id,
    reason: '=HYPERLINK("http://evil.example")',
    before: { role: 'user' },
    after: { role: '@SUM(1)' },
  });
  const file = await support.browser.send('GET', `${ADMIN_PREFIX}${ADMIN_EXPORTS.audit}?request=request-of-the-act`);
  assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8');
  const [head = '', row = '', ...rest] = file.text.split('\r\n');
  assert.deepEqual(rest, ['']);
  const written = await eventOf(world, 'audit.exported');
  assert.deepEqual([written?.['actor_id'], written?.['after_json']], [support.id, '{"action":null,"filters":["request"]}']);
  assert.ok(head.startsWith('event,at,action,actor_id,actor_email,user_id,user_email,'));
  assert.ok(row.includes(`,user.role_changed,${support.id},${support.email},`), row);
  assert.ok(row.includes(`"'=HYPERLINK(""http://evil.example"")","{""role"":""user""}","{""role"":""@SUM(1)""}",203.0.113.9,`), row);
  assert.equal((await support.page(`${ADMIN_EXPORT_PAGES}${ADMIN_EXPORTS.audit}?action=key.dropped`)).text.split('\r\n').length, 2);
  const user = await staff(world, 'user');
  assert.equal((await user.browser.send('GET', `${ADMIN_PREFIX}${ADMIN_EXPORTS.audit}`)).body.error, 'role_required');
});
