import assert from 'node:assert/strict';
import { COOKIES, SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import type { Browser } from '../browser.ts';
import { sessionOf } from '../families.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** Session fixation: somebody puts cookies of their own choice into a victim's browser, and waits for the victim to sign in. */

const HTTPS = 'https://auth.example.com';
const SECURE = { config: { origin: HTTPS, appOrigin: HTTPS, apiOrigin: HTTPS } };
const VICTIM = 'victim@example.com';

function plant(victim: Browser, from: Browser, spelled: (name: string) => string): void {
  for (const [name, cookie] of from.jar) victim.jar.set(spelled(name), cookie);
}

/** Every value that the attacker knew before is worth nothing in the victim's session. */
async function requireWorthless(world: World, victim: Browser, attacker: Browser): Promise<void> {
  assert.equal((await victim.call('me')).body['email'], VICTIM);
  const { id } = await sessionOf(world, victim);
  for (const name of Object.values(COOKIES)) {
    if ([COOKIES.generation, COOKIES.device, COOKIES.transaction].some((shared) => shared === name)) continue;
    if (attacker.cookie(name) !== undefined) assert.notEqual(victim.cookie(name), attacker.cookie(name), `${name} was kept`);
  }
  assert.notEqual((await attacker.call('me')).body['email'], VICTIM);
  const refreshed = await attacker.refresh();
  assert.notEqual((refreshed.body['user'] as { email?: string } | undefined)?.email, VICTIM);
  assert.equal((await sessionOf(world, victim)).id, id);
  assert.equal((await victim.refresh()).body['kind'], 'rotated', 'and the victim stays signed in');
}

for (const [where, options] of [
  ['https', SECURE],
  ['http on loopback', {}],
] as const) {
  inWorld(
    `on ${where} a whole jar that was planted before a sign-in is dead after it, and gives its owner nothing`,
    async (world) => {
      await world.signedUp(VICTIM);
      const attacker = await world.signedUp('eve@example.com');
      const before = await sessionOf(world, attacker);
      const victim = world.browser();
      plant(victim, attacker, (name) => name);
      assert.equal((await victim.signIn(VICTIM, PASSWORD)).status, 200);
      const [row] = await world.deps.db.all('select state, ended_reason from sessions where id = $1', [before.id]);
      assert.deepEqual({ ...row }, { state: 'revoked', ended_reason: 'signed_in_again' }, 'the planted session ended with the sign-in');
      await requireWorthless(world, victim, attacker);
    },
    options,
  );
}

inWorld(
  'a sibling host can plant plain names only, and those are not even read: not for a session, a waiting sign-up, a device or a form',
  async (world) => {
    await world.signedUp(VICTIM);
    const attacker = await world.signedUp('eve@example.com');
    const waiting = world.browser();
    await waiting.call('signUp', { email: 'eve2@example.com', password: PASSWORD });
    const victim = world.browser();
    for (const from of [attacker, waiting]) plant(victim, from, (name) => name.replace(SECURE_COOKIE_PREFIX, ''));
    assert.ok([...victim.jar.keys()].every((name) => !name.startsWith(SECURE_COOKIE_PREFIX)));
    assert.deepEqual((await victim.call('session')).body, { status: 'SIGNED_OUT' });
    assert.equal((await victim.signIn(VICTIM, PASSWORD)).status, 200);
    assert.notEqual(
      victim.jar.get(SECURE_COOKIE_PREFIX + COOKIES.device)?.value,
      attacker.cookie(COOKIES.device),
      'the device is the victim’s own',
    );
    assert.equal((await attacker.refresh()).body['kind'], 'rotated', 'nobody’s session was named by a plain cookie');
    const page = await victim.send('GET', PAGES.dashboard, undefined, { headers: { accept: 'text/html' } });
    assert.ok(page.text.includes(VICTIM) && !page.text.includes('eve@'));
  },
  SECURE,
);

inWorld(
  'a waiting sign-up that was planted opens its own account only, and ends where the victim signs in by another way',
  async (world) => {
    await world.signedUp(VICTIM);
    const attacker = world.browser();
    await attacker.call('signUp', { email: 'eve@example.com', password: PASSWORD });
    const victim = world.browser();
    plant(victim, attacker, (name) => name);
    assert.equal((await victim.signIn(VICTIM, PASSWORD)).status, 200);
    assert.equal((await attacker.call('verifySignIn', { securityCode: await world.codeFor('eve@example.com') })).status, 200);
    assert.equal((await attacker.call('me')).body['email'], 'eve@example.com');
    await requireWorthless(world, victim, attacker);
  },
);

inWorld(
  'each step gives a new name: sign-up, code, sign-in, password change and return from a hold never keep a session id',
  async (world) => {
    const browser = world.browser();
    await browser.call('signUp', { email: VICTIM, password: PASSWORD });
    const waiting = browser.cookie(COOKIES.waiting) ?? '';
    const copy = browser.copy();
    assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor(VICTIM) })).status, 200);
    assert.deepEqual((await copy.call('session')).body, { status: 'SIGNED_OUT' }, 'the waiting cookie died with the code');
    assert.ok(![...browser.jar.values()].some(({ value }) => value === waiting));
    const ids = new Set<string>([(await sessionOf(world, browser)).id]);
    const tokens = new Set<string>([browser.refreshToken]);
    for (const step of [
      async () => browser.signIn(VICTIM, PASSWORD),
      async () => browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' }),
      async () => {
        await browser.copy().refresh();
        assert.equal((await browser.refresh()).body.error, 'session_held');
        await browser.call('resendCode');
        return browser.call('verifySignIn', { securityCode: await world.codeFor(VICTIM) });
      },
    ]) {
      const old = browser.copy();
      assert.equal((await step()).status, 200);
      ids.add((await sessionOf(world, browser)).id);
      tokens.add(browser.refreshToken);
      assert.notEqual((await old.refresh()).status, 200, 'the old token is dead');
      assert.equal((await browser.call('me')).status, 200);
    }
    assert.deepEqual([ids.size, tokens.size], [4, 4]);
    const hard = browser.copy();
    assert.equal((await browser.act('extendHard')).body['kind'], 'rotated');
    assert.notEqual(browser.refreshToken, hard.refreshToken);
  },
);
