import assert from 'node:assert/strict';
import type { Browser } from '../browser.ts';
import { actions } from '../families.ts';
import { HOUR, inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** Who is signed in shows once more who they are: by password or by a mailed code, good for ten minutes, in this session alone. */

const EMAIL = 'ada@example.com';

async function freshUntil(browser: Browser): Promise<number> {
  return Number((await browser.call('me')).body['freshUntil']);
}

/** Signed up, and then so long ago that nothing is fresh any more. */
async function stale(world: World): Promise<Browser> {
  const browser = await world.signedUp(EMAIL);
  await later(world, browser, 11 * MINUTE);
  return browser;
}

async function later(world: World, browser: Browser, milliseconds: number): Promise<void> {
  world.clock.advance(milliseconds);
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
}

inWorld('a sign-in is fresh for ten minutes, and neither refreshing nor extending makes it fresher', async (world) => {
  const browser = await world.signedUp(EMAIL);
  const began = world.clock.now();
  await later(world, browser, 4 * MINUTE);
  assert.equal((await browser.act('extendHard')).status, 200);
  assert.equal((await browser.act('extendSoft')).status, 204);
  assert.equal(await freshUntil(browser), began + 10 * MINUTE);
});

inWorld('the password makes a session fresh again, and only that session', async (world) => {
  const browser = await stale(world);
  const other = world.browser();
  await other.signIn(EMAIL, PASSWORD);
  await later(world, other, 11 * MINUTE);
  await browser.refresh();
  assert.ok((await freshUntil(browser)) < world.clock.now());
  assert.equal((await browser.act('myProof', { password: PASSWORD })).status, 204);
  assert.equal(await freshUntil(browser), world.clock.now() + 10 * MINUTE);
  assert.ok((await freshUntil(other)) < world.clock.now());
  assert.equal((await actions(world)).filter((action) => action === 'proof.given').length, 1);
});

inWorld('a wrong password proves nothing, and is counted together with those of a password change', async (world) => {
  const browser = await stale(world);
  const wrong = await browser.act('myProof', { password: 'wrong horse battery staple' });
  assert.deepEqual([wrong.status, wrong.body.error, wrong.body['fields']], [403, 'wrong_password', { password: 'malformed' }]);
  assert.ok((await freshUntil(browser)) < world.clock.now());
  for (let n = 0; n < 9; n += 1)
    await browser.act('myPassword', { currentPassword: 'wrong horse battery staple', newPassword: 'another horse battery staple' });
  const full = await browser.act('myProof', { password: PASSWORD });
  assert.deepEqual([full.status, full.body.error], [429, 'account_throttled']);
  assert.ok(Number(full.headers['retry-after']) > 0);
  world.clock.advance(16 * MINUTE);
  await browser.refresh();
  assert.equal((await browser.act('myProof', { password: PASSWORD })).status, 204);
});

inWorld('of a hundred parallel wrong passwords ten are hashed, and none proves anything', async (world) => {
  const browser = await stale(world);
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => browser.act('myProof', { password: `wrong password ${n}` })));
  assert.equal(answers.filter(({ body }) => body.error === 'wrong_password').length, 10);
  assert.equal(answers.filter(({ body }) => body.error === 'account_throttled').length, 90);
  assert.ok((await freshUntil(browser)) < world.clock.now());
});

inWorld('exactly one of password and code is taken', async (world) => {
  const browser = await stale(world);
  for (const body of [{}, { password: PASSWORD, securityCode: '12345678' }, { securityCode: 'no code' }]) {
    const answered = await browser.act('myProof', body);
    assert.deepEqual([answered.status, answered.body.error], [400, 'invalid_fields'], JSON.stringify(body));
  }
  assert.ok((await freshUntil(browser)) < world.clock.now());
});

inWorld('a code goes to the address of the account, proves once, and another one may be asked for later', async (world) => {
  const browser = await stale(world);
  const asked = await browser.act('myProofCode');
  assert.deepEqual([asked.status, asked.body], [200, { triesLeft: 5, resendAt: world.clock.now() + MINUTE }]);
  const code = await world.codeFor(EMAIL);
  assert.match((await world.mails())[0]?.subject ?? '', /confirms that it is you/);
  assert.ok(!asked.text.includes(code));
  const wrong = await browser.act('myProof', { securityCode: code === '00000000' ? '00000001' : '00000000' });
  assert.deepEqual([wrong.status, wrong.body.error, wrong.body['triesLeft']], [400, 'wrong_code', 4]);
  assert.equal((await browser.act('myProof', { securityCode: `${code.slice(0, 4)} ${code.slice(4)}` })).status, 204);
  assert.equal(await freshUntil(browser), world.clock.now() + 10 * MINUTE);
  assert.equal((await browser.act('myProof', { securityCode: code })).body.error, 'code_expired');

  const soon = await browser.act('myProofCode');
  assert.deepEqual([soon.status, soon.body.error], [429, 'too_many_requests']);
  world.clock.advance(MINUTE);
  assert.equal((await browser.act('myProofCode')).status, 200);
  assert.equal((await browser.act('myProof', { securityCode: await world.codeFor(EMAIL) })).status, 204);
});

inWorld('a code lasts ten minutes and five tries, and works in no other session of its owner', async (world) => {
  const browser = await stale(world);
  const other = world.browser();
  await other.signIn(EMAIL, PASSWORD);
  await browser.act('myProofCode');
  const code = await world.codeFor(EMAIL);
  assert.equal((await other.act('myProof', { securityCode: code })).body.error, 'code_expired');
  for (let left = 4; left >= 0; left -= 1)
    assert.equal((await browser.act('myProof', { securityCode: wrongFor(code) })).body['triesLeft'], left);
  assert.equal((await browser.act('myProof', { securityCode: code })).body.error, 'code_expired');
  world.clock.advance(MINUTE);
  await browser.act('myProofCode');
  const second = await world.codeFor(EMAIL);
  await later(world, browser, 10 * MINUTE);
  assert.equal((await browser.act('myProof', { securityCode: second })).body.error, 'code_expired');
  assert.ok((await freshUntil(browser)) < world.clock.now());
});

inWorld('five codes an hour are mailed, however many were used or ran out', async (world) => {
  const browser = await stale(world);
  for (let n = 0; n < 5; n += 1) {
    assert.equal((await browser.act('myProofCode')).status, 200, String(n));
    if (n % 2 === 0) assert.equal((await browser.act('myProof', { securityCode: await world.codeFor(EMAIL) })).status, 204);
    await later(world, browser, 2 * MINUTE);
  }
  assert.equal((await browser.act('myProofCode')).body.error, 'account_throttled');
  await later(world, browser, HOUR);
  assert.equal((await browser.act('myProofCode')).status, 200);
});

inWorld('twenty parallel right codes prove once; sixty-four wrong ones are looked at five times', async (world) => {
  const browser = await stale(world);
  await browser.act('myProofCode');
  const securityCode = await world.codeFor(EMAIL);
  // Five tries are what a code has: more than five at once would be refused for that alone.
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.act('myProof', { securityCode })));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  assert.ok(answers.every(({ status, body }) => status === 204 || body.error === 'code_expired'));
  assert.equal((await actions(world)).filter((action) => action === 'proof.given').length, 1);

  await later(world, browser, 61 * MINUTE);
  await browser.act('myProofCode');
  const wrong = wrongFor(await world.codeFor(EMAIL));
  const guesses = await Promise.all(Array.from({ length: 64 }, () => browser.act('myProof', { securityCode: wrong })));
  assert.equal(guesses.filter(({ body }) => body.error === 'wrong_code').length, 5);
  assert.ok((await freshUntil(browser)) < world.clock.now());
});

inWorld('twenty parallel requests for a code mail one', async (world) => {
  const browser = await stale(world);
  const before = (await world.mails()).length;
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.act('myProofCode')));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal((await world.mails()).length, before + 1);
});

inWorld('the tries of a signed-in thief leave those of a held owner alone', async (world) => {
  const thief = await stale(world);
  for (let n = 0; n < 21; n += 1) await thief.act('myProof', { securityCode: '12345678' });
  assert.equal((await thief.act('myProof', { securityCode: '12345678' })).body.error, 'account_throttled');
  const owner = world.browser();
  await owner.signIn(EMAIL, PASSWORD);
  await owner.copy({ address: '203.0.113.9' }).refresh();
  assert.equal((await owner.refresh()).body.error, 'session_held');
  assert.equal((await owner.call('resendCode')).status, 200);
  assert.equal((await owner.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })).status, 200);
});

inWorld('an account without a password sets its first one on a fresh proof, and is asked for it from then on', async (world) => {
  const browser = await stale(world);
  await world.deps.db.all('delete from passwords');
  const newPassword = 'another horse battery staple';
  assert.equal((await browser.act('myProof', { password: PASSWORD })).body.error, 'wrong_password', 'there is none to prove with');
  const refused = await browser.act('myPassword', { newPassword });
  assert.deepEqual([refused.status, refused.body.error], [403, 'fresh_signin_required']);
  await browser.act('myProofCode');
  await browser.act('myProof', { securityCode: await world.codeFor(EMAIL) });
  assert.equal((await browser.act('myPassword', { newPassword: 'short' })).body.error, 'password_refused');
  assert.equal((await browser.act('myPassword', { newPassword })).status, 200);
  assert.match((await world.mails())[0]?.subject ?? '', /has a password now/);
  assert.equal((await world.browser().signIn(EMAIL, newPassword)).status, 200);
  // Fresh as it is, the session must show the password now.
  const again = await browser.act('myPassword', { newPassword: 'yet another horse battery staple' });
  assert.deepEqual([again.status, again.body.error], [403, 'wrong_password']);
});

inWorld('of twenty parallel first passwords one is kept', async (world) => {
  const browser = await world.signedUp(EMAIL);
  await world.deps.db.all('delete from passwords');
  const passwords = Array.from({ length: 20 }, (_, n) => `another horse battery staple ${n}`);
  const answers = await Promise.all(passwords.map((newPassword) => browser.copy().act('myPassword', { newPassword })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, answers.map(({ text }) => text).join('\n'));
  const won = answers.findIndex(({ status }) => status === 200);
  assert.equal((await world.browser().signIn(EMAIL, passwords[won] ?? '')).status, 200);
});

inWorld('for a week after a change of address the code goes to the old one', async (world) => {
  const browser = await stale(world);
  const until = world.clock.now() + 10 * MINUTE;
  await world.deps.db.all("update users set email = 'thief@example.com', previous_email = $1, previous_email_until = $2", [EMAIL, until]);
  await browser.act('myProofCode');
  assert.equal((await world.mails())[0]?.to, EMAIL);
  await later(world, browser, 10 * MINUTE);
  await browser.act('myProofCode');
  assert.equal((await world.mails())[0]?.to, 'thief@example.com');
});

function wrongFor(code: string): string {
  return code === '00000000' ? '00000001' : '00000000';
}
