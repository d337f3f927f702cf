import assert from 'node:assert/strict';
import { inWorld, PASSWORD } from '../world.ts';

inWorld('sign up, type the code, be signed in; sign out; sign in again', async (world) => {
  const browser = world.browser();
  const begun = await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD, displayName: 'Ada' });
  assert.deepEqual(begun.body, { status: 'UNVERIFIED', verifyUrl: 'http://localhost:4000/auth/verify-signin' });
  assert.deepEqual((await browser.call('session')).body, { status: 'UNVERIFIED' });
  assert.equal((await browser.call('me')).body.error, 'signed_out');

  const verified = await browser.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  assert.equal(verified.body['status'], 'VERIFIED', verified.text);
  const me = await browser.call('me');
  assert.equal(me.body['email'], 'ada@example.com');
  assert.equal(me.body['displayName'], 'Ada');

  const refreshed = await browser.refresh();
  assert.equal(refreshed.body['kind'], 'rotated', refreshed.text);
  assert.equal((await browser.call('session')).body['status'], 'VERIFIED');

  assert.equal((await browser.act('signOut')).status, 204);
  assert.deepEqual((await browser.call('session')).body, { status: 'SIGNED_OUT' });

  assert.equal((await browser.signIn('ada@example.com', 'a wrong password entirely')).body.error, 'wrong_credentials');
  assert.equal((await browser.signIn('Ada@Example.com', PASSWORD)).body['status'], 'VERIFIED');
});
