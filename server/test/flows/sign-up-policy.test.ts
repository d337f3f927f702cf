import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEmail } from '../../src/accounts/email.ts';
import { isAllowedDomain } from '../../src/accounts/sign-up-policy.ts';
import type { Answered } from '../browser.ts';
import { inWorld, openWorld, PASSWORD, type World, type WorldOptions } from '../world.ts';

/** Who may create an account. What is refused must tell nothing about who has one. */

const KNOWN = 'known@corp.example';
const seen = ({ status, text, setCookies }: Answered) =>
  JSON.stringify([status, text.replace(/"requestId":"[^"]+"/, ''), setCookies.map((line) => line.replace(/=[^;]*/, '=…'))]);
const signUp = (world: World, email: string, more: object = {}) => world.browser().call('signUp', { email, password: PASSWORD, ...more });

/** The same database under other settings: the operator changed them and started again. */
async function under(world: World, config: NonNullable<WorldOptions['config']>, body: (world: World) => Promise<void>): Promise<void> {
  const other = await openWorld(world.deps.db, { config, clock: world.clock });
  try {
    await body(other);
  } finally {
    await other.close();
  }
}

inWorld(
  'closed: nobody signs up, known and unknown addresses are refused with the same bytes, and who has an account signs in',
  async (world) => {
    await world.signedUp(KNOWN);
    await under(world, { signup: 'closed' }, async (closed) => {
      const before = (await closed.mails()).length;
      const [known, unknown] = [await signUp(closed, KNOWN), await signUp(closed, 'new@corp.example')];
      assert.deepEqual([unknown.status, unknown.body.error], [403, 'signup_closed']);
      assert.equal(seen(known), seen(unknown));
      assert.equal((await closed.mails()).length, before, 'and nobody gets a letter');
      assert.equal((await closed.browser().signIn(KNOWN, PASSWORD)).status, 200);
    });
  },
);

inWorld('invite: without an invitation known and unknown addresses are refused with the same bytes', async (world) => {
  await world.signedUp(KNOWN);
  await under(world, { signup: 'invite' }, async (invite) => {
    for (const more of [{}, { inviteToken: 'x' }, { inviteToken: 'A'.repeat(43) }]) {
      const [known, unknown] = [await signUp(invite, KNOWN, more), await signUp(invite, 'new@corp.example', more)];
      assert.deepEqual([unknown.status, unknown.body.error], [403, 'signup_by_invitation']);
      assert.equal(seen(known), seen(unknown));
    }
  });
});

inWorld(
  'domains: an address of another domain is refused, whoever it belongs to; one of a listed domain is taken in any case',
  async (world) => {
    await world.signedUp('known@elsewhere.example');
    await under(world, { signupDomains: ['corp.example', 'xn--bcher-kva.example'] }, async (corp) => {
      const [known, unknown] = [await signUp(corp, 'known@elsewhere.example'), await signUp(corp, 'new@elsewhere.example')];
      assert.deepEqual([unknown.status, unknown.body.error], [403, 'signup_domain_refused']);
      assert.equal(seen(known), seen(unknown));
      for (const email of ['a@evil-corp.example', 'a@sub.corp.example', 'a@corp.example.evil.example', 'corp.example@evil.example'])
        assert.equal((await signUp(corp, email)).body.error, 'signup_domain_refused', email);
      for (const email of ['a@corp.example', 'b@CORP.Example']) assert.equal((await signUp(corp, email)).status, 200, email);
    });
  },
);

inWorld('a sign-up that began while it was allowed is refused when its code comes too late, and no account is made', async (world) => {
  const browser = world.browser();
  await browser.call('signUp', { email: 'ada@corp.example', password: PASSWORD });
  const code = await world.codeFor('ada@corp.example');
  for (const [config, error] of [
    [{ signup: 'closed' }, 'signup_closed'],
    [{ signup: 'invite' }, 'signup_by_invitation'],
    [{ signupDomains: ['elsewhere.example'] }, 'signup_domain_refused'],
  ] as const) {
    await under(world, config, async (later) => {
      const moved = browser.copy();
      moved.app = later.app;
      assert.equal((await moved.call('verifySignIn', { securityCode: code })).body.error, error);
    });
  }
  assert.deepEqual(await world.deps.db.all('select id from users'), []);
  assert.equal((await browser.call('verifySignIn', { securityCode: code })).body['status'], 'VERIFIED', 'and none of it used the code up');
});

test('a domain is compared whole, without regard to case of any script', () => {
  const policy = { signup: 'open', signupDomains: ['bücher.example'] } as const;
  const allowed = (text: string) => isAllowedDomain(policy, parseEmail(text) ?? { text, key: '' });
  assert.ok(allowed('a@bücher.example') && allowed('a@BÜCHER.EXAMPLE'));
  assert.ok(!allowed('a@xn--bcher-kva.example') && !allowed('a@ebücher.example'));
});
