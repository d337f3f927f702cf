import assert from 'node:assert/strict';
import { appRefreshCookie, COOKIES, HEADERS } from '@portico/protocol/cookies';
import { disableClient } from '../../src/clients/retire-client.ts';
import { makeCsrfToken } from '../../src/sessions/csrf.ts';
import type { Browser } from '../browser.ts';
import { OPERATOR } from '../clients/registered.ts';
import { actions, claimsOf, everything, refreshByBody, sessionOf } from '../families.ts';
import { addSecondary, SECONDARY_ORIGIN } from '../secondaries.ts';
import { addSite } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { type App, addApp, appToken, callFrom, openApp, refreshFrom } from './apps.ts';

/** Who asks is said by the exact origin alone, and it is heard by its own cookie alone. */

const CALLS = ['refresh', 'session', 'signOut', 'extendSoft', 'extendHard'] as const;

interface Scene {
  readonly ada: Browser;
  readonly notes: App;
  readonly maps: App;
}

async function twoApps(world: World): Promise<Scene> {
  const ada = await world.signedUp('ada@example.com');
  const notes = await addApp(world);
  const maps = await addApp(world, 'maps', { origin: 'http://localhost:5174' });
  await openApp(notes, ada);
  await openApp(maps, ada);
  return { ada, notes, maps };
}

inWorld('five calls from every other origin are refused, with every cookie of the browser, and change nothing', async (world) => {
  const { ada, notes } = await twoApps(world);
  await addSecondary(world);
  await addSite(world, 'shop', { origins: ['https://shop.example.net'] });
  await addSite(world, 'spa-with-secret', { kind: 'spa', origins: ['http://localhost:5199'], authentication: 'secret' });
  const csrf = makeCsrfToken(world.deps, (await sessionOf(world, ada)).id);
  const before = await everything(world);
  const strangers = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:5175', 'sec-fetch-site': 'same-site' },
    { origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:5173', 'sec-fetch-site': 'none' },
    { origin: 'http://localhost:5173/', 'sec-fetch-site': 'same-site' },
    { origin: 'HTTP://localhost:5173', 'sec-fetch-site': 'same-site' },
    { origin: 'http://localhost:5173.evil.example', 'sec-fetch-site': 'same-site' },
    { origin: 'http://%:5173', 'sec-fetch-site': 'same-site' },
    { origin: '%', 'sec-fetch-site': 'same-site' },
    { origin: SECONDARY_ORIGIN, 'sec-fetch-site': 'same-site' },
    { origin: 'https://shop.example.net', 'sec-fetch-site': 'same-site' },
    { origin: 'http://localhost:5199', 'sec-fetch-site': 'same-site' },
    { origin: 'null', 'sec-fetch-site': 'same-site' },
    { origin: 'null', 'sec-fetch-site': undefined },
  ];
  for (const headers of strangers) {
    for (const call of CALLS) {
      const what = `${call} from ${JSON.stringify(headers)}`;
      const answer = await callFrom(notes, ada, call, { headers: { [HEADERS.csrf]: csrf, ...headers } });
      assert.deepEqual([answer.status, answer.body.error, answer.setCookies], [403, 'origin_refused', []], what);
    }
  }
  assert.deepEqual(await everything(world), before);
});

inWorld('an app hears of its own cookie only: not of another app’s, nor of ours, also under its own name', async (world) => {
  const { ada, notes, maps } = await twoApps(world);
  const { id: sid } = await sessionOf(world, ada);
  const foreign = [
    ['none', undefined],
    ['the other app’s', appToken(ada, maps)],
    ['our own', ada.refreshToken],
    ['cut off', appToken(ada, notes).slice(0, -1)],
  ] as const;
  for (const [what, token] of foreign) {
    const other = ada.copy();
    other.jar.delete(appRefreshCookie('notes'));
    if (token !== undefined) other.jar.set(appRefreshCookie('notes'), { value: token, endsAt: null });
    const csrf = { [HEADERS.csrf]: makeCsrfToken(world.deps, sid, { id: 'notes', app: null }) };
    assert.equal((await refreshFrom(notes, other, { attempt: null })).body.error, 'refresh_invalid', what);
    assert.deepEqual((await callFrom(notes, other, 'session')).body, { status: 'SIGNED_OUT' }, what);
    assert.equal((await callFrom(notes, other, 'extendSoft')).body.error, 'refresh_invalid', what);
    assert.equal((await callFrom(notes, other, 'extendHard', { headers: csrf })).body.error, 'refresh_invalid', what);
    const out = await callFrom(notes, other, 'signOut', { headers: csrf });
    assert.deepEqual([out.status, out.setCookies.length], [204, 1], what);
  }
  assert.equal((await actions(world)).filter((action) => action === 'refresh.wrong_client').length, 4, 'two refreshes, two extensions');
  for (const [app, gen] of [
    [notes, 1],
    [maps, 1],
  ] as const)
    assert.equal((await refreshFrom(app, ada, { gen })).body['kind'], 'rotated', 'and everybody is signed in still');
  assert.equal((await ada.refresh()).body['kind'], 'rotated');
});

inWorld('our own pages are not spoken for by an app’s cookie, under either name', async (world) => {
  const { ada, notes } = await twoApps(world);
  const other = ada.copy();
  other.jar.set(COOKIES.refresh, { value: appToken(ada, notes), endsAt: null });
  assert.equal((await other.refresh({ attempt: null })).body.error, 'refresh_invalid');
  assert.equal((await other.call('session')).body['status'], 'SIGNED_OUT');
  other.jar.delete(COOKIES.refresh);
  assert.equal((await other.refresh({ attempt: null })).body.error, 'refresh_invalid');
  assert.equal((await other.call('session')).body['status'], 'SIGNED_OUT');
});

inWorld('an old browser, which says no fetch metadata, is judged by the exact origin', async (world) => {
  const { ada, notes } = await twoApps(world);
  const headers = { 'sec-fetch-site': undefined, 'sec-fetch-mode': undefined };
  assert.equal((await callFrom(notes, ada, 'session', { headers })).body['status'], 'VERIFIED');
  assert.equal((await refreshFrom(notes, ada, { gen: 1, headers })).body['kind'], 'rotated');
});

inWorld('an app learns nothing of a sign-in that waits for its code: it is no sign-in of that app', async (world) => {
  const notes = await addApp(world);
  const waiting = world.browser();
  await waiting.call('signUp', { email: 'ada@example.com', password: 'correct horse battery staple' });
  assert.equal((await waiting.call('session')).body['status'], 'UNVERIFIED');
  assert.deepEqual((await callFrom(notes, waiting, 'session')).body, { status: 'SIGNED_OUT' });
});

inWorld('an app that is out of service is told that the sign-in is over, and back in service it is one no more', async (world) => {
  const { ada, notes, maps } = await twoApps(world);
  await disableClient(world.deps, OPERATOR, 'notes');
  const ended = await refreshFrom(notes, ada, { gen: 1 });
  assert.deepEqual([ended.status, ended.body.error, ended.setCookies], [400, 'session_ended', []]);
  assert.equal(ended.headers['access-control-allow-origin'], notes.origin, 'and may read it');
  assert.deepEqual((await callFrom(notes, ada, 'session')).body, { status: 'SIGNED_OUT' });
  assert.equal((await refreshFrom(maps, ada, { gen: 1 })).body['kind'], 'rotated');
});

inWorld('an app’s access token opens nothing of ours: not as bearer, not as cookie', async (world) => {
  const { ada, notes } = await twoApps(world);
  const token = String((await refreshFrom(notes, ada, { gen: 1 })).body['accessToken']);
  assert.equal(claimsOf(token).aud, 'notes');
  const calls = ['me', 'mySessions', 'mySites', 'myIdentities', 'myExport', 'myActivity'] as const;
  const bearer = { authorization: `Bearer ${token}` };
  const planted = world.browser();
  planted.jar.set(COOKIES.access, { value: token, endsAt: null });
  for (const call of calls) {
    assert.equal((await world.browser().call(call, undefined, { headers: bearer })).body.error, 'signed_out', call);
    assert.equal((await planted.call(call)).body.error, 'signed_out', call);
  }
  assert.equal((await world.browser().call('signOut', {}, { headers: bearer })).status, 204);
  assert.equal((await ada.refresh()).status, 200, 'nor does it end our sign-in');
});

inWorld(
  'a token in the body from the page of an app is refused; from a program it comes without the device, and its family ends',
  async (world) => {
    const { ada, notes, maps } = await twoApps(world);
    const other = world.browser();
    const body = { refreshToken: appToken(ada, notes), clientId: 'notes' };
    const before = await everything(world);
    assert.equal((await callFrom(notes, other, 'refresh', { body })).body.error, 'origin_refused');
    assert.deepEqual(await everything(world), before);
    assert.equal((await refreshByBody(world, body.refreshToken, 'notes')).body.error, 'session_ended');
    assert.equal((await refreshFrom(notes, ada, { gen: 1 })).body.error, 'session_ended');
    assert.equal((await refreshFrom(maps, ada, { gen: 1 })).body['kind'], 'rotated');
  },
);
