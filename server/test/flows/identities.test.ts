import assert from 'node:assert/strict';
import { insertIdentity } from '../../src/accounts/identity.ts';
import type { Answered, Browser } from '../browser.ts';
import { actions } from '../families.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** The ways into an account: which there are, and that the last one stays. */

const EMAIL = 'ada@example.com';

async function linked(world: World, browser: Browser, ...providers: readonly string[]): Promise<void> {
  const userId = String((await browser.call('me')).body['id']);
  for (const provider of providers) {
    const identity = { provider, subject: `${provider} ${userId}`, userId, label: `ada at ${provider}`, tokens: null };
    await insertIdentity(world.deps.db, world.deps, { ...identity, now: world.clock.now() });
  }
}

const unlink = (browser: Browser, authProvider: string): Promise<Answered> =>
  browser.act('myIdentity', undefined, { params: { authProvider } });

async function providersOf(browser: Browser): Promise<readonly string[]> {
  const { body } = await browser.call('myIdentities');
  return (body['items'] as readonly { authProvider: string }[]).map(({ authProvider }) => authProvider);
}

inWorld('the owner sees each linked service and whether there is a password, and nothing of other users', async (world) => {
  const ada = await world.signedUp(EMAIL);
  const eve = await world.signedUp('eve@example.com');
  await linked(world, ada, 'github');
  await linked(world, eve, 'google');
  const { body } = await ada.call('myIdentities');
  const now = world.clock.now();
  assert.deepEqual(body['items'], [
    {
      authProvider: 'github',
      service: (body['items'] as readonly { service: string }[])[0]?.service,
      label: 'ada at github',
      offered: false,
      linkedAt: now,
      lastUsedAt: now,
      hasTokens: false,
    },
  ]);
  assert.equal(body['hasPassword'], true);
  await world.deps.db.all('delete from passwords');
  assert.equal((await ada.call('myIdentities')).body['hasPassword'], false);
});

inWorld('unlinking needs a fresh proof, ends the way in, writes an event and a letter', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await linked(world, browser, 'github');
  world.clock.advance(11 * MINUTE);
  await browser.refresh();
  const stale = await unlink(browser, 'github');
  assert.deepEqual([stale.status, stale.body.error], [403, 'fresh_signin_required']);
  assert.deepEqual(await providersOf(browser), ['github']);
  await browser.act('myProof', { password: PASSWORD });
  assert.equal((await unlink(browser, 'github')).status, 204);
  assert.deepEqual(await providersOf(browser), []);
  assert.ok((await actions(world)).includes('identity.unlinked'));
  assert.match((await world.mails())[0]?.subject ?? '', /no longer opens your account/);
  const gone = await unlink(browser, 'github');
  assert.deepEqual([gone.status, gone.body.error], [404, 'not_found']);
});

inWorld('the last way in stays: without a password the only service cannot be unlinked, and the mailbox does not count', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await linked(world, browser, 'github');
  await world.deps.db.all('delete from passwords');
  const last = await unlink(browser, 'github');
  assert.deepEqual([last.status, last.body.error], [409, 'last_way_in']);
  await linked(world, browser, 'google');
  assert.equal((await unlink(browser, 'github')).status, 204);
  assert.equal((await unlink(browser, 'google')).body.error, 'last_way_in');
  assert.deepEqual(await providersOf(browser), ['google']);
});

inWorld('nobody unlinks a service of somebody else', async (world) => {
  const ada = await world.signedUp(EMAIL);
  const eve = await world.signedUp('eve@example.com');
  await linked(world, ada, 'github');
  assert.equal((await unlink(eve, 'github')).body.error, 'not_found');
  assert.deepEqual(await providersOf(ada), ['github']);
});

inWorld('twenty parallel unlinks of two services leave one of them', async (world) => {
  const browser = await world.signedUp(EMAIL);
  for (let round = 0; round < 3; round += 1) {
    await world.deps.db.all('delete from identities');
    await linked(world, browser, 'github', 'google');
    await world.deps.db.all('delete from passwords');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => unlink(browser, n % 2 === 0 ? 'github' : 'google')));
    assert.equal(answers.filter(({ status }) => status === 204).length, 1, String(round));
    for (const { status, body } of answers)
      assert.ok(status === 204 || ['last_way_in', 'not_found'].includes(body.error ?? ''), `${body.error}`);
    assert.equal((await providersOf(browser)).length, 1);
  }
});
