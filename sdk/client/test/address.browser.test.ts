import assert from 'node:assert/strict';
import type { Portico } from '../src/types.ts';
import { open, session, signIn, watch, withApp } from './app-stage.ts';

/** What stands in addresses: where a sign-in goes back to, what it brings, and what somebody else wrote there. */

declare const portico: Portico;

const ELSEWHERE = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/%2e//evil.example',
  ' //evil.example',
  'https://evil.example/',
  'http:evil.example',
  'javascript:alert(1)',
  ' javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '@evil.example',
  '?next=//evil.example',
  '',
];

withApp('a sign-in goes back to a path of the app, and to nothing else', {}, async ({ app, person }) => {
  const visitor = await person();
  const { page } = visitor;
  const asked = watch(visitor);
  await open(page, app.origin);
  asked.length = 0;
  for (const returnTo of ELSEWHERE) {
    const thrown = await page.evaluate(
      (path) =>
        portico.signIn({ returnTo: path }).then(
          () => null,
          (error: { code: string; docs: string }) => [error.code, error.docs],
        ),
      returnTo,
    );
    assert.deepEqual(thrown, ['return_to_refused', 'docs/errors/return_to_refused.md'], JSON.stringify(returnTo));
  }
  assert.deepEqual(asked, []);
  assert.equal(page.url(), `${app.origin}/`);
  assert.equal((await signIn(page, '/deep/er?q=%2F%2Fevil#part')).status, 'signed-in');
  assert.equal(page.url(), `${app.origin}/deep/er?q=%2F%2Fevil#part`);
  // Whoever can write into this tab's storage still sends nobody away.
  await page.evaluate(() => portico.signOut({ local: true }));
  await page.route('**/oauth/authorize**', async (route) => {
    const state = new URL(route.request().url()).searchParams.get('state') ?? '';
    await route.fulfill({
      status: 303,
      headers: { location: `${app.origin}/back?state=${state}&iss=${encodeURIComponent(new URL(route.request().url()).origin)}` },
    });
  });
  await page.addInitScript(() => {
    for (const [key, value] of Object.entries(sessionStorage))
      if (value.includes('returnTo')) sessionStorage.setItem(key, value.replace(/"returnTo":"[^"]*"/, '"returnTo":"//evil.example/"'));
  });
  const arrived = page.waitForEvent('load');
  await page.evaluate(() => void portico.signIn());
  await arrived;
  await session(page);
  assert.equal(page.url(), `${app.origin}/back`);
});

withApp(
  'an answer that nobody here asked for is taken out of the address, and redeemed by nobody',
  { mode: 'pkce', host: 'app.localhost' },
  async ({ app, person, stage }) => {
    const visitor = await person();
    const { page } = visitor;
    const asked = watch(visitor);
    const iss = encodeURIComponent(stage.app);
    // Login CSRF: a stranger's code, so that the visitor works in the stranger's account.
    assert.equal((await open(page, `${app.origin}/back?code=ptc_stranger&state=stranger&iss=${iss}&tab=2#here`)).status, 'signed-out');
    assert.equal(page.url(), `${app.origin}/back?tab=2#here`);
    assert.deepEqual(asked, []);
    // What is not Portico's stays.
    await open(page, `${app.origin}/elsewhere?code=1&state=mine`);
    assert.equal(page.url(), `${app.origin}/elsewhere?code=1&state=mine`);
    // Mix-up: our state, another issuer's answer.
    let state = '';
    await page.route('**/oauth/authorize**', async (route) => {
      state = new URL(route.request().url()).searchParams.get('state') ?? '';
      await route.fulfill({
        status: 303,
        headers: { location: `${app.origin}/back?code=ptc_other&state=${state}&iss=https%3A%2F%2Fevil.example` },
      });
    });
    asked.length = 0;
    const arrived = page.waitForEvent('load');
    await page.evaluate(() => void portico.signIn({ returnTo: '/scores' }));
    await arrived;
    assert.equal((await session(page)).status, 'signed-out');
    assert.equal(page.url(), `${app.origin}/scores`);
    assert.deepEqual(asked, ['/oauth/authorize']);
    // A state is good once.
    assert.equal((await open(page, `${app.origin}/back?code=ptc_other&state=${state}&iss=${iss}`)).status, 'signed-out');
    assert.deepEqual(asked, ['/oauth/authorize']);
  },
);

withApp('three sign-ins that come to nothing within ten seconds end in an error, not in a fourth', {}, async ({ app, person, stage }) => {
  const { page } = await person(false);
  let redirects = 0;
  await page.route('**/oauth/authorize**', async (route) => {
    redirects += 1;
    const query = new URLSearchParams({
      error: 'login_required',
      state: new URL(route.request().url()).searchParams.get('state') ?? '',
      iss: stage.app,
    });
    await route.fulfill({ status: 303, headers: { location: `${app.origin}/back?${query.toString()}` } });
  });
  // An app that sends everybody away who is not signed in.
  await page.addInitScript(() => {
    const begin = () =>
      void portico.ready
        .then(() => portico.signIn())
        .catch((error: { code: string; hint: string; answer: object }) =>
          Object.assign(globalThis, { ended: [error.code, error.answer, error.hint !== ''] }),
        );
    addEventListener('load', begin);
  });
  await page.goto(app.origin);
  await page.waitForFunction(() => 'ended' in globalThis);
  assert.deepEqual(await page.evaluate(() => (globalThis as unknown as { ended: unknown }).ended), [
    'redirect_loop',
    { error: 'login_required' },
    true,
  ]);
  assert.equal(redirects, 3);
  assert.equal(page.url(), `${app.origin}/`);
});

withApp('what is wrong with the options or with the registration has a name', {}, async ({ app, person, stage }) => {
  const { page } = await person(false);
  await open(page, app.origin);
  const wrong: readonly (readonly [object, string])[] = [
    [{ issuer: 'auth.example.com', clientId: 'x' }, 'options_invalid'],
    [{ issuer: stage.app, clientId: '' }, 'options_invalid'],
    [{ issuer: stage.app, clientId: 'x', mode: 'magic' }, 'options_invalid'],
    [{ issuer: stage.app, clientId: 'x', origins: ['example'] }, 'options_invalid'],
    [{ issuer: stage.app, clientId: 'nobody' }, 'client_unknown'],
    [{ issuer: stage.app.replace('localhost', '127.0.0.1'), clientId: 'nobody' }, 'issuer_differs'],
  ];
  for (const [options, code] of wrong) {
    const said = await page.evaluate(async (given) => {
      try {
        const { createPortico } = globalThis as unknown as { createPortico: (options: object) => Portico };
        const other = createPortico(given);
        await other.ready;
        return await other.refresh().then(
          () => null,
          (error: { code: string }) => error.code,
        );
      } catch (error) {
        return (error as { code: string }).code;
      }
    }, options);
    assert.equal(said, code);
  }
});
