import assert from 'node:assert/strict';
import { listCommonPasswords } from '../../src/accounts/common-passwords.ts';
import { inWorld, type World } from '../world.ts';

const signUp = (world: World, password: unknown, email = 'ada@example.com') => world.browser().call('signUp', { email, password });

/** Signs up with this password, signs out, and answers how variants of it sign in. */
async function accepts(world: World, password: string, email: string, variants: readonly string[]): Promise<void> {
  await world.signedUp(email, { password });
  assert.equal((await world.browser().signIn(email, password)).status, 200, `${password} signs in`);
  for (const variant of variants) {
    assert.equal(
      (await world.browser().signIn(email, variant)).status,
      401,
      `${JSON.stringify(variant)} is not ${JSON.stringify(password)}`,
    );
  }
}

inWorld('fourteen characters are refused, fifteen taken; characters are counted, not bytes', async (world) => {
  const short = await signUp(world, 'abcdefghijklmn');
  assert.deepEqual([short.status, short.body.error], [422, 'password_refused']);
  assert.deepEqual(short.body['fields'], { password: 'password_too_short' });
  assert.equal((await signUp(world, 'abcdefghijklmno')).status, 200);
  assert.equal(
    (await signUp(world, '🙂🙃🙂🙃🙂🙃🙂🙃🙂🙃🙂🙃🙂🙃', 'b@example.com')).status,
    422,
    'fourteen emoji are 56 bytes and still too short',
  );
  assert.equal((await signUp(world, '🙂🙃😀😁😂😃😄😅😆😇😈😉😊😋😌', 'c@example.com')).status, 200);
});

inWorld('no composition rules: words, digits, emoji and spaces are passwords', async (world) => {
  for (const [n, password] of [
    'plain lower case words',
    '849302756102938',
    'ÄÖÜ äöü ß привет',
    '               x',
    'ALL UPPER CASE HERE',
  ].entries()) {
    assert.equal((await signUp(world, password, `p${n}@example.com`)).status, 200, password);
  }
});

inWorld('common passwords are refused in any case, and when written twice', async (world) => {
  const long = [...listCommonPasswords()].filter((entry) => [...entry].length >= 15);
  assert.ok(long.length >= 30, 'the list has entries that meet the length rule');
  for (const password of [
    ...long.slice(0, 40),
    (long[0] ?? '').toUpperCase(),
    'passwordpassword',
    'qwertyqwertyqwerty',
    'Dragonfly'.toLowerCase().repeat(2),
  ]) {
    const answered = await signUp(world, password);
    assert.deepEqual([answered.status, answered.body['fields']], [422, { password: 'password_common' }], password);
  }
});

inWorld(
  'with the minimum at 8, every common password that is long enough is refused',
  async (world) => {
    const refused = [...listCommonPasswords()].filter((entry) => [...entry].length >= 8).slice(0, 3000);
    assert.equal(refused.length, 3000);
    for (const password of refused.filter((_, n) => n % 60 === 0)) assert.equal((await signUp(world, password)).status, 422, password);
  },
  { config: { passwordMin: 8 } },
);

inWorld('the service’s name, its host and one’s own address do not make a password', async (world) => {
  for (const password of ['porticoportico1', 'localhostlocalhost', 'ada.lovelace@example.com', 'ada.lovelace12345']) {
    const answered = await signUp(world, password, 'ada.lovelace@example.com');
    assert.deepEqual([answered.status, answered.body['fields']], [422, { password: 'password_context' }], password);
  }
});

inWorld('a password is verified exactly as it was typed: spaces, case, byte 73, NUL and Unicode forms matter', async (world) => {
  await accepts(world, ' spaces around them ', 'a@example.com', ['spaces around them', ' spaces around them', ' Spaces around them ']);
  const long = 'x1'.repeat(40);
  await accepts(world, long, 'b@example.com', [long.slice(0, 72), `${long.slice(0, 72)}AAAAAAAA`]);
  await accepts(world, 'nul\u0000inside the password', 'c@example.com', ['nul', 'nulinside the password', 'nul\u0000inside the passworx']);
  await accepts(world, 'e\u0301e\u0301e\u0301 decomposed accents', 'd@example.com', ['ééé decomposed accents']);
});

inWorld('64 and 128 characters of four bytes are taken; over 4 kB is refused before anything is hashed', async (world) => {
  for (const [n, length] of [64, 128].entries()) {
    const password = '😀😁😂🤣'.repeat(length / 4);
    await world.signedUp(`long${n}@example.com`, { password });
    assert.equal((await world.browser().signIn(`long${n}@example.com`, password)).status, 200);
  }
  const { hasher } = world.deps;
  let calls = 0;
  Object.assign(hasher, { hash: async () => ((calls += 1), ''), verify: async () => ((calls += 1), false) });
  assert.equal((await signUp(world, 'x'.repeat(4097))).status, 422);
  assert.equal((await world.browser().signIn('ada@example.com', 'x'.repeat(4097))).status, 400);
  assert.equal(calls, 0);
});

inWorld('a hash with weaker parameters is renewed at the next sign-in, and the password still works', async (world) => {
  await world.signedUp('ada@example.com');
  const stored = async () => String((await world.deps.db.all('select hash from passwords'))[0]?.['hash']);
  const weak = await stored();
  assert.match(weak, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
  const { createPasswordHasher } = await import('../../src/platform/password-hasher.ts');
  Object.assign(world.deps.hasher, createPasswordHasher({ options: { algorithm: 2, memoryCost: 128, timeCost: 1, parallelism: 1 } }));
  assert.equal((await world.browser().signIn('ada@example.com', 'correct horse battery staple')).status, 200);
  await world.settled();
  assert.match(await stored(), /m=128,t=1,p=1/);
  assert.equal((await world.browser().signIn('ada@example.com', 'correct horse battery staple')).status, 200);
});

inWorld('a change needs the current password, counts wrong ones, and ends every other session', async (world) => {
  const here = await world.signedUp('ada@example.com');
  const there = world.browser();
  await there.signIn('ada@example.com', 'correct horse battery staple');
  const change = (currentPassword: string, newPassword = 'another horse battery staple') =>
    here.act('myPassword', { currentPassword, newPassword });
  assert.deepEqual(
    [(await change('wrong wrong wrong wrong')).status, (await change('wrong wrong wrong wrong')).body.error],
    [403, 'wrong_password'],
  );
  assert.equal((await change('correct horse battery staple', 'short')).status, 422);
  const changed = await change('correct horse battery staple');
  assert.equal(changed.body['status'], 'VERIFIED', changed.text);
  assert.equal((await here.call('session')).body['status'], 'VERIFIED');
  assert.equal((await here.refresh()).body['kind'], 'rotated');
  assert.equal((await there.call('session')).body['status'], 'SIGNED_OUT');
  assert.equal((await there.call('me')).status, 401, 'its access token is revoked within the second');
  assert.equal((await world.browser().signIn('ada@example.com', 'correct horse battery staple')).status, 401);
  assert.equal((await world.browser().signIn('ada@example.com', 'another horse battery staple')).status, 200);
  assert.match((await world.mails())[0]?.subject ?? '', /password .* was changed/);
  const guesses: string[] = [];
  for (let n = 0; n < 11; n += 1) guesses.push((await change('wrong wrong wrong wrong')).body.error ?? '');
  assert.equal(guesses.at(-1), 'account_throttled');
});

inWorld('a full hash queue is 503 with Retry-After, and the try is not counted', async (world) => {
  await world.signedUp('ada@example.com');
  const { Refusal } = await import('@portico/protocol/errors');
  const { hasher } = world.deps;
  const verify = hasher.verify;
  Object.assign(hasher, { verify: async () => Promise.reject(new Refusal('busy', { retryAfter: 2 })) });
  for (let n = 0; n < 15; n += 1) {
    const answered = await world.browser().signIn('ada@example.com', 'correct horse battery staple');
    assert.deepEqual([answered.status, answered.body.error, answered.headers['retry-after']], [503, 'busy', '2']);
  }
  Object.assign(hasher, { verify });
  assert.equal((await world.browser().signIn('ada@example.com', 'correct horse battery staple')).status, 200);
});
