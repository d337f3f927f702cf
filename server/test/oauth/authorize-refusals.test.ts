import assert from 'node:assert/strict';
import { OAUTH } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { findClient, setClientDisabled } from '../../src/clients/client.ts';
import { redeemCode } from '../../src/oauth/redeem-code.ts';
import type { Answered } from '../browser.ts';
import { addSite } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { answerAt, askAuthorize, askOf, locationOf, NAVIGATION, open } from './asking.ts';

const HERE = { requestId: 'test', address: '127.0.0.1', userAgent: 'test' };

/** An error page, and nothing that a browser follows. */
function staysHere(answered: Answered, sentence: string, what: string): void {
  assert.equal(answered.status, 400, what);
  for (const name of ['location', 'refresh']) assert.equal(answered.headers[name], undefined, what);
  assert.ok(answered.text.includes(sentence.replaceAll("'", '&#39;')), what);
}

async function codes(world: World): Promise<number> {
  return (await world.deps.db.all('select hash from authorization_codes')).length;
}

inWorld(
  'whatever is wrong with the site or its address is an error page: nobody is sent anywhere, signed in or not (A029)',
  async (world) => {
    const site = await addSite(world, 'notes', { confirmation: 'auto' });
    await addSite(world, 'gone');
    await setClientDisabled(world.deps.db, 'gone', world.clock.now());
    const unknown = en.errors.site_unknown;
    const cases: readonly (readonly [Record<string, string | undefined>, string])[] = [
      [{ client_id: undefined }, unknown],
      [{ client_id: 'nobody' }, unknown],
      [{ client_id: 'notes ' }, unknown],
      [{ client_id: '../notes' }, unknown],
      [{ client_id: 'portico', redirect_uri: 'http://localhost:4000/' }, unknown],
      [{ client_id: 'gone', redirect_uri: 'https://gone.example.net/auth/callback' }, unknown],
      [{ redirect_uri: undefined }, en.errors.redirect_refused],
      [{ redirect_uri: 'https://evil.example/' }, en.errors.redirect_refused],
      [{ redirect_uri: `${site.redirectUri}/` }, en.errors.redirect_refused],
      [{ redirect_uri: 'javascript:alert(1)' }, en.errors.redirect_refused],
      // Whatever else is wrong is told to nobody before the address is known to be the site's.
      [{ redirect_uri: 'https://evil.example/', response_type: 'token', prompt: 'none' }, en.errors.redirect_refused],
      [{ client_id: 'nobody', prompt: 'none', scope: 'admin' }, unknown],
      [{ request_uri: 'urn:ietf:params:oauth:request_uri:AAAA' }, en.errors.request_expired],
    ];
    for (const browser of [world.browser(), await world.signedUp('ada@example.com')]) {
      for (const [changes, sentence] of cases) {
        const asked = askOf(site, changes);
        staysHere(await askAuthorize(browser, asked), sentence, JSON.stringify(changes));
        const body = new URLSearchParams(asked.parameters).toString();
        const headers = { ...NAVIGATION, 'content-type': 'application/x-www-form-urlencoded' };
        staysHere(await browser.send('POST', OAUTH.authorize, body, { headers }), sentence, `POST ${JSON.stringify(changes)}`);
      }
    }
    assert.equal(await codes(world), 0);
    assert.deepEqual(await world.deps.db.all('select id_hash from authorization_requests'), []);
  },
);

inWorld('programs are told the same as JSON', async (world) => {
  const answered = await world.browser().send('GET', `${OAUTH.authorize}?client_id=nobody`);
  assert.equal(answered.body.error, 'site_unknown');
});

inWorld('what else is wrong is told to the site at its registered address, with its state, and never with a code', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const cases: readonly (readonly [Record<string, string | undefined>, string])[] = [
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'id_token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ response_mode: 'form_post' }, 'invalid_request'],
    [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ code_challenge: 'A'.repeat(44) }, 'invalid_request'],
    [{ code_challenge: `${'A'.repeat(42)}=` }, 'invalid_request'],
    [{ dpop_jkt: 'short' }, 'invalid_request'],
    [{ nonce: 'n'.repeat(1025) }, 'invalid_request'],
    [{ scope: 'openid admin' }, 'invalid_scope'],
    [{ resource: 'https://api.example.net' }, 'invalid_target'],
    [{ audience: 'other' }, 'invalid_target'],
    [{ prompt: 'surprise' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ max_age: '1e3' }, 'invalid_request'],
    [{ request: 'e30.e30.' }, 'request_not_supported'],
    [{ request_uri: 'https://notes.example.net/request.jwt' }, 'request_uri_not_supported'],
    [{ registration: '{}' }, 'registration_not_supported'],
  ];
  for (const browser of [world.browser(), await world.signedUp('ada@example.com')]) {
    for (const [changes, error] of cases) {
      const answer = answerAt(site, await askAuthorize(browser, askOf(site, changes)));
      assert.equal(answer['error'], error, JSON.stringify(changes));
      assert.equal(answer['state'], 'st-1');
      assert.equal(answer['iss'], 'http://localhost:4000');
      assert.equal(answer['code'], undefined);
      for (const value of Object.values(changes))
        assert.ok(value === undefined || !(answer['error_description'] ?? '').includes(value) || value.length < 9);
    }
  }
  assert.equal(await codes(world), 0);
});

inWorld('a machine has no users, so nobody is signed in to it', async (world) => {
  const site = await addSite(world, 'robot', { kind: 'machine' });
  assert.equal(answerAt(site, await askAuthorize(world.browser(), askOf(site)))['error'], 'unauthorized_client');
});

inWorld('a parameter that comes twice is two requests in one: refused on our own page, whichever it is (A031)', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  const asked = askOf(site, { prompt: 'login', max_age: '1' }).parameters;
  for (const name of Object.keys(asked)) {
    for (const second of [asked[name] ?? '', 'https://evil.example/']) {
      const query = `${new URLSearchParams(asked).toString()}&${new URLSearchParams({ [name]: second }).toString()}`;
      staysHere(await open(browser, `${OAUTH.authorize}?${query}`), en.errors.bad_request, name);
      const headers = { ...NAVIGATION, 'content-type': 'application/x-www-form-urlencoded' };
      staysHere(await browser.send('POST', OAUTH.authorize, query, { headers }), en.errors.bad_request, name);
    }
  }
  const both = await browser.send('POST', `${OAUTH.authorize}?client_id=other`, new URLSearchParams(asked).toString(), {
    headers: { ...NAVIGATION, 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(locationOf(both).searchParams.get('client_id'), 'notes', 'of a form only the form counts');
});

inWorld('state comes back exactly, whatever it is; one that is too long is not carried at all', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  for (const state of [' ', 'a=b&c=d#e?f', '"><script>', '%00%0d%0a', 'é 漢 🜁', '\r\nset-cookie: x=1', 's'.repeat(2048)]) {
    const answered = await askAuthorize(browser, askOf(site, { state }));
    assert.equal(answerAt(site, answered)['state'], state);
    assert.deepEqual(answered.setCookies, []);
  }
  assert.equal(answerAt(site, await askAuthorize(browser, askOf(site, { state: undefined })))['state'], undefined);
  const long = answerAt(site, await askAuthorize(browser, askOf(site, { state: 's'.repeat(2049) })));
  assert.equal(long['error'], 'invalid_request');
  assert.equal(long['state'], undefined);
});

inWorld('an address that has a query keeps it, and the answer is added', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto', redirectUris: ['https://notes.example.net/cb?tenant=1'] });
  const browser = await world.signedUp('ada@example.com');
  const location = locationOf(await askAuthorize(browser, askOf(site)));
  assert.equal(location.searchParams.get('tenant'), '1');
  assert.match(location.searchParams.get('code') ?? '', /^ptc_/);
});

inWorld(
  'PKCE is not for a site to leave out; one that is allowed to brings a nonce, and what challenge it brings is enforced (A022)',
  async (world) => {
    const old = await addSite(world, 'old', { confirmation: 'auto', pkce: 'nonce' });
    const browser = await world.signedUp('ada@example.com');
    const without = { code_challenge: undefined, code_challenge_method: undefined };
    const errorOf = async (changes: Record<string, string | undefined>) =>
      answerAt(old, await askAuthorize(browser, askOf(old, changes)))['error'];
    assert.equal(await errorOf({ ...without, nonce: undefined }), 'invalid_request');
    assert.equal(await errorOf({ ...without, scope: 'profile' }), 'invalid_request');
    assert.equal(await errorOf({ code_challenge_method: 'plain' }), 'invalid_request');
    const client = await findClient(world.deps.db, 'old');
    assert.ok(client !== null);
    const redeem = (code: string | undefined, codeVerifier: string) =>
      redeemCode(world.deps, HERE, client, { code: code ?? '', redirectUri: old.redirectUri, codeVerifier, dpopKey: '' });
    const { code } = answerAt(old, await askAuthorize(browser, askOf(old, without)));
    assert.equal(await redeem(code, 'v'.repeat(43)), null, 'a verifier for a code without a challenge is no good either');
    assert.ok((await redeem(code, '')) !== null);
    const asked = askOf(old);
    const bound = answerAt(old, await askAuthorize(browser, asked))['code'];
    assert.equal(await redeem(bound, ''), null);
    assert.ok((await redeem(bound, asked.verifier)) !== null);
  },
);

inWorld('the code is bound to the key that the request names', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  const asked = askOf(site, { dpop_jkt: 'K'.repeat(43) });
  const { code = '' } = answerAt(site, await askAuthorize(browser, asked));
  const client = await findClient(world.deps.db, 'notes');
  assert.ok(client !== null);
  const use = { code, redirectUri: site.redirectUri, codeVerifier: asked.verifier };
  assert.equal(await redeemCode(world.deps, HERE, client, { ...use, dpopKey: '' }), null);
  assert.equal(await redeemCode(world.deps, HERE, client, { ...use, dpopKey: 'L'.repeat(43) }), null);
  assert.ok((await redeemCode(world.deps, HERE, client, { ...use, dpopKey: 'K'.repeat(43) })) !== null);
});

inWorld('looking at the address without opening it (HEAD) makes no code', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  const query = new URLSearchParams(askOf(site).parameters).toString();
  const answered = await browser.send('HEAD', `${OAUTH.authorize}?${query}`);
  assert.ok(answered.status >= 400);
  assert.equal(answered.headers['location'], undefined);
  assert.equal(await codes(world), 0);
});

inWorld('a form on the site’s page comes without cookies: the request is kept, and the browser comes again with them', async (world) => {
  const site = await addSite(world, 'notes', { confirmation: 'auto' });
  const browser = await world.signedUp('ada@example.com');
  const stranger = world.browser();
  for (const prompt of [undefined, 'none']) {
    const body = new URLSearchParams(askOf(site, { prompt }).parameters).toString();
    const headers = { ...NAVIGATION, origin: 'https://notes.example.net', 'content-type': 'application/x-www-form-urlencoded' };
    const kept = locationOf(await stranger.send('POST', OAUTH.authorize, body, { headers }));
    assert.equal(kept.pathname, OAUTH.authorize);
    assert.deepEqual([...kept.searchParams.keys()], ['client_id', 'request_uri']);
    assert.ok('code' in answerAt(site, await open(browser, kept.href)));
  }
});
