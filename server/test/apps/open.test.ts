import assert from 'node:assert/strict';
import { appRefreshCookie, FORM_FIELDS } from '@portico/protocol/cookies';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { findClient, setClientDisabled } from '../../src/clients/client.ts';
import { saveConsent } from '../../src/clients/consent.ts';
import type { Browser } from '../browser.ts';
import { actions, everything, familyOf, sessionOf } from '../families.ts';
import { ask } from '../oauth/ask.ts';
import { answerAt, askAuthorize, locationOf, open } from '../oauth/asking.ts';
import { addSecondary, SECONDARY_ORIGIN } from '../secondaries.ts';
import { addSite } from '../sites.ts';
import { DAY, HOUR, inWorld, MINUTE, ORIGIN, PASSWORD, type World } from '../world.ts';
import { type App, addApp, appToken, askNone, callFrom, openApp, refreshFrom, requireOk } from './apps.ts';

/** `response_type=none`: a browser is signed in at an app, and nothing but that is said. */

async function errorOf(
  browser: Browser,
  app: App,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<string | undefined> {
  return answerAt(app, await askAuthorize(browser, askNone(app, changes)))['error'];
}

async function familiesOf(world: World, id: string): Promise<readonly string[]> {
  return (await world.deps.db.all('select state from refresh_tokens where client_id = $1 order by created_at, id', [id])).map(({ state }) =>
    String(state),
  );
}

/** The page that a browser is led to, and what it leads back to. */
async function led(
  browser: Browser,
  app: App,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<readonly [string, string]> {
  const location = locationOf(await askAuthorize(browser, askNone(app, changes)));
  return [location.pathname, location.searchParams.get('returnTo') ?? ''];
}

inWorld('nothing is answered but state and iss, no code is made, and one cookie is set: bound as the browser’s own', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  const answer = await askAuthorize(ada, askNone(notes, { scope: 'openid email' }));
  assert.deepEqual(answerAt(notes, answer), { state: 'st-1', iss: ORIGIN });
  assert.deepEqual(await world.deps.db.all('select hash from authorization_codes'), []);
  const [line = '', ...others] = answer.setCookies;
  assert.deepEqual(others, []);
  assert.match(line, /^portico_rt_notes=ptr_[A-Za-z0-9_-]{76}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
  assert.equal(answer.headers['cache-control'], 'no-store');
  const [own, family, session] = [await familyOf(world, ada), await familyOf(world, appToken(ada, notes)), await sessionOf(world, ada)];
  assert.ok(own.deviceHash !== null);
  assert.deepEqual(
    [family.sessionId, family.clientId, family.scope, family.expiresAt, family.deviceHash, family.dpopKey],
    [session.id, 'notes', 'email openid', session.expiresAt, own.deviceHash, null],
  );
  assert.equal((await actions(world)).filter((action) => action === 'site.opened').length, 1);
});

inWorld('without "keep me signed in" the app’s cookie ends with the browser too, and is bound to no device', async (world) => {
  const ada = await world.signedUp('ada@example.com', { keep: false });
  const notes = await addApp(world, 'notes', { idleLife: HOUR });
  const answer = await openApp(notes, ada);
  for (const line of answer.setCookies) assert.doesNotMatch(line, /Max-Age/);
  const family = await familyOf(world, appToken(ada, notes));
  assert.deepEqual([family.deviceHash, family.idleAt - world.clock.now()], [null, HOUR]);
  ada.restart();
  assert.equal(appToken(ada, notes), '');
});

inWorld(
  'only an app without a backend may, answered at its own origin; PKCE is not asked for, and a key cannot be bound',
  async (world) => {
    const ada = await world.signedUp('ada@example.com');
    const apps: App[] = [
      await addApp(world, 'elsewhere', { redirectUris: ['https://elsewhere.example/'] }),
      await addApp(world, 'port', { origin: 'http://localhost:5175', redirectUris: ['http://localhost:51755/'] }),
      await addApp(world, 'secret', { origin: 'http://localhost:5176', authentication: 'secret' }),
      {
        ...(await addSite(world, 'web', { origins: ['https://web.example.net'], confirmation: 'auto' })),
        origin: 'https://web.example.net',
      },
      { ...(await addSecondary(world)), origin: SECONDARY_ORIGIN },
      { ...(await addSite(world, 'snake', { kind: 'native', redirectUris: ['http://127.0.0.1/'] })), origin: 'http://127.0.0.1' },
    ];
    for (const app of apps) assert.equal(await errorOf(ada, app), 'unauthorized_client', app.id);
    const notes = await addApp(world);
    assert.equal(await errorOf(ada, notes, { dpop_jkt: 'A'.repeat(43) }), 'invalid_request');
    for (const response_type of ['none code', 'code none', 'NONE', 'none none', 'token', 'id_token'])
      assert.equal(await errorOf(ada, notes, { response_type }), 'unsupported_response_type', response_type);
    assert.equal(await errorOf(ada, notes, { response_type: 'code' }), 'invalid_request', 'a code still wants PKCE');
    assert.equal(await errorOf(ada, notes, { response_mode: 'fragment' }), 'invalid_request');
    assert.equal(await errorOf(ada, notes, { scope: 'admin' }), 'invalid_scope');
    assert.deepEqual(await world.deps.db.all(`select id from refresh_tokens where client_id <> 'portico'`), []);
    for (const redirect_uri of ['https://evil.example/', `${notes.origin}/other`]) {
      const refused = await askAuthorize(ada, askNone(notes, { redirect_uri }));
      assert.deepEqual([refused.status, refused.setCookies], [400, []]);
    }
    await setClientDisabled(world.deps.db, 'notes', 1);
    assert.equal((await askAuthorize(ada, askNone(notes))).status, 400);
  },
);

inWorld('with prompt=none whatever comes first is said to the app, and no cookie is set', async (world) => {
  const notes = await addApp(world, 'notes', { confirmation: 'once' });
  const nobody = world.browser();
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'eve@example.com', password: PASSWORD });
  for (const browser of [nobody, waiting]) assert.equal(await errorOf(browser, notes, { prompt: 'none' }), 'login_required');
  const ada = await world.signedUp('ada@example.com');
  assert.equal(await errorOf(ada, notes, { prompt: 'none' }), 'consent_required');
  const { userId } = await sessionOf(world, ada);
  await saveConsent(world.deps.db, { userId: userId ?? '', clientId: 'notes', scope: 'openid email profile', now: world.clock.now() });
  world.clock.advance(11 * MINUTE);
  assert.equal(await errorOf(ada, notes, { prompt: 'none', max_age: '600' }), 'login_required');
  world.clock.advance(5 * MINUTE);
  assert.equal(await errorOf(ada, notes, { prompt: 'none' }), 'interaction_required');
  await ada.refresh();
  assert.equal(await errorOf(ada, notes, { prompt: 'none', id_token_hint: 'garbage' }), 'login_required');
  assert.deepEqual(
    [nobody, waiting, ada].map((browser) => appToken(browser, notes)),
    ['', '', ''],
  );
  assert.equal(await errorOf(ada, notes, { prompt: 'none' }), undefined);
  assert.equal(requireOk(await refreshFrom(notes, ada)).body['kind'], 'rotated');
});

inWorld('sign-in, mailed code, fresh proof, rotation and consent each come first, and each leads back to the app', async (world) => {
  const notes = await addApp(world, 'notes', { confirmation: 'once' });
  const ada = world.browser();
  assert.equal((await led(ada, notes))[0], PAGES.signIn);
  await ada.call('signUp', { email: 'ada@example.com', password: PASSWORD });
  assert.equal((await led(ada, notes))[0], PAGES.verifySignIn);
  await ada.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });
  const [page, returnTo] = await led(ada, notes);
  assert.equal(page, PAGES.consent);
  const shown = await open(ada, `${page}?returnTo=${encodeURIComponent(returnTo)}`);
  const csrf = new RegExp(`name="${FORM_FIELDS.csrf}" value="([^"]+)"`).exec(shown.text)?.[1] ?? '';
  const said = await ada.submit(PAGES.consent, { [FORM_FIELDS.csrf]: csrf, returnTo });
  const onward = String(said.headers['refresh']).replace('0; url=', '');
  assert.deepEqual(answerAt(notes, await open(ada, onward)), { state: 'st-1', iss: ORIGIN });
  assert.equal(requireOk(await refreshFrom(notes, ada)).body['kind'], 'rotated');
  assert.equal((await open(ada, onward)).status, 400, 'the kept request is over');
  world.clock.advance(HOUR);
  assert.equal((await led(ada, notes))[0], PAGES.freshen);
  await ada.refresh();
  assert.equal((await led(ada, notes, { prompt: 'login' }))[0], PAGES.dashboardProof);
  assert.equal((await led(ada, notes, { prompt: 'consent' }))[0], PAGES.consent);
  assert.equal(await errorOf(ada, notes), undefined, 'what was allowed once is not asked again, also at http on this machine');
});

inWorld('a request that was pushed is answered once', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  const { client_id: _, ...parameters } = askNone(notes).parameters;
  const pushed = await ask(world, 'pushed', notes, parameters);
  assert.equal(pushed.status, 201, pushed.text);
  const again = { parameters: { client_id: 'notes', request_uri: String(pushed.body['request_uri']) } };
  assert.deepEqual(answerAt(notes, await askAuthorize(ada, again)), { state: 'st-1', iss: ORIGIN });
  const replayed = await askAuthorize(ada.copy(), again);
  assert.deepEqual([replayed.status, replayed.setCookies], [400, []]);
  assert.deepEqual(await familiesOf(world, 'notes'), ['active']);
});

inWorld('a sign-in that the cookie holds goes on: however often a browser is led here, nothing changes', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  await openApp(notes, ada);
  const before = await everything(world);
  for (let times = 0; times < 6; times += 1) {
    const forced = await askAuthorize(ada, askNone(notes, { state: 'of-evil' }));
    assert.deepEqual(answerAt(notes, forced), { state: 'of-evil', iss: ORIGIN }, 'nothing in it that is worth anything');
    assert.deepEqual(forced.setCookies, []);
  }
  const { sessions, refresh_tokens: families, events } = await everything(world);
  assert.deepEqual([families, events], [before['refresh_tokens'], before['events']]);
  assert.equal(sessions?.length, 1);
  assert.equal((await refreshFrom(notes, ada, { gen: 1 })).body['kind'], 'rotated');
});

inWorld('a cookie that is old, covers less, or is of another session makes room for a new sign-in', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  await openApp(notes, ada, { scope: 'openid' });
  const first = appToken(ada, notes);
  await openApp(notes, ada, { scope: 'openid email' });
  assert.notEqual((await familyOf(world, appToken(ada, notes))).id, (await familyOf(world, first)).id);
  const old = ada.copy();
  await refreshFrom(notes, ada, { gen: 1 });
  await openApp(notes, old, { scope: 'openid email' });
  assert.deepEqual(await familiesOf(world, 'notes'), ['active', 'active', 'active']);
  await ada.signIn('ada@example.com', PASSWORD);
  assert.equal((await refreshFrom(notes, ada, { gen: 2 })).body.error, 'session_ended');
  const anew = await openApp(notes, ada, { scope: 'openid email' });
  assert.equal(anew.body['gen'], 1);
  assert.deepEqual((await familiesOf(world, 'notes')).toSorted(), ['active', 'revoked', 'revoked', 'revoked']);
});

inWorld('whoever is signed in now is signed in at the app, and not whoever was before', async (world) => {
  const notes = await addApp(world);
  const ada = await world.signedUp('ada@example.com', { keep: false });
  const eve = await world.signedUp('eve@example.com', { keep: false });
  const before = (await openApp(notes, ada)).body['user'];
  for (const [name, stored] of eve.jar) ada.jar.set(name, stored);
  const { user } = (await openApp(notes, ada)).body;
  assert.notDeepEqual(user, before);
  assert.equal((user as { readonly id: string }).id, (await sessionOf(world, eve)).userId);
});

inWorld('tabs that open the app at the same moment all finish signed in, and four families live at most', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  const answers = await Promise.all(Array.from({ length: 3 }, () => askAuthorize(ada, askNone(notes))));
  for (const answer of answers) assert.deepEqual(answerAt(notes, answer), { state: 'st-1', iss: ORIGIN });
  const attempt = ada.newAttempt(0);
  const refreshes = await Promise.all(answers.map(() => refreshFrom(notes, ada, { attempt })));
  assert.deepEqual(
    refreshes.map(({ status }) => status),
    [200, 200, 200],
  );
  for (let times = 0; times < 5; times += 1) {
    world.clock.advance(1);
    ada.jar.delete(appRefreshCookie('notes'));
    await openApp(notes, ada);
  }
  assert.equal((await familiesOf(world, 'notes')).filter((state) => state === 'active').length, 4);
  assert.equal((await callFrom(notes, ada, 'session')).body['status'], 'VERIFIED', 'the newest is one of them');
});

inWorld('a look that wants no answer opens nothing, and neither does a form of another page', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  const query = new URLSearchParams(askNone(notes).parameters).toString();
  assert.equal((await ada.send('HEAD', `${OAUTH.authorize}?${query}`)).status, 405);
  const form = await ada.send('POST', OAUTH.authorize, query, { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.deepEqual([locationOf(form).pathname, form.setCookies], [OAUTH.authorize, []], 'the browser comes again with a GET');
  assert.deepEqual(await familiesOf(world, 'notes'), []);
});

inWorld('a sign-out that comes first leaves nothing to open: whichever way the two fall, the app is signed out', async (world) => {
  const notes = await addApp(world);
  for (let round = 0; round < 8; round += 1) {
    const ada = await world.signedUp(`ada${round}@example.com`);
    const both = [() => askAuthorize(ada, askNone(notes)), () => ada.copy().act('signOut')];
    await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
    const answer = await refreshFrom(notes, ada);
    assert.ok(['session_ended', 'refresh_invalid'].includes(String(answer.body.error)), answer.text);
  }
  const rows = await world.deps.db.all(`select id from refresh_tokens where client_id = 'notes' and state = 'active'`);
  assert.deepEqual(rows, []);
});

inWorld('the app’s sign-in ends with the session, on the same millisecond', async (world) => {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  const client = await findClient(world.deps.db, 'notes');
  assert.equal(client?.idleLife, null);
  world.clock.advance(29 * DAY);
  await ada.refresh();
  const { expiresAt } = (await openApp(notes, ada)).body;
  assert.equal(expiresAt, (await sessionOf(world, ada)).expiresAt);
  world.clock.advance(Number(expiresAt) - world.clock.now());
  assert.equal((await refreshFrom(notes, ada, { gen: 1 })).status, 400);
});
