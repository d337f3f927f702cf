import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX } from '@portico/protocol/routes';
import { createPorticoSite, type SiteOptions } from '@portico/server/site';
import { safeReturnTo } from '../../../sdk/server/src/return-to.ts';
import { makeSigningSecret } from '../../src/clients/make-secret.ts';
import { OURS, REFUSED } from '../hostile-destinations.ts';
import { freePort } from '../portico-process.ts';
import { MINUTE } from '../world.ts';
import { onSite, type SiteStage, sitePath, type Visitor, visitorAt } from './site-stage.ts';

const TOKEN = EXTERNAL_PREFIX + EXTERNAL_PATHS.token;
const redemptions = ({ wire }: SiteStage) => wire.asked.filter((path) => path === TOKEN).length;
const to = (returnTo: string) => `${sitePath('signIn')}?${new URLSearchParams({ returnTo }).toString()}`;

/** Begins, and answers the state that the browser was sent away with. */
async function begin(visitor: Visitor, path = sitePath('signIn')): Promise<string> {
  const away = new URL((await visitor.ask(path)).headers.get('location') ?? '');
  return away.searchParams.get('state') ?? '';
}

const back = (stage: SiteStage, parameters: Readonly<Record<string, string>>) =>
  `${sitePath('callback')}?${new URLSearchParams({ iss: stage.options.issuer, ...parameters }).toString()}`;

test('two hundred and more hostile destinations all lead to the start of the site instead', () => {
  const origin = 'https://notes.example.net';
  for (const wish of REFUSED) assert.equal(safeReturnTo(wish, origin), '/', JSON.stringify(wish));
  for (const wish of [undefined, null, 1, {}, ['/a'], { toString: () => '/a' }]) assert.equal(safeReturnTo(wish, origin), '/');
  for (const wish of OURS) {
    const path = safeReturnTo(wish, origin);
    assert.match(path, /^\/(?![/\\])/, wish);
    assert.equal(new URL(path, origin).origin, origin);
  }
});

onSite('a sign-in leads to a path of this site, whatever its link or its cookie says', async (stage) => {
  await stage.run();
  const ada = await stage.visitor('ada@example.com');
  for (const wish of REFUSED.filter((_, n) => n % 5 === 0)) {
    const asked = await ada.ask(back(stage, { state: await begin(ada, to(wish)), error: 'login_required' }));
    assert.deepEqual([asked.status, asked.headers.get('location')], [302, '/?signin_error=login_required'], JSON.stringify(wish));
    // The same, written into the cookie by whoever has the browser in their hands.
    const state = await begin(ada);
    const [verifier, at] = (ada.jar.get(`notes_tx_${state}`) ?? '').split('.');
    ada.jar.set(`notes_tx_${state}`, [verifier, at, Buffer.from(wish).toString('base64url')].join('.'));
    const planted = await ada.ask(back(stage, { state, error: '<script>' }));
    assert.equal(planted.headers.get('location'), '/?signin_error=refused');
  }
  const form = new URLSearchParams({ returnTo: '//evil.example' });
  assert.equal((await ada.ask(sitePath('signOut'), { method: 'POST', body: form })).headers.get('location'), '/');
});

onSite('tabs that sign in at once do not take each other’s way; of many that nobody finished the oldest are forgotten', async (stage) => {
  await stage.run();
  const ada = await stage.visitor('ada@example.com');
  const ways: string[] = [];
  for (const page of ['/one', '/two', '/three']) ways.push(await ada.toPortico(to(page)));
  const led = await Promise.all([ways[2], ways[0], ways[1]].map(async (way = '') => (await ada.ask(way)).headers.get('location')));
  assert.deepEqual(led, ['/three', '/one', '/two']);
  assert.equal((await ada.ask('/notes')).status, 200);
  assert.deepEqual([...ada.jar.keys()].sort(), ['notes_at', 'notes_rt', 'notes_who'], 'and each is done with');
  const old = await ada.toPortico();
  for (let times = 0; times < 10; times += 1) {
    await begin(ada, to(`/${'x'.repeat(900)}`));
    stage.advance(1);
  }
  assert.equal([...ada.jar.keys()].filter((name) => name.startsWith('notes_tx_')).length, 5);
  assert.ok([...ada.jar].join('; ').length < 10_000, 'the header fits everywhere');
  assert.equal((await ada.ask(old)).status, 400);
});

onSite(
  'what this browser did not begin redeems nothing: no state, a foreign one, another browser’s, an old one, or one twice',
  async (stage) => {
    await stage.run();
    const ada = await stage.visitor('ada@example.com');
    const eve = await stage.visitor('eve@example.com');
    const planted = await eve.toPortico();
    const refused = async (who: Visitor, path: string, why: string) => {
      const before = redemptions(stage);
      const answer = await who.ask(path);
      assert.deepEqual([why, answer.status, answer.headers.getSetCookie()], [why, 400, []]);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html/, 'a person is told');
      assert.equal(redemptions(stage), before, why);
    };
    await refused(ada, planted, 'nothing was begun');
    const state = await begin(ada);
    await refused(ada, planted, 'something else was begun');
    const code = new URL(planted, stage.base).searchParams.get('code') ?? '';
    await refused(ada, back(stage, { code }), 'no state');
    await refused(ada, back(stage, { code, state: 'at' }), 'the name of another cookie');
    for (const name of ['state', 'code', 'iss']) await refused(ada, `${back(stage, { code, state })}&${name}=${state}`, `two of ${name}`);
    await refused(ada, back(stage, { code, state, error: 'access_denied' }), 'a code and an error');
    await refused(ada, back(stage, { state }), 'neither');
    // Mix-up: the answer of another server.
    for (const iss of ['', 'https://evil.example', `${stage.options.issuer}/`, stage.options.issuer.toUpperCase()])
      await refused(ada, back(stage, { code, state, iss }), `iss ${iss}`);
    await refused(ada, back(stage, { code, state }).replace(/iss=[^&]*&/, ''), 'no iss');
    stage.advance(11 * MINUTE);
    await refused(eve, planted, 'eleven minutes later');
    const own = await ada.toPortico();
    assert.equal((await ada.ask(own)).status, 302);
    await refused(ada, own, 'a second time, later');
    assert.equal((await ada.ask('/notes')).status, 200, 'and she stays signed in');
  },
);

onSite('a browser that sends its way back twice at once is signed in, once', async (stage) => {
  await stage.run();
  const ada = await stage.visitor('ada@example.com');
  const own = await ada.toPortico();
  const twin = ada.copy();
  const answers = await Promise.all([ada.ask(own), twin.ask(own)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [302, 302],
  );
  assert.equal(redemptions(stage), 1);
  assert.equal((await ada.ask('/notes')).status, 200);
  assert.equal((await ada.ask(sitePath('refresh'), { method: 'POST' })).status, 200, 'Portico took it for no theft');
});

onSite('without "keep me signed in" nothing of a site outlives the browser, at the sign-in and at every renewal', async (stage) => {
  await stage.run();
  for (const keep of [true, false]) {
    const email = `${keep ? 'ada' : 'eve'}@example.com`;
    const visitor = visitorAt(stage.base, stage.world, await stage.world.signedUp(email, { keep }));
    const answers = [await visitor.signIn(), await visitor.ask(sitePath('refresh'), { method: 'POST' })];
    for (const answer of answers) {
      const kept = answer.headers.getSetCookie().filter((line) => !line.startsWith('notes_tx_'));
      assert.deepEqual(
        kept.map((line) => /; Max-Age=\d+/.test(line)),
        [keep, keep, keep],
      );
    }
  }
});

onSite('the name and the address that a browser brings are believed only with the seal, and only of the same sign-in', async (stage) => {
  await stage.run();
  const ada = await stage.visitor('ada@example.com');
  const eve = await stage.visitor('eve@example.com');
  for (const one of [ada, eve]) assert.equal((await one.signIn()).status, 302);
  const emailOf = async (who: Visitor) => ((await (await who.ask(sitePath('me'))).json()) as { user: { email: string } }).user.email;
  const own = eve.jar.get('notes_who') ?? '';
  const written = JSON.parse(Buffer.from(own.split('.')[0] ?? '', 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...written, email: 'ada@example.com' })).toString('base64url');
  for (const who of [`${forged}.${own.split('.')[1]}`, forged, `${forged}.`, ada.jar.get('notes_who') ?? '', 'x.y', '']) {
    eve.jar.set('notes_who', who);
    assert.equal(await emailOf(eve), 'eve@example.com', who);
  }
});

onSite(
  'a site whose tokens are HS256 is told its secret; without it the sign-in itself says no, not every page after it',
  async (stage) => {
    const { deps } = stage.world;
    const { secret } = await makeSigningSecret(deps.db, deps, 'notes', deps.now());
    await stage.run({ jwtSecret: secret });
    const ada = await stage.visitor('ada@example.com');
    const without = await stage.run({ at: await freePort() });
    const refused = await ada.ask(await ada.toPortico(), { base: without });
    assert.deepEqual([refused.status, refused.headers.getSetCookie()], [401, []]);
    assert.equal((await ada.signIn()).status, 302);
    assert.equal((await ada.ask('/notes')).status, 200);
    stage.advance(6 * MINUTE);
    assert.equal((await ada.ask('/notes')).status, 200);
  },
  { accessAlg: 'HS256' },
);

test('on https every cookie has the prefix that no sibling host can plant, and none without it is read', async () => {
  const issuer = 'https://auth.example.com';
  const discovery = { issuer, authorization_endpoint: `${issuer}/oauth/authorize` };
  const site = createPorticoSite({
    issuer,
    clientId: 'notes',
    clientSecret: 'pts_x',
    baseUrl: 'https://notes.example.net',
    fetch: async (input) =>
      String(input instanceof Request ? input.url : input).endsWith('configuration')
        ? Response.json(discovery)
        : new Response(null, { status: 503 }),
    warn: () => undefined,
  });
  const began = await site.handle(new Request(`https://notes.example.net${sitePath('signIn')}`));
  const [line = ''] = began?.headers.getSetCookie() ?? [];
  assert.match(line, /^__Host-notes_tx_[\w-]{22}=\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/);
  const [, state = '', value = ''] = /tx_([\w-]+)=([^;]+)/.exec(line) ?? [];
  const comeBack = async (cookie: string) => {
    const url = `https://notes.example.net${sitePath('callback')}?${new URLSearchParams({ state, iss: issuer, error: 'login_required' }).toString()}`;
    return (await site.handle(new Request(url, { headers: { cookie } })))?.status;
  };
  assert.equal(await comeBack(`notes_tx_${state}=${value}`), 400);
  assert.equal(await comeBack(`__Host-other_tx_${state}=${value}`), 400);
  assert.equal(await comeBack(`__Host-notes_tx_${state}=${value}`), 302);
  site.close();
});

test('a site sends nobody to a server that says it is another issuer', async () => {
  const issuer = 'https://auth.example.com';
  let said = 'https://evil.example';
  const site = createPorticoSite({
    issuer,
    clientId: 'notes',
    clientSecret: 'pts_x',
    baseUrl: 'https://notes.example.net',
    fetch: async () => Response.json({ issuer: said, authorization_endpoint: `${said}/oauth/authorize` }),
    warn: () => undefined,
  });
  const begin = async () => site.handle(new Request(`https://notes.example.net${sitePath('signIn')}`));
  const refused = await begin();
  assert.deepEqual([refused?.status, refused?.headers.get('location')], [503, null]);
  said = issuer;
  const began = await begin();
  assert.equal(new URL(began?.headers.get('location') ?? '').origin, issuer, 'and asks again');
  site.close();
});

test('settings that would leave a site open are refused when it starts', () => {
  const good: SiteOptions = {
    issuer: 'https://auth.example.com',
    clientId: 'notes',
    clientSecret: 'pts_x',
    baseUrl: 'https://notes.example.net',
  };
  const wrong: readonly Partial<SiteOptions>[] = [
    { baseUrl: 'http://notes.example.net' },
    { baseUrl: 'http://localhost.evil.example' },
    { baseUrl: 'https://notes.example.net/app' },
    { baseUrl: 'notes.example.net' },
    { clientId: '' },
    { clientId: 'a; b' },
    { clientSecret: '' },
    { needs: { role: '' } },
    { jwtSecret: 'short' },
  ];
  for (const given of wrong) assert.throws(() => createPorticoSite({ ...good, ...given }), TypeError, JSON.stringify(given));
});
