import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertIdentity } from '../../src/accounts/identity.ts';
import { recordEvent } from '../../src/audit/event.ts';
import { EVENTS_AT_A_TIME } from '../../src/auth/me/export.ts';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { saveConsent } from '../../src/clients/consent.ts';
import type { Browser } from '../browser.ts';
import { everything } from '../families.ts';
import { tablesWithUser } from '../schema.ts';
import { addSite } from '../sites.ts';
import { HOUR, inWorld, MINUTE, PASSWORD } from '../world.ts';

/** Everything that is kept about a user, in one file, without anything that opens the account. */

const EMAIL = 'ada@example.com';

interface Exported {
  readonly service: string;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly identities: readonly Readonly<Record<string, unknown>>[];
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  readonly devices: readonly Readonly<Record<string, unknown>>[];
  readonly mailedLinks: readonly unknown[];
  readonly sites: readonly Readonly<Record<string, unknown>>[];
  readonly seenWith: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

async function exported(browser: Browser): Promise<Exported> {
  const answered = await browser.call('myExport');
  assert.equal(answered.status, 200, answered.text);
  return JSON.parse(answered.text) as Exported;
}

/** Where each table's rows are in the file; or why they are not. */
const TABLES: Readonly<Record<string, keyof Exported | { readonly because: string }>> = {
  passwords: { because: 'a hash; when it was changed stands in the profile' },
  devices: 'devices',
  sessions: 'sessions',
  refresh_tokens: { because: 'hashes of what keeps a session signed in; when that was last used stands with the session' },
  events: 'events',
  identities: 'identities',
  mail_links: 'mailedLinks',
  sightings: 'seenWith',
  consents: 'sites',
  client_roles: 'sites',
  authorization_codes: { because: 'a hash that lives for a minute; what it opened stands in the events' },
  device_codes: { because: 'hashes that live for minutes; what they opened stands in the sessions' },
  logouts: { because: 'what a site is still to be told; that its session ended stands in the events' },
};

test('every table with rows of a user stands in the export, or in a list with its reason', () => {
  assert.deepEqual(Object.keys(TABLES).sort(), [...tablesWithUser()].sort());
});

inWorld('the file holds profile, services, sessions, devices and events, as a download that nobody may keep', async (world) => {
  const browser = await world.signedUp(EMAIL, { address: '203.0.113.77' });
  const userId = String((await browser.call('me')).body['id']);
  const tokens = { accessToken: 'gho_secret_access', refreshToken: 'gho_secret_refresh', expiresAt: null };
  const identity = { provider: 'github', subject: '4711', userId, label: 'ada-l', tokens, now: world.clock.now() };
  await insertIdentity(world.deps.db, world.deps, identity);
  await world.browser({ address: '198.51.100.9' }).signIn(EMAIL, 'wrong horse battery staple');
  const answered = await browser.call('myExport');
  assert.equal(answered.headers['content-disposition'], 'attachment; filename="account-2026-01-05.json"');
  assert.match(String(answered.headers['content-type']), /^application\/json/);
  assert.match(String(answered.headers['cache-control']), /no-store/);
  const file = JSON.parse(answered.text) as Exported;
  assert.deepEqual([file.profile['id'], file.profile['email'], file.service], [userId, EMAIL, 'http://localhost:4000']);
  assert.equal(file.profile['passwordChangedAt'], '2026-01-05T12:00:00.000Z');
  assert.deepEqual(
    file.identities.map(({ provider, subject, label, hasTokens }) => [provider, subject, label, hasTokens]),
    [['github', '4711', 'ada-l', true]],
  );
  assert.deepEqual(
    file.sessions.map(({ state, address }) => [state, address]),
    [['active', '203.0.113.77']],
  );
  assert.equal(file.devices.length, 1);
  assert.deepEqual(
    file.seenWith.map(({ kind, value }) => [kind, value]),
    [
      ['browser', 'Firefox'],
      ['network', '203.0.113.0/24'],
    ],
  );
  const event = (action: string) => file.events.find((one) => one['action'] === action);
  assert.equal(event('signup.completed')?.['address'], '203.0.113.77');
  assert.equal(event('signin.failed')?.['address'], '198.51.100.x', 'where a stranger was belongs to the stranger');
  assert.ok(event('account.exported'));
});

inWorld('what sites were allowed and what one may do there stands in the file, site by site', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const userId = String((await browser.call('me')).body['id']);
  const { db, now } = world.deps;
  for (const id of ['game', 'notes', 'shop']) await addSite(world, id);
  await saveConsent(db, { userId, clientId: 'notes', scope: 'email openid', now: now() });
  await saveConsent(db, { userId, clientId: 'game', scope: 'openid', now: now() });
  await saveClientRoles(db, { userId, clientId: 'notes', roles: ['editor'], now: now() });
  await saveClientRoles(db, { userId, clientId: 'shop', roles: ['clerk'], now: now() });
  const allowedAt = '2026-01-05T12:00:00.000Z';
  assert.deepEqual((await exported(browser)).sites, [
    { clientId: 'game', allowed: ['openid'], allowedAt, roles: [] },
    { clientId: 'notes', allowed: ['email', 'openid'], allowedAt, roles: ['editor'] },
    { clientId: 'shop', allowed: [], allowedAt: null, roles: ['clerk'] },
  ]);
});

inWorld('no hash, token, code or key stands in the file, whatever the tables hold', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await browser.act('myProofCode');
  const userId = String((await browser.call('me')).body['id']);
  const tokens = { accessToken: 'gho_secret_access', refreshToken: 'gho_secret_refresh', expiresAt: null };
  await insertIdentity(world.deps.db, world.deps, { provider: 'github', subject: '1', userId, label: 'ada', tokens, now: 1 });
  const secrets = [...browser.jar.values()].map(({ value }) => value).filter((value) => value.length > 4);
  secrets.push(await world.codeFor(EMAIL), PASSWORD, 'gho_secret');
  for (const rows of Object.values(await everything(world)))
    for (const row of rows)
      for (const [column, value] of Object.entries(row))
        if (/hash|sealed|ring/.test(column) && typeof value === 'string' && value !== '' && value !== 'proof') secrets.push(value);
  for (const table of ['passwords', 'identities'])
    for (const row of await world.deps.db.all(`select * from ${table}`)) secrets.push(String(row['hash'] ?? row['sealed_tokens']));
  const { text } = await browser.call('myExport');
  assert.ok(secrets.length > 12);
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
});

inWorld('a history that is longer than what is read at a time comes whole, newest first, each event once', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const userId = String((await browser.call('me')).body['id']);
  const from = { requestId: 'r', address: '192.0.2.1', userAgent: 'test' };
  await world.deps.db.transaction(async (tx) => {
    for (let n = 0; n < 2 * EVENTS_AT_A_TIME; n += 1)
      await recordEvent(tx, world.deps, from, 'profile.changed', { actorId: userId, userId });
  });
  const { events } = await exported(browser);
  assert.equal(events.length, 2 * EVENTS_AT_A_TIME + 3);
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
});

inWorld('nothing of another user stands in it', async (world) => {
  const ada = await world.signedUp(EMAIL);
  await world.signedUp('eve@example.com', { address: '192.0.2.55' });
  const { text } = await ada.call('myExport');
  assert.ok(!text.includes('eve@') && !text.includes('192.0.2.55'));
});

inWorld('it needs a fresh proof, is counted, and leaves one line in the log and nothing else', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const before = await everything(world);
  await exported(browser);
  const { events, counters, ...rest } = await everything(world);
  const { events: eventsBefore, counters: countersBefore, ...restBefore } = before;
  assert.deepEqual(rest, restBefore);
  assert.deepEqual([events?.length, counters?.length], [(eventsBefore?.length ?? 0) + 1, (countersBefore?.length ?? 0) + 1]);
  for (let n = 0; n < 9; n += 1) await exported(browser);
  const full = await browser.call('myExport');
  assert.deepEqual([full.status, full.body.error], [429, 'too_many_requests']);
  world.clock.advance(HOUR + MINUTE);
  await browser.refresh();
  const stale = await browser.call('myExport');
  assert.deepEqual([stale.status, stale.body.error], [403, 'fresh_signin_required']);
  await browser.act('myProof', { password: PASSWORD });
  await exported(browser);
});
