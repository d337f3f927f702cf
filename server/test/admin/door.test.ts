import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_FRESH_FOR, ADMIN_PAGES } from '@portico/protocol/admin';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { cellText, csvOf } from '../../src/admin/csv.ts';
import { suspendNetwork } from '../../src/guessing/suspension.ts';
import { condition, listingStatement } from '../../src/platform/listing.ts';
import { inWorld, MINUTE } from '../world.ts';
import { staff } from './staff.ts';

/** The door of the admin page: who gets in, and what a plain form needs. */

inWorld('who does not work here gets nothing: strangers sign in, users are refused, support reads and does not act', async (world) => {
  const stranger = world.browser();
  const led = await stranger.send('GET', ADMIN_PAGES.suspensions, undefined, { headers: { accept: 'text/html' } });
  assert.deepEqual([led.status, led.headers['location']], [303, `${PAGES.signIn}?returnTo=%2Fadmin%2Fsuspensions`]);
  const user = await staff(world, 'user');
  assert.equal((await user.read('suspensions')).body.error, 'role_required');
  assert.equal((await user.page(ADMIN_PAGES.suspensions)).status, 403);
  const support = await staff(world, 'support');
  assert.equal((await support.page(ADMIN_PAGES.suspensions)).status, 200);
  await suspendNetwork(world.deps.db, { network: '203.0.113.1', reason: 'password', tries: 10, now: world.clock.now() });
  for (const one of [user, support]) {
    assert.equal((await one.act('liftSuspension', { network: '203.0.113.1' })).body.error, 'role_required');
    assert.equal((await one.submit('liftSuspension', { network: '203.0.113.1', back: ADMIN_PAGES.suspensions })).status, 403);
  }
  assert.equal((await support.see('suspensions')).items[0]?.status, 'suspended');
});

inWorld('a form without its token, or from another site, does nothing; it never leads anywhere else', async (world) => {
  const admin = await staff(world, 'admin');
  await suspendNetwork(world.deps.db, { network: '203.0.113.1', reason: 'password', tries: 10, now: world.clock.now() });
  const form = { network: '203.0.113.1', back: ADMIN_PAGES.suspensions };
  assert.equal((await admin.submit('liftSuspension', { ...form, [FORM_FIELDS.csrf]: '' })).status, 403);
  const { browser } = admin;
  const body = new URLSearchParams({ ...form, [FORM_FIELDS.csrf]: browser.csrf }).toString();
  const crossed = await browser.send('POST', '/admin/do/suspensions/lift', body, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
  });
  assert.equal(crossed.body.error, 'origin_refused');
  assert.equal((await admin.see('suspensions')).items[0]?.status, 'suspended');
  for (const back of ['https://evil.example/', '//evil.example/admin', '/login', '/admin/../login', '/admin/nowhere', '']) {
    await suspendNetwork(world.deps.db, { network: '203.0.113.2', reason: 'password', tries: 10, now: world.clock.now() });
    const answer = await admin.submit('liftSuspension', { network: '203.0.113.2', back });
    assert.deepEqual([answer.status, answer.headers['location']], [303, `${ADMIN_PAGES.home}?done=liftSuspension`], back);
  }
});

inWorld('a browser whose cookie rested for a while is renewed on the way in, so that a copied jar is seen', async (world) => {
  const admin = await staff(world, 'admin');
  (world.clock as { advance(by: number): void }).advance(20 * MINUTE);
  const led = await admin.page(`${ADMIN_PAGES.suspensions}?status=suspended`);
  assert.deepEqual(
    [led.status, led.headers['location']],
    [303, `${PAGES.freshen}?returnTo=${encodeURIComponent(`${ADMIN_PAGES.suspensions}?status=suspended`)}`],
  );
  assert.ok(ADMIN_FRESH_FOR === 5 * MINUTE);
});

const THREE = { appOrigin: 'https://app.example.com', apiOrigin: 'https://api.example.com', origin: 'https://example.com' };

inWorld(
  'on three hosts the admin page stands where the cookies are: the host of the pages leads there, and its forms come from there',
  async (world) => {
    const admin = await staff(world, 'admin');
    const at = (host: string) => ({ headers: { accept: 'text/html', host } });
    const led = await admin.browser.send('GET', `${ADMIN_PAGES.suspensions}?status=suspended`, undefined, at('app.example.com'));
    assert.deepEqual([led.status, led.headers['location']], [302, `${THREE.apiOrigin}${ADMIN_PAGES.suspensions}?status=suspended`]);
    assert.equal((await admin.browser.send('GET', ADMIN_PAGES.suspensions, undefined, at('api.example.com'))).status, 200);
    const stranger = await world.browser().send('GET', ADMIN_PAGES.suspensions, undefined, at('api.example.com'));
    assert.equal(stranger.headers['location'], `${THREE.appOrigin}${PAGES.signIn}?returnTo=%2Fadmin%2Fsuspensions`);
    const form = { network: '192.0.2.0/24', back: ADMIN_PAGES.suspensions, [FORM_FIELDS.csrf]: admin.browser.csrf };
    const post = (origin: string) =>
      admin.browser.send('POST', '/admin/do/suspensions/allow', new URLSearchParams(form).toString(), {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin, host: 'api.example.com' },
      });
    assert.equal((await post(THREE.appOrigin)).body.error, 'origin_refused');
    assert.equal((await post(THREE.apiOrigin)).status, 303);
  },
  { config: THREE },
);

test('a cell of a CSV file is a text, whatever somebody called themselves', () => {
  for (const evil of ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', ' =1', '=HYPERLINK("http://evil","x")'])
    assert.match(cellText(evil), /^"'/, evil);
  assert.equal(cellText('a "b", c'), '"a ""b"", c"');
  assert.equal(cellText('Ada'), 'Ada');
  assert.equal(cellText(null), '');
});

test('a file is written as it is read, and ends with the list', async () => {
  const rows = Array.from({ length: 1200 }, (_, n) => n);
  let asked = 0;
  const pieces = csvOf<number>({
    head: ['n'],
    read: async ({ after, limit }) => {
      asked += 1;
      const from = after === null ? 0 : Number(after.key) + 1;
      return rows.slice(from, from + limit);
    },
    mark: (row) => ({ key: row, id: '' }),
    cells: (row) => [row],
  });
  let text = '';
  for await (const piece of pieces) text += piece;
  assert.equal(text.split('\r\n').length, 1200 + 2);
  assert.equal(asked, 3);
});

test('a list is one statement with its values beside it', () => {
  assert.deepEqual(
    listingStatement({
      select: 'select a from t',
      where: [condition('b = ?', 'x'), condition('c > ? or d is null', 1)],
      order: { key: 'a', id: 'id', descending: true },
      after: { key: 5, id: 'q' },
      limit: 26,
    }),
    {
      sql: 'select a from t where (b = $1) and (c > $2 or d is null) and ((a, id) < ($3, $4)) order by a desc, id desc limit $5',
      values: ['x', 1, 5, 'q', 26],
    },
  );
});
