import assert from 'node:assert/strict';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { everything, familyOf, refreshByBody, withNative } from '../families.ts';
import { inTappedWorld } from '../tapped-db.ts';
import type { World } from '../world.ts';

/** What was not issued by us reaches no database, and can never cause a theft reaction. */

const CALLS = ['refresh', 'session', 'extendSoft', 'extendHard', 'signOut'] as const;

function withCookie(world: World, token: string) {
  const browser = world.browser();
  browser.receive({ setCookies: [`${COOKIES.refresh}=${token}; Path=/`] });
  return browser;
}

/** The token cut off at every length, made longer, changed in every character, and spelled in other ways. */
function forgeries(token: string): string[] {
  const cut = Array.from({ length: token.length }, (_, length) => token.slice(0, length));
  const longer = ['A', '=', 'AAAA', token].map((more) => token + more);
  const changed = token.split('').map((letter, at) => token.slice(0, at) + (letter === 'A' ? 'B' : 'A') + token.slice(at + 1));
  const respelled = [token.toLowerCase(), token.toUpperCase(), token.replace('ptr_', ''), `ptr_${token.slice(5)}=`, `"${token}"`];
  const strange = ['ptr_', '__proto__', 'null', 'ptr_'.padEnd(token.length, '-'), 'ptr_'.padEnd(token.length, '_'), 'x'.repeat(4000)];
  return [...cut, ...longer, ...changed, ...respelled, ...strange].filter((forged) => forged !== token);
}

inTappedWorld('garbage and truncated tokens of every length are refused as invalid without one statement', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const native = await withNative(world, browser);
  const before = await familyOf(world, browser);
  tap.forget();
  const forged = forgeries(browser.refreshToken);
  assert.ok(forged.length > 160);
  for (const [n, token] of forged.entries()) {
    const call = CALLS[n % CALLS.length] ?? 'refresh';
    for (const name of new Set(['refresh', call] as const)) {
      const answer = await withCookie(world, token).call(
        name,
        {},
        { headers: n % 2 === 0 ? {} : { [HEADERS.attempt]: `0.${'A'.repeat(22)}` } },
      );
      if (name === 'session') assert.deepEqual(answer.body, { status: 'SIGNED_OUT' });
      else if (name === 'signOut') assert.equal(answer.status, 204);
      else assert.equal(answer.body.error, 'refresh_invalid', `${name} with ${token}: ${answer.text}`);
    }
  }
  for (const token of forgeries(native).filter((forgery) => forgery.length > 0)) {
    const answer = await refreshByBody(world, token, 'space-snake');
    assert.equal(answer.status, 400);
    assert.ok(answer.body.error === 'refresh_invalid' || answer.body.error === 'invalid_fields', answer.text);
  }
  assert.deepEqual(tap.statements(), []);
  assert.deepEqual(await familyOf(world, browser), before);
});

inTappedWorld('a malformed attempt is bad_attempt and without any effect, with a good token too', async (world, tap) => {
  const browser = await world.signedUp('ada@example.com');
  const before = await everything(world);
  tap.forget();
  const random = 'A'.repeat(22);
  const malformed = [
    '',
    '.',
    '0',
    '0.',
    random,
    `.${random}`,
    `0.${random}A`,
    `0.${random.slice(1)}`,
    `00.${random}`,
    `-1.${random}`,
    `+0.${random}`,
    `0x0.${random}`,
    `1e0.${random}`,
    `0 .${random}`,
    `4294967296.${random}`,
    `99999999999.${random}`,
    `0.${random.slice(1)}!`,
    `0.${random.slice(2)}==`,
    `0.${random}, 0.${random}`,
    'x'.repeat(5000),
  ];
  for (const attempt of malformed) {
    for (const call of ['refresh', 'extendHard'] as const) {
      const answer = await browser.act(call, {}, { headers: { [HEADERS.attempt]: attempt } });
      assert.equal(answer.status, 400, attempt);
      assert.equal(answer.body.error, 'bad_attempt', attempt);
      assert.deepEqual(answer.setCookies, []);
    }
  }
  assert.deepEqual(tap.statements(), []);
  assert.deepEqual(await everything(world), before);
  assert.equal((await browser.refresh()).body['kind'], 'rotated');
});
