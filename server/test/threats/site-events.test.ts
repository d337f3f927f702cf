import assert from 'node:assert/strict';
import type { Action } from '../../src/audit/event.ts';
import { registerClient } from '../../src/clients/register-client.ts';
import { disableClient, enableClient, removeClient } from '../../src/clients/retire-client.ts';
import { rotateSecret } from '../../src/clients/rotate-secret.ts';
import { setRoles } from '../../src/clients/set-roles.ts';
import { dropSigningKey } from '../../src/keys/drop-key.ts';
import { reloadKeyring, rotateKeys } from '../../src/keys/rotate-keys.ts';
import { sessionOf } from '../families.ts';
import { ask, newProofKey, redeemed, refreshing, withProof } from '../oauth/ask.ts';
import { addSite, codeFor } from '../sites.ts';
import { inWorld, MINUTE } from '../world.ts';
import { AT_SITES } from './site-actions.ts';
import { askedForConsent, waitingDevice } from './site-scenes.ts';

const OPERATOR = { requestId: 'operator', address: '198.51.0.1', userAgent: 'portico' };

inWorld('what happens to a client site and at one is written once, with who, where and which request', async (world) => {
  const { db } = world.deps;
  const done = new Set<Action>();
  const step = async (action: Action, work: () => Promise<unknown>) => {
    const count = async () => (await db.all('select id from events where action = $1', [action])).length;
    const before = await count();
    await work();
    assert.equal(await count(), before + 1, `${action} is written once`);
    done.add(action);
  };
  const redirectUris = ['https://notes.example.net/auth/callback'];
  await step('client.added', () =>
    registerClient(world.deps, OPERATOR, { id: 'notes', name: 'Notes', kind: 'web', redirectUris, roles: ['editor'] }),
  );
  await step('client.secret_rotated', () => rotateSecret(world.deps, OPERATOR, 'notes', MINUTE));
  const browser = await world.signedUp('ada@example.com');
  const { userId } = await sessionOf(world, browser);
  await step('roles.changed', () => setRoles(world.deps, OPERATOR, { userId: userId ?? '', clientId: 'notes', roles: ['editor'] }));
  await step('client.disabled', () => disableClient(world.deps, OPERATOR, 'notes'));
  await step('client.enabled', () => enableClient(world.deps, OPERATOR, 'notes'));
  await step('client.removed', () => removeClient(world.deps, OPERATOR, 'notes'));

  const denied = await askedForConsent(world, browser);
  await step('consent.denied', () => browser.act('consent', { returnTo: denied.returnTo, allow: false }));
  const { site, returnTo } = await askedForConsent(world, browser);
  await step('consent.given', () => browser.act('consent', { returnTo, allow: true }));
  await step('consent.revoked', () => browser.act('mySite', undefined, { params: { clientId: site.id } }));
  for (const [action, allow] of [
    ['device.approved', true],
    ['device.denied', false],
  ] as const) {
    const { userCode } = await waitingDevice(world);
    await browser.act('myDevice', { userCode });
    await step(action, () => browser.act('myDeviceAnswer', { userCode, allow }));
  }
  const game = await addSite(world, 'space-snake', { kind: 'native' });
  const key = await newProofKey(world.clock.now);
  const { refreshToken } = await redeemed(world, game, await codeFor(world, browser, game), withProof(key.proof()));
  await step('refresh.wrong_key', () => ask(world, 'token', game, refreshing(refreshToken)));
  const { kid } = world.deps.keys.currentSigning(world.clock.now());
  await rotateKeys(world.deps, OPERATOR);
  await reloadKeyring(world.deps);
  world.clock.advance(2 * MINUTE);
  await step('key.dropped', () => dropSigningKey(world.deps, OPERATOR, kid));

  assert.deepEqual([...done].sort(), [...AT_SITES].sort());
  for (const row of await db.all('select * from events')) {
    assert.match(String(row['request_id']), /^[A-Za-z0-9_-]{8,}$/);
    assert.match(String(row['address']), /^198\.51\./);
    assert.ok(Number(row['at']) > 0 && String(row['user_agent']).length > 0);
  }
});
