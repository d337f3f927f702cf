import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PAGES } from '@portico/protocol/routes';
import { decodeProtectedHeader } from 'jose';
import { inWorld } from '../world.ts';
import { NOT_OFFERED } from './modules.ts';
import { newPerson, type Visit } from './person.ts';
import {
  AT_ISSUER,
  authorizationRequest,
  authorize,
  callToken,
  claimsOfIdToken,
  codeFields,
  codeOf,
  discover,
  errorOf,
  newRelyingParty,
  signInAt,
  standardClaims,
  tokenErrorOf,
  tokensOf,
  userInfo,
  WANTS_A_PAGE,
} from './relying-party.ts';

/** The Basic OP plan. Every request carries PKCE, which the plan's own client does in the last module only. */

inWorld(
  'oidcc-server: a code, tokens and user info, and in each what was asked for and no more',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const one = await signInAt(person, site);
    signedInByHand(one.visited);
    const two = await signInAt(person, site);
    assert.notEqual(one.code, two.code);
    assert.equal(one.claims.sub, two.claims.sub);
    // OpenID Connect Core 3.1.3.6: where there is a hash of the access token, it is the right one.
    const half = createHash('sha256').update(one.tokens.accessToken).digest().subarray(0, 16).toString('base64url');
    assert.ok(one.claims['at_hash'] === undefined || one.claims['at_hash'] === half);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-response-type-missing: a request without response_type is answered with an error',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const asked = authorizationRequest(site, { response_type: null });
    assert.ok(['invalid_request', 'unsupported_response_type'].includes(errorOf(site, asked, await authorize(person, asked))));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-idtoken-signature: a client that is registered for RS256 gets ID tokens by RS256, and is told the key',
  async (world) => {
    const site = await newRelyingParty(world, { idAlg: 'RS256' });
    const { tokens } = await signInAt(await newPerson(world), site, {}, { alg: 'RS256' });
    const { alg, kid } = decodeProtectedHeader(tokens.idToken);
    assert.equal(alg, 'RS256');
    assert.equal(typeof kid, 'string');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-userinfo-get: user info for a token in the header of a GET',
  async (world) => {
    const { tokens, claims } = await signInAt(await newPerson(world), await newRelyingParty(world));
    assert.equal(standardClaims(await userInfo(world, tokens.accessToken))['sub'], claims.sub);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-userinfo-post-header: user info for a token in the header of a POST',
  async (world) => {
    const { tokens, claims } = await signInAt(await newPerson(world), await newRelyingParty(world));
    assert.equal(standardClaims(await userInfo(world, tokens.accessToken, { method: 'POST' }))['sub'], claims.sub);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-userinfo-post-body: user info for a token in the form of a POST',
  async (world) => {
    const { tokens, claims } = await signInAt(await newPerson(world), await newRelyingParty(world));
    assert.equal(standardClaims(await userInfo(world, tokens.accessToken, { inBody: true }))['sub'], claims.sub);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow: no nonce was sent, and none comes back',
  async (world) => {
    const { claims } = await signInAt(await newPerson(world), await newRelyingParty(world), { nonce: null });
    assert.ok(!('nonce' in claims));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-scope-profile: user info has the name, and no address',
  async (world) => {
    const { tokens } = await signInAt(await newPerson(world), await newRelyingParty(world), { scope: 'openid profile' });
    const claims = standardClaims(await userInfo(world, tokens.accessToken));
    assert.equal(claims['name'], 'Ada');
    assert.ok(!('email' in claims) && !('email_verified' in claims));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-scope-email: user info has the address, and no name',
  async (world) => {
    const person = await newPerson(world);
    const { tokens } = await signInAt(person, await newRelyingParty(world), { scope: 'openid email' });
    const claims = standardClaims(await userInfo(world, tokens.accessToken));
    assert.equal(claims['email'], person.email);
    assert.equal(claims['email_verified'], true);
    assert.ok(!('name' in claims));
  },
  AT_ISSUER,
);

/** Scopes and options that discovery does not offer are no reason to guess: the request is refused, or goes on without them. */
const REFUSED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'oidcc-scope-address': { scope: 'openid address' },
  'oidcc-scope-phone': { scope: 'openid phone' },
  'oidcc-scope-all': { scope: 'openid profile email address phone' },
};

inWorld(
  'oidcc-scope-address, oidcc-scope-phone, oidcc-scope-all: not offered, and refused as scopes that are unknown',
  async (world) => {
    const discovery = await discover(world);
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    for (const [module, changes] of Object.entries(REFUSED)) {
      assert.ok(NOT_OFFERED[module]?.(discovery), module);
      const asked = authorizationRequest(site, changes);
      assert.equal(errorOf(site, asked, await authorize(person, asked)), 'invalid_scope', module);
    }
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-idtoken-unsigned: not offered, neither in discovery nor by a registration',
  async (world) => {
    assert.ok(NOT_OFFERED['oidcc-idtoken-unsigned']?.(await discover(world)));
    const { tokens } = await signInAt(await newPerson(world), await newRelyingParty(world), { id_token_signed_response_alg: 'none' });
    assert.equal(decodeProtectedHeader(tokens.idToken).alg, 'ES256', 'a parameter changes nothing');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-alternate-happy-flow: parameters and scopes in another order mean the same',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const straight = authorizationRequest(site, { scope: 'email openid' });
    const asked = { ...straight, parameters: Object.fromEntries(Object.entries(straight.parameters).reverse()) };
    const code = codeOf(site, asked, await authorize(person, asked));
    const tokens = tokensOf(await callToken(world, site, codeFields(site, asked, code)));
    await claimsOfIdToken(world, site, tokens.idToken, { nonce: asked.parameters['nonce'] });
    assert.equal(standardClaims(await userInfo(world, tokens.accessToken))['email'], person.email);
  },
  AT_ISSUER,
);

/** The way led over a page that asked for the password: whole, or once more. */
function signedInByHand({ pages, first }: Visit): void {
  assert.ok(pages.includes(PAGES.signIn) || pages.includes(PAGES.dashboardProof), pages.join(', '));
  assert.equal(first.status, 200);
}

for (const [module, changes] of [
  ['oidcc-display-page', { display: 'page' }],
  ['oidcc-display-popup', { display: 'popup' }],
  ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
  ['oidcc-ui-locales', { ui_locales: 'se' }],
  ['oidcc-claims-locales', { claims_locales: 'se' }],
] as const) {
  inWorld(
    `${module}: the parameter makes no error`,
    async (world) => {
      const { visited } = await signInAt(await newPerson(world), await newRelyingParty(world), changes);
      signedInByHand(visited);
    },
    AT_ISSUER,
  );
}

inWorld(
  'oidcc-login-hint: the sign-in page comes with the address filled in',
  async (world) => {
    const person = await newPerson(world);
    const { visited } = await signInAt(person, await newRelyingParty(world), { login_hint: 'buffy@id.example.com' });
    signedInByHand(visited);
    assert.match(visited.first.text, /<input\b[^>]*value="buffy@id\.example\.com"/);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-ensure-request-with-acr-values-succeeds: the request is answered, and no class is claimed that was not proven',
  async (world) => {
    const discovery = await discover(world);
    const supported = discovery['acr_values_supported'];
    const values = Array.isArray(supported) ? supported.map(String) : ['1', '2'];
    const { claims } = await signInAt(await newPerson(world), await newRelyingParty(world), { acr_values: values.join(' ') });
    assert.ok(claims['acr'] === undefined || values.includes(claims['acr'] as string));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-prompt-login: somebody who is signed in signs in again, and the ID token says when',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const first = await signInAt(person, site);
    world.clock.advance(1500);
    const second = await signInAt(person, site, { prompt: 'login' });
    signedInByHand(second.visited);
    assert.ok(Number(second.claims['auth_time']) > Number(first.claims['auth_time']));
    assert.equal(second.claims.sub, first.claims.sub);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-prompt-none-not-logged-in: an error instead of a page, and a long state comes back whole',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const asked = authorizationRequest(site, { prompt: 'none', state: 'x0'.repeat(64) });
    const visited = await authorize(person, asked);
    assert.ok(WANTS_A_PAGE.includes(errorOf(site, asked, visited)));
    assert.deepEqual(visited.pages, []);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-prompt-none-logged-in: the second request is answered without a page, for the same person and the same sign-in',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const first = await signInAt(person, site);
    world.clock.advance(5000);
    const second = await signInAt(person, site, { prompt: 'none' });
    assert.deepEqual(second.visited.pages, []);
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal(second.claims['auth_time'], first.claims['auth_time']);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-max-age-1: a sign-in of two seconds ago is too old, and the new one is told with its time',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const first = await signInAt(person, site);
    world.clock.advance(2000);
    const second = await signInAt(person, site, { max_age: '1' });
    signedInByHand(second.visited);
    assert.ok(Number(second.claims['auth_time']) > Number(first.claims['auth_time']));
    assert.ok(Math.abs(Number(second.claims['auth_time']) * 1000 - world.clock.now()) < 2000, 'recent');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-max-age-10000: a sign-in within the age is enough, and its time is told both times',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const first = await signInAt(person, site, { max_age: '15000' });
    assert.equal(typeof first.claims['auth_time'], 'number');
    world.clock.advance(5000);
    const second = await signInAt(person, site, { max_age: '10000' });
    assert.deepEqual(second.visited.pages, []);
    assert.equal(second.claims['auth_time'], first.claims['auth_time']);
    assert.equal(second.claims.sub, first.claims.sub);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-id-token-hint: with prompt=none and the first ID token as a hint, the same person is answered without a page',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const first = await signInAt(person, site);
    const second = await signInAt(person, site, { prompt: 'none', id_token_hint: first.tokens.idToken });
    assert.deepEqual(second.visited.pages, []);
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal(second.claims['auth_time'], first.claims['auth_time']);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-codereuse: a code that was used is worth nothing',
  async (world) => {
    const site = await newRelyingParty(world);
    const { asked, code } = await signInAt(await newPerson(world), site);
    assert.equal(tokenErrorOf(await callToken(world, site, codeFields(site, asked, code))), 'invalid_grant');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-codereuse-30seconds: nor half a minute later, and the access token that it gave opens nothing any more',
  async (world) => {
    const site = await newRelyingParty(world);
    const { asked, code, tokens } = await signInAt(await newPerson(world), site);
    world.clock.advance(30_000);
    assert.equal(tokenErrorOf(await callToken(world, site, codeFields(site, asked, code))), 'invalid_grant');
    assert.equal((await userInfo(world, tokens.accessToken)).status, 401);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-ensure-registered-redirect-uri: an address that was not registered is told to the person, and nobody is sent there',
  async (world) => {
    const site = await newRelyingParty(world);
    const bad = `${site.redirectUri}/x0ffee4u2s`;
    const { left, last } = await authorize(await newPerson(world), authorizationRequest(site, { redirect_uri: bad }));
    assert.equal(left, null);
    assert.equal(last.status, 400);
    assert.match(String(last.headers['content-type']), /^text\/html/);
    assert.ok(!last.text.includes(bad));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-ensure-post-request-succeeds: the request as a form of another site, before and after somebody has signed in',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    const first = await signInAt(person, site, {}, { step: { method: 'POST' } });
    signedInByHand(first.visited);
    // The form brought no cookie along, and still nobody signs in twice.
    const second = await signInAt(person, site, {}, { step: { method: 'POST' } });
    assert.ok(!second.visited.pages.includes(PAGES.signIn), second.visited.pages.join(', '));
    assert.equal(second.claims['auth_time'], first.claims['auth_time']);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-server-client-secret-post: id and secret in the form do as well as in the header',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    assert.ok((await discover(world)).token_endpoint_auth_methods_supported.includes('client_secret_post'));
    const asked = authorizationRequest(site);
    const code = codeOf(site, asked, await authorize(person, asked));
    const fields = { ...codeFields(site, asked, code), client_id: site.id, client_secret: site.secret ?? '' };
    const tokens = tokensOf(await callToken(world, site, fields));
    await claimsOfIdToken(world, site, tokens.idToken, { nonce: asked.parameters['nonce'] });
    standardClaims(await userInfo(world, tokens.accessToken));
  },
  AT_ISSUER,
);

/** An unsigned request object (OpenID Connect Core 6). */
function unsigned(claims: object): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encoded({ alg: 'none' })}.${encoded(claims)}.`;
}

inWorld(
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: rejected, and the address is not called',
  async (world) => {
    assert.ok(NOT_OFFERED['oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported']?.(await discover(world)));
    const site = await newRelyingParty(world);
    // The network of this world is none: a call would be an error of ours.
    const asked = authorizationRequest(site, { request_uri: 'https://rp.example.net/request.jwt' });
    assert.equal(errorOf(site, asked, await authorize(await newPerson(world), asked)), 'request_uri_not_supported');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: rejected',
  async (world) => {
    assert.ok(NOT_OFFERED['oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported']?.(await discover(world)));
    const site = await newRelyingParty(world);
    const plain = authorizationRequest(site);
    const asked = { ...plain, parameters: { ...plain.parameters, request: unsigned(plain.parameters) } };
    assert.equal(errorOf(site, asked, await authorize(await newPerson(world), asked)), 'request_not_supported');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-ensure-request-object-with-redirect-uri: not offered; what a request object says outweighs no bad address beside it',
  async (world) => {
    assert.ok(NOT_OFFERED['oidcc-ensure-request-object-with-redirect-uri']?.(await discover(world)));
    const site = await newRelyingParty(world);
    const request = unsigned(authorizationRequest(site).parameters);
    const asked = authorizationRequest(site, { request, redirect_uri: 'https://rp.example.net/another' });
    const { left, last } = await authorize(await newPerson(world), asked);
    assert.equal(left, null);
    assert.equal(last.status, 400);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-claims-essential: a wish for the name is no error, and brings nothing that the scope does not',
  async (world) => {
    assert.equal((await discover(world)).claims_parameter_supported, false);
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
    const { tokens } = await signInAt(await newPerson(world), await newRelyingParty(world), { claims });
    assert.ok(!('name' in standardClaims(await userInfo(world, tokens.accessToken))));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-refresh-token: it gives new tokens of the same sign-in, for its own client only',
  async (world) => {
    const discovery = await discover(world);
    assert.ok(discovery.grant_types_supported.includes('refresh_token') && discovery.scopes_supported.includes('offline_access'));
    const person = await newPerson(world);
    const [one, two] = [await newRelyingParty(world), await newRelyingParty(world, { id: 'rp2' })];
    const changes = { scope: 'openid offline_access', prompt: 'consent' };
    const first = await signInAt(person, one, changes);
    world.clock.advance(1000);
    const refreshed = await callToken(world, one, {
      grant_type: 'refresh_token',
      refresh_token: first.tokens.refreshToken,
      scope: changes.scope,
    });
    const tokens = tokensOf(refreshed);
    assert.notEqual(tokens.accessToken, first.tokens.accessToken);
    const claims = await claimsOfIdToken(world, one, tokens.idToken);
    // OpenID Connect Core 12.2.
    for (const name of ['iss', 'sub', 'aud', 'auth_time', 'azp', 'sid']) assert.deepEqual(claims[name], first.claims[name], name);
    assert.ok(Number(claims.iat) > Number(first.claims.iat));
    assert.equal((await userInfo(world, tokens.accessToken)).status, 200);

    const second = await signInAt(person, two, { ...changes, nonce: 'n'.repeat(43) });
    const fields = { grant_type: 'refresh_token', refresh_token: second.tokens.refreshToken };
    assert.equal(tokenErrorOf(await callToken(world, one, fields)), 'invalid_grant', 'the token of another client');
    assert.equal((await callToken(world, two, fields)).status, 200, 'which took no harm');
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-ensure-request-with-valid-pkce-succeeds: with the verifier a code is good, without it or with another one it is not',
  async (world) => {
    const person = await newPerson(world);
    const site = await newRelyingParty(world);
    await signInAt(person, site);
    for (const verifier of ['', 'x'.repeat(43)]) {
      const asked = authorizationRequest(site);
      const code = codeOf(site, asked, await authorize(person, asked));
      assert.equal(tokenErrorOf(await callToken(world, site, codeFields(site, { ...asked, verifier }, code))), 'invalid_grant');
    }
  },
  AT_ISSUER,
);
