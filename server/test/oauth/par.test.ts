import assert from 'node:assert/strict';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import type { Answered } from '../browser.ts';
import { addSite, basicOf, type Site } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { answerAt, askAuthorize, askOf, locationOf, open } from './asking.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: undefined, 'sec-fetch-site': undefined };

/** A push by the site's backend, which shows its secret unless said otherwise. */
async function push(
  world: World,
  site: Site,
  fields: Readonly<Record<string, string>>,
  headers: Record<string, string | undefined> = {},
): Promise<Answered> {
  const shown = site.secret === null ? {} : { authorization: basicOf(site) };
  const body = new URLSearchParams(fields).toString();
  return world.browser().send('POST', OAUTH.pushed, body, { headers: { ...FORM, ...shown, ...headers } });
}

const nameOf = (answered: Answered): string => {
  assert.equal(answered.status, 201, answered.text);
  return String(answered.body['request_uri']);
};

inWorld('a pushed request is answered by its name alone, once, and what stands beside the name counts for nothing', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  const pushed = await push(world, site, askOf(site, { state: 'pushed' }).parameters);
  assert.equal(pushed.body['expires_in'], 90);
  assert.equal(pushed.headers['cache-control'], 'no-store');
  const parameters = {
    client_id: 'notes',
    request_uri: nameOf(pushed),
    state: 'beside',
    redirect_uri: 'https://evil.example/',
    scope: 'admin',
  };
  const answer = answerAt(site, await askAuthorize(browser, { parameters }));
  assert.equal(answer['state'], 'pushed');
  assert.ok('code' in answer);
  const again = await askAuthorize(browser, { parameters });
  assert.equal(again.status, 400);
  assert.equal(again.headers['location'], undefined);
});

inWorld('a name works for 90 seconds and for its own client, and waits longer once its browser has come', async (world) => {
  const notes = await addSite(world, 'notes');
  const other = await addSite(world, 'other', { redirectUris: [notes.redirectUri] });
  const names = await Promise.all([1, 2, 3].map(async () => nameOf(await push(world, notes, askOf(notes).parameters))));
  const at = (clientId: string, name = '') => askAuthorize(world.browser(), { parameters: { client_id: clientId, request_uri: name } });
  // At an address that both have: it is the name that the other one has no right to.
  const refused = await at('other', names[0]);
  assert.equal(refused.status, 400, 'another client’s');
  assert.equal(refused.headers['location'], undefined);
  assert.equal((await at(other.id, 'urn:ietf:params:oauth:request_uri:x')).status, 400, 'unknown');
  world.clock.advance(89_000);
  const led = locationOf(await at('notes', names[1]));
  assert.equal(led.pathname, PAGES.signIn);
  world.clock.advance(2000);
  assert.equal((await at('notes', names[2])).status, 400, 'too late');
  world.clock.advance(30 * 60_000);
  assert.equal(
    locationOf(await open(world.browser(), led.searchParams.get('returnTo') ?? '')).pathname,
    PAGES.signIn,
    'somebody is signing in',
  );
});

inWorld('what is wrong with a pushed request is told to the client at once', async (world) => {
  const site = await addSite(world, 'notes');
  const machine = await addSite(world, 'robot', { kind: 'machine' });
  const cases: readonly (readonly [Record<string, string | undefined>, string])[] = [
    [{ redirect_uri: undefined }, 'invalid_request'],
    [{ redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    [{ request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://api.example.net' }, 'invalid_target'],
    [{ request: 'e30.e30.' }, 'request_not_supported'],
    [{ registration: '{}' }, 'registration_not_supported'],
    [{ client_id: 'other' }, 'invalid_request'],
  ];
  for (const [changes, error] of cases) {
    const refused = await push(world, site, askOf(site, changes).parameters);
    assert.equal(refused.body.error, error, JSON.stringify(changes));
    assert.equal(refused.headers['location'], undefined);
  }
  assert.equal((await push(world, machine, askOf(machine).parameters)).body.error, 'unauthorized_client');
  const twice = await world
    .browser()
    .send('POST', OAUTH.pushed, 'scope=openid&scope=email', { headers: { ...FORM, authorization: basicOf(site) } });
  assert.equal(twice.body.error, 'invalid_request');
  assert.deepEqual(await world.deps.db.all('select id_hash from authorization_requests'), [], 'nothing of it is kept');
});

inWorld('only the client itself pushes: no secret, a wrong one, another client’s, or two ways at once are refused', async (world) => {
  const [notes, other] = [await addSite(world, 'notes'), await addSite(world, 'other')];
  const game = await addSite(world, 'snake', { kind: 'native', redirectUris: ['http://127.0.0.1/cb'] });
  const fields = askOf(notes).parameters;
  assert.equal((await push(world, notes, fields, { authorization: undefined })).status, 401);
  assert.equal((await push(world, notes, fields, { authorization: basicOf({ ...notes, secret: other.secret }) })).status, 401);
  assert.equal((await push(world, notes, { ...fields, client_secret: notes.secret ?? '' })).body.error, 'invalid_request');
  nameOf(await push(world, notes, { ...fields, client_secret: notes.secret ?? '' }, { authorization: undefined }));
  nameOf(await push(world, game, askOf(game).parameters));
  const kept = await world.deps.db.all('select parameters from authorization_requests');
  assert.equal(kept.length, 2);
  assert.ok(!JSON.stringify(kept).includes('pts_'), 'the secret is kept nowhere');
});

inWorld('a client that proves itself may push for all its users; one that only says a name is counted with its network', async (world) => {
  const notes = await addSite(world, 'notes');
  const game = await addSite(world, 'snake', { kind: 'native', redirectUris: ['http://127.0.0.1/cb'] });
  const browser = world.browser();
  const send = (site: Site) =>
    browser.send('POST', OAUTH.pushed, new URLSearchParams(askOf(site).parameters).toString(), {
      headers: { ...FORM, ...(site.secret === null ? {} : { authorization: basicOf(site) }) },
    });
  for (let count = 0; count < 300; count += 1) assert.equal((await send(game)).status, 201);
  const refused = await send(game);
  assert.equal(refused.body.error, 'temporarily_unavailable');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal((await send(notes)).status, 201);
  // The same number holds for requests that a browser brings and that must wait.
  const page = await askAuthorize(browser, askOf(notes));
  assert.equal(page.status, 429);
  assert.equal(page.headers['location'], undefined);
});
