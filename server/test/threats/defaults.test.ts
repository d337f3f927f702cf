import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { DAY, inWorld, PASSWORD } from '../world.ts';

/** What an installation is on its first day, what production leaves out, and what time alone does not do. */

inWorld('a fresh installation has no user, no password and no client but itself; no usual pair of words opens it', async (world) => {
  for (const table of ['users', 'passwords', 'devices', 'sessions', 'signups', 'refresh_tokens', 'security_codes'])
    assert.deepEqual(await world.deps.db.all(`select * from ${table}`), [], table);
  assert.deepEqual(
    (await world.deps.db.all('select id, kind from clients')).map((row) => ({ ...row })),
    [{ id: 'portico', kind: 'spa' }],
  );
  for (const name of ['admin', 'root', 'portico', 'test', 'demo', 'administrator', 'postmaster']) {
    for (const email of [`${name}@localhost`, `${name}@example.com`, name]) {
      for (const password of ['admin', 'password', 'portico', name, '']) {
        const answered = await world.browser().signIn(email, password);
        assert.ok(answered.status >= 400 && answered.setCookies.length === 0, `${email} ${password}`);
      }
    }
  }
});

inWorld(
  'a password has no age: four hundred days later it is right as on the first day, and nobody is asked to change it',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    world.clock.advance(400 * DAY);
    const answered = await browser.signIn('ada@example.com', PASSWORD);
    // Nobody has seen this browser for so long that a code is asked for; never another password.
    assert.equal(answered.body['status'], 'UNVERIFIED');
    const done = await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
    assert.equal(done.body['status'], 'VERIFIED');
    assert.equal((await browser.send('GET', PAGES.dashboard, undefined, { headers: { accept: 'text/html' } })).status, 200);
  },
);

inWorld(
  'in production there is no inbox of letters, for anybody',
  async (world) => {
    await world.signedUp('ada@example.com');
    for (const address of ['127.0.0.1', '::1', '203.0.113.5']) {
      const answered = await world.browser({ address }).send('GET', PAGES.devMail, undefined, { headers: { host: 'localhost:4000' } });
      assert.equal(answered.status, 404, address);
      assert.ok(!answered.text.includes('@example.com'));
    }
  },
  { config: { mode: 'production', smtpUrl: 'smtp://localhost' } },
);

inWorld(
  'in development the inbox opens from this machine by a name of this machine, and otherwise not',
  async (world) => {
    await world.signedUp('ada@example.com');
    const ask = (address: string, host: string, more: Record<string, string> = {}) =>
      world.browser({ address }).send('GET', PAGES.devMail, undefined, { headers: { host, ...more } });
    assert.equal((await ask('127.0.0.1', 'localhost:4000')).status, 200);
    assert.equal((await ask('::1', '[::1]:4000')).status, 200);
    const refused = [
      await ask('203.0.113.5', 'localhost:4000'),
      await ask('203.0.113.5', 'localhost:4000', { 'x-forwarded-for': '127.0.0.1' }),
      await ask('10.0.0.1', 'localhost:4000', { 'x-forwarded-for': '127.0.0.1' }),
      // DNS rebinding: a stranger's name that points here, from the developer's own browser.
      await ask('127.0.0.1', 'evil.example:4000'),
      await ask('127.0.0.1', 'localhost.evil.example'),
    ];
    for (const [n, answered] of refused.entries()) assert.equal(answered.status, 404, String(n));
  },
  { config: { mode: 'development', trustedProxies: ['10.0.0.0/8'] } },
);

inWorld('a sign-out tells the browser to forget what scripts stored, and keeps the known device', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const device = browser.cookie('portico_device');
  const out = await browser.act('signOut');
  assert.equal(out.headers['clear-site-data'], '"storage"');
  assert.equal(browser.cookie('portico_device'), device);
  const page = await world.signedUp('bob@example.com');
  const form = await page.submit(PAGES.signOut, { csrf_token: page.csrf });
  assert.equal(form.headers['clear-site-data'], '"storage"');
});
