import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { inWorld, PASSWORD } from '../world.ts';

const WRONG = 'not the password of anybody';

/** Everything an answer shows, without what is random by design. */
function seen(answered: {
  status: number;
  text: string;
  headers: Readonly<Record<string, unknown>>;
  setCookies: readonly string[];
}): string {
  const text = answered.text.replace(/"requestId":"[^"]+"/, '"requestId":"…"');
  const names = Object.keys(answered.headers)
    .filter((name) => name !== 'date')
    .sort();
  const cookies = answered.setCookies.map((line) => line.replace(/=[^;]*/, '=…'));
  return JSON.stringify({ status: answered.status, text, names, cookies, length: answered.headers['content-length'] });
}

inWorld('sign-up answers a new and a known address with the same bytes', async (world) => {
  await world.signedUp('known@example.com');
  const known = await world.browser().call('signUp', { email: 'known@example.com', password: PASSWORD });
  const fresh = await world.browser().call('signUp', { email: 'fresh@example.com', password: PASSWORD });
  assert.equal(seen(known), seen(fresh));
});

inWorld('sign-in answers a known, an unknown and a waiting address with the same bytes', async (world) => {
  await world.signedUp('known@example.com');
  await world.browser().call('signUp', { email: 'waits@example.com', password: PASSWORD });
  const known = await world.browser().signIn('known@example.com', WRONG);
  assert.equal(known.status, 401);
  assert.equal(seen(await world.browser().signIn('nobody@example.com', WRONG)), seen(known));
  assert.equal(seen(await world.browser().signIn('waits@example.com', WRONG)), seen(known));
  assert.equal(seen(await world.browser().signIn('waits@example.com', PASSWORD)), seen(known));
});

inWorld('a forgotten password is answered with the same bytes for every address, from the API and from the form', async (world) => {
  await world.signedUp('known@example.com');
  await world.signedUp('suspended@example.com');
  await world.deps.db.all("update users set suspended_at = 1 where email = 'suspended@example.com'");
  await world.signedUp('elsewhere@example.com');
  await world.deps.db.all("delete from passwords where user_id = (select id from users where email = 'elsewhere@example.com')");
  await world.browser().call('signUp', { email: 'waits@example.com', password: PASSWORD });
  const byForm = async (email: string) => {
    const browser = world.browser();
    const page = await browser.send('GET', PAGES.forgot, undefined, { headers: { accept: 'text/html' } });
    return browser.submit(PAGES.forgot, { [FORM_FIELDS.form]: /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '', email });
  };
  for (const ask of [(email: string) => world.browser().call('forgotPassword', { email }), byForm]) {
    const known = await ask('known@example.com');
    assert.ok(known.status === 204 || known.headers['location'] === `${PAGES.forgot}?notice=sent`, known.text);
    for (const email of ['nobody@example.com', 'suspended@example.com', 'elsewhere@example.com', 'waits@example.com'])
      assert.equal(seen(await ask(email)), seen(known), email);
  }
});

inWorld('a forgotten password is answered before anybody looks for an account', async (world) => {
  await world.signedUp('known@example.com');
  await world.settled();
  const before = (await world.mails()).length;
  const looked: string[] = [];
  const { db } = world.deps;
  const all = db.all.bind(db);
  Object.assign(db, { all: (sql: string, values?: readonly (string | number | null)[]) => (looked.push(sql), all(sql, values)) });
  await world.browser().call('forgotPassword', { email: 'known@example.com' });
  const until = looked.filter((sql) => / from users /.test(sql));
  await world.settled();
  Object.assign(db, { all });
  assert.deepEqual(until, []);
  assert.ok(
    looked.some((sql) => / from users /.test(sql)),
    'and afterwards somebody does',
  );
  assert.equal((await world.mails()).length, before + 1);
});

inWorld('a wrong code, the fifth wrong code and a resend look the same for a decoy as for a real sign-up', async (world) => {
  await world.signedUp('known@example.com');
  const decoy = world.browser();
  const real = world.browser();
  await decoy.call('signUp', { email: 'known@example.com', password: PASSWORD });
  await real.call('signUp', { email: 'fresh@example.com', password: PASSWORD });
  for (let n = 0; n < 6; n += 1) {
    const [a, b] = [
      await decoy.call('verifySignIn', { securityCode: '00000000' }),
      await real.call('verifySignIn', { securityCode: '00000000' }),
    ];
    assert.equal(seen(a), seen(b), `try ${n + 1}`);
    assert.equal(a.body.error, n < 5 ? 'wrong_code' : 'code_expired');
  }
  world.clock.advance(61_000);
  assert.equal(seen(await decoy.call('resendCode')), seen(await real.call('resendCode')));
  assert.equal(seen(await decoy.call('resendCode')), seen(await real.call('resendCode')));
});

inWorld('known and unknown addresses are throttled alike, in sign-up, in sign-in and in forgotten passwords', async (world) => {
  await world.signedUp('known@example.com');
  world.clock.advance(3_700_000);
  for (const email of ['known@example.com', 'nobody@example.com']) {
    const answers: string[] = [];
    for (let n = 0; n < 12; n += 1) answers.push((await world.browser().signIn(email, WRONG)).body.error ?? '');
    assert.deepEqual(answers, [...Array<string>(10).fill('wrong_credentials'), 'account_throttled', 'account_throttled'], email);
    const mailed: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const call = n % 2 === 0 ? 'signUp' : 'forgotPassword';
      mailed.push((await world.browser().call(call, { email, ...(n % 2 === 0 ? { password: PASSWORD } : {}) })).body.error ?? 'ok');
    }
    assert.deepEqual(mailed, ['ok', 'ok', 'ok', 'ok', 'ok', 'account_throttled'], email);
  }
});

inWorld('an unknown account costs one hash, as a known one does', async (world) => {
  await world.signedUp('known@example.com');
  const { hasher } = world.deps;
  let verified = 0;
  let hashed = 0;
  const verify = hasher.verify;
  const hash = hasher.hash;
  Object.assign(hasher, {
    verify: (stored: string | null, password: string) => ((verified += 1), verify(stored, password)),
    hash: (password: string) => ((hashed += 1), hash(password)),
  });
  for (const email of ['known@example.com', 'nobody@example.com']) {
    verified = 0;
    hashed = 0;
    await world.browser().signIn(email, WRONG);
    assert.deepEqual([verified, hashed], [1, 0], `sign-in of ${email}`);
    await world.browser().call('signUp', { email, password: PASSWORD });
    assert.deepEqual([verified, hashed], [1, 1], `sign-up of ${email}`);
  }
});

inWorld('a known address is told by mail that it has an account, and no code opens the decoy', async (world) => {
  await world.signedUp('known@example.com');
  const stranger = world.browser();
  await stranger.call('signUp', { email: 'known@example.com', password: 'a password that the stranger chose' });
  const [newest] = await world.mails();
  assert.equal(newest?.to, 'known@example.com');
  assert.match(newest?.subject ?? '', /already have an account/);
  assert.doesNotMatch(newest?.text ?? '', /\b\d{8}\b/);
  assert.equal((await world.browser().signIn('known@example.com', 'a password that the stranger chose')).status, 401);
  assert.equal((await world.browser().signIn('known@example.com', PASSWORD)).status, 200);
});

inWorld('A001: whoever signs up with somebody else’s address never gets into that account', async (world) => {
  const attacker = world.browser();
  await attacker.call('signUp', { email: 'victim@example.com', password: 'the password of the attacker' });
  const victim = world.browser();
  await victim.call('signUp', { email: 'victim@example.com', password: PASSWORD });
  const code = await world.codeFor('victim@example.com');
  // The victim's code, wherever the attacker got it from, is worth nothing in the attacker's browser.
  assert.equal((await attacker.call('verifySignIn', { securityCode: code })).body.error, 'wrong_code');
  assert.equal((await victim.call('verifySignIn', { securityCode: code })).body['status'], 'VERIFIED');
  assert.equal((await world.browser().signIn('victim@example.com', 'the password of the attacker')).status, 401);
  assert.equal((await attacker.call('session')).body['status'], 'UNVERIFIED');
  assert.equal((await attacker.call('me')).status, 401);
});

inWorld(
  'an address that was never proven signs in as wrong credentials, and a fresh code is mailed that works where the sign-up began',
  async (world) => {
    const browser = world.browser();
    await browser.call('signUp', { email: 'ada@example.com', password: PASSWORD });
    const first = await world.codeFor('ada@example.com');
    world.clock.advance(61_000);
    assert.equal((await world.browser().signIn('ada@example.com', PASSWORD)).body.error, 'wrong_credentials');
    await world.settled();
    const second = await world.codeFor('ada@example.com');
    assert.notEqual(second, first);
    assert.equal((await browser.call('verifySignIn', { securityCode: first })).body.error, 'wrong_code');
    assert.equal((await browser.call('verifySignIn', { securityCode: second })).body['status'], 'VERIFIED');
  },
);
