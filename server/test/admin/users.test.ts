import assert from 'node:assert/strict';
import { ADMIN_EXPORT_PAGES, ADMIN_EXPORTS, ADMIN_PAGES, ADMIN_PREFIX } from '@portico/protocol/admin';
import { parseEmail } from '../../src/accounts/email.ts';
import { allowSignUp } from '../../src/accounts/sign-up-policy.ts';
import { findUser, insertVerifiedUser, markUserSuspended, moveUser, renameUser, restoreUser, saveRole } from '../../src/accounts/user.ts';
import { indexUsers } from '../../src/jobs/index-users.ts';
import { searchKey } from '../../src/platform/listing.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { inWorld, type World } from '../world.ts';
import { eventOf, type Staff, staff } from './staff.ts';

/** Somebody who has an account, without the way that led there; a second younger than the one before. */
async function person({ deps, clock }: World, email: string, name = ''): Promise<string> {
  clock.advance(1000);
  const user = await insertVerifiedUser(deps.db, deps, allowSignUp(deps.config, addressOf(email), null), name);
  assert.ok(user);
  return user.id;
}

function addressOf(email: string) {
  const parsed = parseEmail(email);
  assert.ok(parsed, email);
  return parsed;
}

/** Every page of a list, by the addresses on it. */
async function pages(one: Staff, query: Record<string, string>): Promise<string[][]> {
  const seen: string[][] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: readonly { email: string }[]; next: string | null } = await one.see('users', {
      query: { ...query, ...(cursor === '' ? {} : { cursor }) },
    });
    seen.push(page.items.map(({ email }) => email));
    cursor = page.next;
  }
  return seen;
}

inWorld('the list is newest first, by address or by name, in pages that neither skip nor repeat', async (world) => {
  const support = await staff(world, 'support', 'z@staff.example');
  for (const [email, name] of [
    ['Cy@example.com', 'ada'],
    ['ada@example.com', 'Zoë'],
    ['bob@example.com', 'ada'],
  ] as const)
    await person(world, email, name);
  assert.deepEqual(await pages(support, { limit: '2' }), [
    ['bob@example.com', 'ada@example.com'],
    ['Cy@example.com', 'z@staff.example'],
  ]);
  assert.deepEqual(await pages(support, { limit: '3', sort: 'email' }), [
    ['ada@example.com', 'bob@example.com', 'Cy@example.com'],
    ['z@staff.example'],
  ]);
  const byName = await pages(support, { limit: '1', sort: 'name' });
  assert.deepEqual([byName[0], byName[3]], [['z@staff.example'], ['ada@example.com']], 'no name, then a, then z');
  const { items } = await support.see('users', { query: { sort: 'email', limit: '1' } });
  assert.deepEqual(Object.keys(items[0] ?? {}).sort(), [
    'createdAt',
    'displayName',
    'email',
    'id',
    'lastSignInAt',
    'role',
    'suspendedAt',
    'verifiedAt',
  ]);
});

inWorld('a search is a whole id, or how an address or a name begins, in any case; never what is in the middle', async (world) => {
  const support = await staff(world, 'support', 'z@staff.example');
  const id = await person(world, 'ada@example.com', 'Countess');
  await person(world, 'ADAM@example.com', 'Adam');
  await person(world, 'cy@example.com', 'Äda Öz');
  await person(world, 'x@example.com', 'aDa');
  const find = async (search: string, more = {}) => (await pages(support, { search, ...more })).flat();
  assert.deepEqual(await find('ada'), ['ada@example.com', 'ADAM@example.com', 'x@example.com'], 'addresses first, each once');
  assert.deepEqual(await find(' ADA '), ['ada@example.com', 'ADAM@example.com', 'x@example.com']);
  assert.deepEqual(await pages(support, { search: 'ada', limit: '1' }), [['ada@example.com'], ['ADAM@example.com'], ['x@example.com']]);
  assert.deepEqual(await pages(support, { search: 'ada', limit: '2' }), [['ada@example.com', 'ADAM@example.com'], ['x@example.com']]);
  assert.deepEqual(await pages(support, { search: 'ada', limit: '1', sort: 'name' }), [
    ['x@example.com'],
    ['ADAM@example.com'],
    ['ada@example.com'],
  ]);
  assert.deepEqual(await find('äDA'), ['cy@example.com']);
  for (const nothing of ['example', 'dam', '%', 'a_a', "'; drop table users; --", 'A'.repeat(22)])
    assert.deepEqual(await find(nothing), []);
  assert.deepEqual(await find(id), ['ada@example.com']);
  assert.deepEqual(await find(id, { role: 'owner' }), [], 'an id too has to fit the filters');
  assert.deepEqual(await find(id, { status: 'suspended' }), []);
});

inWorld('filters by role and suspension hold in every order and in a search', async (world) => {
  const support = await staff(world, 'support', 'z@staff.example');
  const [ada, bob] = [await person(world, 'ada@example.com', 'A'), await person(world, 'bob@example.com', 'B')];
  const cy = await person(world, 'cy@example.com', 'A');
  await saveRole(world.deps.db, cy, 'owner');
  for (const [id, at] of [
    [bob, 20],
    [ada, 10],
    [cy, 30],
  ] as const)
    await markUserSuspended(world.deps.db, id, at);
  const list = async (query: Record<string, string>) => (await pages(support, { limit: '1', ...query })).flat();
  assert.deepEqual(await list({ status: 'suspended' }), ['cy@example.com', 'bob@example.com', 'ada@example.com'], 'the latest first');
  assert.deepEqual(await list({ status: 'suspended', role: 'user', sort: 'name' }), ['ada@example.com', 'bob@example.com']);
  assert.deepEqual(await list({ role: 'owner', sort: 'email' }), ['cy@example.com']);
  assert.deepEqual(await list({ role: 'user' }), ['bob@example.com', 'ada@example.com']);
  assert.deepEqual(await list({ role: 'support' }), ['z@staff.example']);
  assert.deepEqual(await list({ search: 'a', role: 'user' }), ['ada@example.com']);
  assert.deepEqual(await list({ search: 'a', status: 'suspended' }), ['ada@example.com', 'cy@example.com']);
});

inWorld('a filter that is none, and a cursor of another list, order or search, is refused with its field', async (world) => {
  const support = await staff(world, 'support');
  for (const name of ['a', 'b', 'c']) await person(world, `${name}@example.com`);
  const fieldsOf = async (query: Record<string, string>) => {
    const { status, body } = await support.read('users', { query });
    return [status, body['fields']];
  };
  assert.deepEqual(await fieldsOf({ role: 'god' }), [400, { role: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ status: 'open' }), [400, { status: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ sort: 'email desc' }), [400, { sort: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ search: 'a\u0000' }), [400, { search: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ search: 'a'.repeat(321) }), [400, { search: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ limit: '0' }), [400, { limit: 'malformed' }]);
  assert.deepEqual(await fieldsOf({ email: 'a' }), [400, { email: 'unknown' }]);
  const { next } = await support.see('users', { query: { sort: 'email', limit: '1' } });
  const cursor = next ?? '';
  for (const other of [{ sort: 'name' }, { sort: 'email', role: 'user' }, { sort: 'email', search: 'a' }, {}])
    assert.deepEqual(await fieldsOf({ ...other, limit: '1', cursor }), [400, { cursor: 'malformed' }]);
});

inWorld('the longest address and name there can be still have a next page', async (world) => {
  const support = await staff(world, 'support');
  const long = `${'漢'.repeat(64)}@${'漢'.repeat(60)}.${'字'.repeat(60)}.${'字'.repeat(60)}.jp`;
  await person(world, long, '𐍈'.repeat(80));
  await person(world, '龜@example.com', '𐍉');
  for (const sort of ['email', 'name']) assert.ok((await pages(support, { sort, limit: '1' })).flat().includes(long), sort);
});

inWorld('the file has the same rows, is inert in a spreadsheet, and is written down', async (world) => {
  const support = await staff(world, 'support', 'z@staff.example');
  await person(world, 'ada@example.com', '=HYPERLINK("http://evil.example","x")');
  await person(world, 'bob@example.com', 'Bob, "the" builder');
  await person(world, 'cy@example.com');
  const file = await support.browser.send('GET', `${ADMIN_PREFIX}${ADMIN_EXPORTS.users}?role=user&sort=email`);
  assert.deepEqual(
    [file.status, file.headers['content-type'], file.headers['content-disposition']],
    [200, 'text/csv; charset=utf-8', 'attachment; filename="users-2026-01-05.csv"'],
  );
  const [head, ada, bob, cy, end] = file.text.split('\r\n');
  assert.equal(head, 'id,email,name,role,verified,suspended,created,last_sign_in');
  assert.ok(ada?.includes(`,ada@example.com,"'=HYPERLINK(""http://evil.example"",""x"")",user,2026-01-05T12:00:01.000Z,,`));
  assert.ok(bob?.includes('"Bob, ""the"" builder"') && cy?.includes('cy@example.com,,user') && end === '');
  const event = await eventOf(world, 'users.exported');
  assert.deepEqual(
    [event?.['actor_id'], event?.['after_json']],
    [support.id, '{"role":"user","searched":false,"sort":"email","status":null}'],
  );
  const page = await support.page(`${ADMIN_EXPORT_PAGES}${ADMIN_EXPORTS.users}?search=cy`);
  assert.deepEqual([page.status, page.text.split('\r\n').length], [200, 3]);
  const user = await staff(world, 'user');
  for (const path of [ADMIN_PREFIX, ADMIN_EXPORT_PAGES])
    assert.equal((await user.browser.send('GET', path + ADMIN_EXPORTS.users)).body.error, 'role_required');
  assert.equal((await support.browser.send('GET', `${ADMIN_PREFIX}${ADMIN_EXPORTS.users}?limit=3`)).status, 400);
});

inWorld('the screen keeps its filters in its links, and shows what somebody calls themselves as a text', async (world) => {
  const support = await staff(world, 'support', 'z@staff.example');
  const id = await person(world, 'ada@example.com', '<img src=x onerror=alert(1)>');
  await person(world, 'adam@example.com');
  const page = await support.page(`${ADMIN_PAGES.users}?search=ada&role=user&limit=1&done=suspendUser`);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(`href="${ADMIN_PAGES.users}/${id}"`));
  assert.ok(page.text.includes('&lt;img src=x') && !page.text.includes('<img src=x'));
  assert.match(page.text, /href="\/admin\/export\/users\.csv\?search=ada&amp;role=user"/);
  assert.match(page.text, /rel="next" href="\/admin\/users\?search=ada&amp;role=user&amp;limit=1&amp;cursor=/);
  assert.equal((await support.page(`${ADMIN_PAGES.users}?sort=worst`)).status, 400);
});

inWorld('whatever writes an address or a name writes what it is searched by; a job finds rows that an older node wrote', async (world) => {
  const { deps } = world;
  const { db } = deps;
  const support = await staff(world, 'support', 'z@staff.example');
  const id = await person(world, 'ada@example.com', 'Ada');
  const keys = async () => {
    const [row] = await db.all('select email_search, name_search from users where id = $1', [id]);
    return [row?.['email_search'], row?.['name_search']];
  };
  assert.deepEqual(await keys(), [searchKey('ada@example.com'), searchKey('Ada')]);
  await renameUser(db, id, 'Countess');
  const now = deps.now();
  const { uv } = (await findUser(db, id)) ?? { uv: 0 };
  await moveUser(db, { id, uv, email: addressOf('Lovelace@example.com'), now, previousUntil: now });
  assert.deepEqual(await keys(), [searchKey('lovelace@example.com'), searchKey('countess')]);
  await restoreUser(db, id, addressOf('ada@example.com'), now);
  assert.deepEqual(await keys(), [searchKey('ada@example.com'), searchKey('countess')]);

  await db.all(`update users set email_search = '', name_search = ''`);
  assert.deepEqual((await support.see('users', { query: { search: 'ada' } })).items, []);
  await indexUsers(deps, new AbortController().signal);
  assert.deepEqual(
    (await support.see('users', { query: { search: 'ada' } })).items.map((item) => item.id),
    [id],
  );
  assert.deepEqual(
    (await support.see('users', { query: { search: 'countess' } })).items.map((item) => item.id),
    [id],
  );
});

inTappedWorld('a name that is changed while the job looks at it keeps its own key', async (world, tap) => {
  const { db } = world.deps;
  const id = await person(world, 'ada@example.com', 'Ada');
  await db.all(`update users set email_search = '', name_search = ''`);
  tap.before('update users set email_search = $4', async () => void (await renameUser(db, id, 'Countess')));
  await indexUsers(world.deps, new AbortController().signal);
  const [row] = await db.all('select name_search from users where id = $1', [id]);
  assert.equal(row?.['name_search'], searchKey('Countess'));
});

inTappedWorld('no list of users is read from end to end, or sorted: each has its index', async (world, tap, t) => {
  if (t.name.includes('postgres')) return;
  const support = await staff(world, 'support');
  const orders: readonly Record<string, string>[] = [
    {},
    { sort: 'email' },
    { sort: 'name' },
    { search: 'a' },
    { search: 'a', sort: 'name' },
  ];
  const narrowed: readonly Record<string, string>[] = [
    {},
    { role: 'user' },
    { status: 'suspended' },
    { role: 'user', status: 'suspended' },
  ];
  const asked = [...orders.flatMap((order) => narrowed.map((narrow) => ({ ...order, ...narrow }))), { role: 'owner' }];
  for (const query of asked) {
    tap.forget();
    await support.see('users', { query });
    const lists = tap.statements().filter((sql) => sql.includes('email_search, name_search from users'));
    assert.ok(lists.length > 0);
    for (const sql of lists) {
      const values = Array.from({ length: sql.match(/\$\d/g)?.length ?? 0 }, () => '61');
      const plan = (await world.deps.db.all(`explain query plan ${sql}`, values)).map((row) => String(row['detail']));
      assert.ok(
        plan.every((step) => /USING (COVERING )?INDEX/.test(step)),
        `${JSON.stringify(query)} ${sql}: ${plan.join('; ')}`,
      );
      // Few are suspended: looking for them among everybody would be reading everybody.
      if ('status' in query) assert.match(plan.join(), /users_suspended/);
    }
  }
});
