import assert from 'node:assert/strict';
import { DAY, inWorld } from '../world.ts';

inWorld('a page that can read no cookie learns the generation of its old one, and gets the lost answer ten days later', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const old = browser.copy();
  const attempt = browser.newAttempt();
  await browser.refresh({ attempt });
  world.clock.advance(10 * DAY);
  const session = await old.call('session');
  assert.equal(session.status, 409);
  assert.equal(session.body['gen'], 0);
  assert.equal((await old.refresh({ attempt })).body['kind'], 'replayed');
});
