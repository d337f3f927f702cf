import assert from 'node:assert/strict';
import { ADMIN_PREFIX } from '@portico/protocol/admin';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { fillPath, PAGE_FORMS } from '@portico/protocol/routes';
import { parseEmail } from '../../src/accounts/email.ts';
import { insertIdentity } from '../../src/accounts/identity.ts';
import { offerSetup } from '../../src/accounts/offer-setup.ts';
import { ADMIN_ROWS } from '../../src/routes/admin/index.ts';
import type { Answered, Browser } from '../browser.ts';
import { sessionOf } from '../families.ts';
import { ask, redeemed, redeeming, refreshing } from '../oauth/ask.ts';
import { allTables } from '../schema.ts';
import { addSite, codeFor, openSite } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { bodyFor } from './fitting.ts';
import { type Staff, staff } from './staff.ts';

/** One person's session, another one's ids: nothing opens, and nothing is written but counters and the audit log. */

async function dumpOf({ deps }: World): Promise<string> {
  const tables = allTables().filter((name) => name !== 'counters' && name !== 'events');
  const rows = await Promise.all(tables.map((table) => deps.db.all(`select * from ${table}`)));
  return JSON.stringify(rows.map((each) => each.map((row) => JSON.stringify(row)).sort()));
}
const told = ({ status, body }: Answered) => `${status} ${String(body.error ?? '')}`.trim();

async function linked(world: World, browser: Browser): Promise<void> {
  const tokens = { accessToken: 'at', refreshToken: null, expiresAt: null };
  const userId = String((await browser.call('me')).body['id']);
  await insertIdentity(world.deps.db, world.deps, {
    provider: 'github',
    subject: '1',
    userId,
    label: 'bob',
    tokens,
    now: world.clock.now(),
  });
}

/** What a user may try with ids and tokens that are somebody else's, and the one answer to it. */
async function tries(world: World, ada: Browser, bob: Browser): Promise<readonly (readonly [string, string, () => Promise<Answered>])[]> {
  const notes = await addSite(world, 'notes');
  await openSite(world, bob, notes);
  await linked(world, bob);
  await bob.act('myEmail', { email: 'bob@new.example.com' });
  const moving = await world.tokenFor('bob@new.example.com', 'confirmEmail');
  const newcomer = world.browser();
  await newcomer.call('signUp', { email: 'carol@example.com', password: 'correct horse battery staple' });
  const proving = await world.tokenFor('carol@example.com', 'verifyEmail');
  const { link } = await offerSetup(
    world.deps,
    { requestId: 'cli', address: '', userAgent: '' },
    {
      email: parseEmail('bob@example.com'),
      madeBy: 'command_line',
    },
  );
  const { id } = await sessionOf(world, bob);
  const github = { params: { authProvider: 'github' } };
  return [
    ['end a session', '404 not_found', () => ada.act('mySession', undefined, { params: { id } })],
    ['end it by the form', '404', () => ada.submit(PAGE_FORMS.dashboardEndSession, { [FORM_FIELDS.csrf]: ada.csrf, id })],
    // The name of a site is public: it is one's own sign-ins there that end, and there were none.
    ['leave a site', '204', () => ada.act('mySite', undefined, { params: { clientId: 'notes' } })],
    ['unlink a service', '404 not_found', () => ada.act('myIdentity', undefined, github)],
    ['give its tokens back', '404 not_found', () => ada.act('myIdentityTokens', undefined, github)],
    ['prove a mailbox', '410 link_expired', () => ada.act('confirmEmail', { token: moving })],
    ['finish a sign-up', '410 link_expired', () => ada.call('verifyEmail', { token: proving })],
    ['become an owner', '403 link_of_another', () => ada.act('mySetup', { token: new URL(link).hash.slice(1) })],
    [
      'act with a CSRF token',
      '403 csrf_failed',
      () => ada.call('me', { displayName: 'x' }, { method: 'PATCH', headers: { [HEADERS.csrf]: bob.csrf } }),
    ],
  ];
}

inWorld('a user gets nowhere with the sessions, sites, services, links and tokens of another', async (world) => {
  const [ada, bob] = [await world.signedUp('ada@example.com'), await world.signedUp('bob@example.com')];
  const swaps = await tries(world, ada, bob);
  const before = await dumpOf(world);
  for (const [name, refusal, swap] of swaps) assert.equal(told(await swap()), refusal, name);
  assert.equal(await dumpOf(world), before, 'something was written');
  // A mark in somebody else's list is a moment, and leads on in one's own.
  const of = async (browser: Browser, query: Record<string, string> = {}) =>
    (await browser.call('myActivity', undefined, { query })).body as unknown as { items: { id: string }[]; next: string | null };
  const { next } = await of(bob, { limit: '1' });
  const seen = (await of(ada, { cursor: next ?? '' })).items.map((item) => item.id);
  const [{ id: adaId } = { id: '' }] = (await world.deps.db.all("select id from users where email_key = 'ada@example.com'")) as unknown as {
    id: string;
  }[];
  const own = (await world.deps.db.all('select id from events where user_id = $1', [adaId])).map((row) => String(row['id']));
  assert.ok(seen.length > 0 && seen.every((id) => own.includes(id)));
});

inWorld('a site gets nowhere with the codes, tokens and sessions of another site', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const [notes, shop] = [await addSite(world, 'notes'), await addSite(world, 'shop')];
  const tokens = await redeemed(world, shop, await codeFor(world, ada, shop));
  const code = await codeFor(world, ada, shop);
  const before = await dumpOf(world);
  assert.equal(told(await ask(world, 'token', notes, redeeming({ ...shop, id: notes.id }, code))), '400 invalid_grant');
  assert.equal(told(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '400 invalid_grant');
  for (const token of [tokens.accessToken, tokens.refreshToken]) {
    assert.deepEqual((await ask(world, 'introspect', notes, { token })).body, { active: false });
    await ask(world, 'revoke', notes, { token });
  }
  assert.equal(await dumpOf(world), before, 'something was written');
  assert.equal((await ask(world, 'introspect', shop, { token: tokens.accessToken })).body['active'], true);
});

inWorld('an admin gets nowhere with the ids of an owner, nor of another admin', async (world) => {
  const [admin, owner, peer] = [
    await staff(world, 'admin'),
    await staff(world, 'owner'),
    await staff(world, 'admin', 'peer@staff.example'),
  ];
  const before = await dumpOf(world);
  for (const target of [owner, peer]) {
    const session = (await sessionOf(world, target.browser)).id;
    for (const { route } of ADMIN_ROWS.deeds.filter(({ route: { path } }) => /:userId|:sessionId/.test(path))) {
      const path = fillPath(route.path, { userId: target.id, sessionId: session });
      const body = bodyFor(route);
      const answered = await acted(admin, path, 'confirm' in body ? { ...body, confirm: target.email } : body);
      assert.equal(told(answered), '403 role_required', `${route.path} of ${target.email}: ${answered.text}`);
    }
  }
  assert.equal(await dumpOf(world), before, 'something was written');
});

function acted({ browser }: Staff, path: string, body: Record<string, unknown>): Promise<Answered> {
  return browser.send('POST', ADMIN_PREFIX + path, body, { headers: { [HEADERS.csrf]: browser.csrf } });
}
