import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authPath } from '@portico/protocol/routes';
import { createFakeApi, type Network, refreshesOf, refused } from '../test/fake-api.ts';
import { openTab } from '../test/fake-tabs.ts';
import { claimAttempt, newAttempt } from './attempt-store.ts';

const ME = authPath('me');

test('a refresh whose answer was lost is repeated with the attempt of the first', async () => {
  let lost = true;
  const api = createFakeApi(async (deliver) => {
    const reply = deliver();
    if (!lost) return reply;
    throw new TypeError('network');
  });
  const tab = openTab(api);
  const first = await tab.refresh();
  assert.ok(!first.ok && first.trouble.error === 'offline');
  lost = false;
  assert.ok((await tab.refresh()).ok);
  const [one, two] = refreshesOf(api);
  assert.ok(one);
  assert.equal(one, two);
  assert.equal(api.family.gen, 1);
});

test('a tab whose cookie changed under it reads the cookie again and goes on', async () => {
  const api = createFakeApi();
  let seen = 0;
  const tab = openTab(api, new Map(), { readGeneration: () => [7, 0][seen++] ?? 0 });
  assert.ok((await tab.refresh()).ok);
  assert.equal(refreshesOf(api).length, 2);
});

test('a readable cookie that is out of step with the real one is not believed twice', async () => {
  const api = createFakeApi();
  assert.ok((await openTab(api, new Map(), { readGeneration: () => 7 }).refresh()).ok);
  assert.deepEqual(
    api.requests.map(({ path }) => path),
    [authPath('refresh'), authPath('session'), authPath('refresh')],
  );
});

test('a tab that cannot read the cookie asks the server for the generation', async () => {
  const api = createFakeApi();
  assert.ok((await openTab(api, new Map(), { readGeneration: () => null }).refresh()).ok);
  assert.deepEqual(
    api.requests.map(({ path }) => path),
    [authPath('session'), authPath('refresh')],
  );
});

test('where the cookie cannot be read and is older than its session, the generation comes with the refusal', async () => {
  const api = createFakeApi();
  api.stale = true;
  assert.ok((await openTab(api, new Map(), { readGeneration: () => null }).refresh()).ok);
  assert.match(refreshesOf(api)[0] ?? '', /^0\./);
});

test('a server that says retry for ever is asked four times, not for ever', async () => {
  const api = createFakeApi();
  api.family.gen = 40;
  const answer = await openTab(api).refresh();
  assert.ok(!answer.ok && answer.trouble.error === 'retry');
  assert.equal(refreshesOf(api).length, 4);
});

test('without a refresh cookie the server itself says that nobody is signed in', async () => {
  const api = createFakeApi();
  api.jar.gen = null;
  const answer = await openTab(api).refresh();
  assert.ok(!answer.ok && answer.trouble.error === 'refresh_invalid');
  assert.deepEqual(refreshesOf(api), [null]);
});

test('a call goes out with the token in memory and refreshes only when there is none', async () => {
  const api = createFakeApi();
  let now = 0;
  const tab = openTab(api, new Map(), { elapsed: () => now });
  const answer = await tab.call<string>('GET', ME);
  assert.ok(answer.ok && answer.body === 'Bearer access-1');
  await tab.call('GET', ME);
  assert.equal(refreshesOf(api).length, 1);
  now = 295_000;
  await tab.call('GET', ME);
  assert.equal(refreshesOf(api).length, 2, 'five seconds before the end a token counts as ended');
});

test('a 401 refreshes once and repeats once, and then it is an answer', async () => {
  const api = createFakeApi();
  api.other = () => refused(401, 'signed_out');
  const answer = await openTab(api).call('GET', ME);
  assert.ok(!answer.ok && answer.status === 401);
  assert.equal(api.requests.filter(({ path }) => path === ME).length, 2);
  assert.equal(refreshesOf(api).length, 2);
});

test('a CSRF token that is too old is renewed with the refresh and the call repeated', async () => {
  const api = createFakeApi();
  let calls = 0;
  api.other = () => {
    calls += 1;
    return calls === 1 ? refused(403, 'csrf_failed') : { status: 204, body: null };
  };
  const answer = await openTab(api).call('DELETE', authPath('mySessions'));
  assert.ok(answer.ok);
  const sent = api.requests.filter(({ path }) => path === authPath('mySessions')).map(({ csrf }) => csrf);
  assert.deepEqual(sent, ['csrf-1', 'csrf-2']);
});

for (const [name, network] of [
  [
    'a lost network',
    async () => {
      throw new TypeError('network');
    },
  ],
  ['a gateway that answers HTML', async () => ({ status: 502, body: '<html>' })],
  ['a server that is down', async () => refused(503, 'unavailable')],
] as const satisfies readonly (readonly [string, Network])[]) {
  test(`${name} ends nothing: the next refresh goes on with the same attempt`, async () => {
    let down = true;
    const api = createFakeApi((deliver) => (down ? network() : Promise.resolve(deliver())));
    const tab = openTab(api);
    const answer = await tab.call('GET', ME);
    assert.ok(!answer.ok && ['offline', 'unavailable'].includes(answer.trouble.error));
    down = false;
    assert.ok((await tab.call('GET', ME)).ok);
    assert.equal(new Set(refreshesOf(api)).size, 1);
  });
}

test('a sign-out without a CSRF token fetches one first', async () => {
  const api = createFakeApi();
  assert.ok((await openTab(api).signOut(true)).ok);
  assert.deepEqual(
    api.requests.map(({ path, csrf }) => [path, csrf]),
    [
      [authPath('session'), null],
      [authPath('signOut'), 'csrf-from-session'],
    ],
  );
});

test('a sign-out that did not reach the server can be tried again, and the session still works', async () => {
  let down = false;
  const api = createFakeApi(async (deliver) => {
    if (down) throw new TypeError('network');
    return deliver();
  });
  const tab = openTab(api);
  await tab.refresh();
  down = true;
  const failed = await tab.signOut(false);
  assert.ok(!failed.ok && failed.trouble.error === 'offline');
  down = false;
  assert.ok((await tab.call('GET', ME)).ok);
  assert.ok((await tab.signOut(false)).ok);
});

test('an attempt names its generation and carries 128 random bits', () => {
  const attempts = Array.from({ length: 1_000 }, () => newAttempt(12));
  assert.ok(attempts.every((attempt) => /^12\.[A-Za-z0-9_-]{22}$/.test(attempt)));
  assert.equal(new Set(attempts).size, attempts.length);
});

test('a browser without storage sends no attempt rather than one that it cannot repeat', async () => {
  assert.equal(await claimAttempt(3), null);
});
