import assert from 'node:assert/strict';
import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { outgoingRules } from '../../src/config/outgoing-rules.ts';
import { deliverLogouts } from '../../src/jobs/deliver-logouts.ts';
import { createNetwork } from '../../src/platform/network.ts';
import { listeningSite } from '../listening-site.ts';
import { inWorld } from '../world.ts';
import { newPerson, visit } from './person.ts';
import {
  AFTER_LOGOUT,
  AT_ISSUER,
  authorizationRequest,
  authorize,
  discover,
  errorOf,
  ISSUER,
  newRelyingParty,
  signInAt,
  WANTS_A_PAGE,
} from './relying-party.ts';

/** The back-channel logout plan. The site listens on this machine, and the call to it is a real one. */

const network = createNetwork({ outgoing: outgoingRules({ mode: 'test', outgoingNetworks: [] }) });

inWorld(
  'oidcc-backchannel-logout-discovery-endpoint-verification: discovery says that sites are told, with the session’s id, and names the end session endpoint',
  async (world) => {
    const discovery = await discover(world);
    assert.equal(discovery.backchannel_logout_supported, true);
    assert.equal(discovery.backchannel_logout_session_supported, true);
    assert.equal(discovery.end_session_endpoint, ISSUER + OAUTH.logout);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-backchannel-rp-initiated-logout: the site gets a logout token of this very session, and the person is sent back',
  async (world, t) => {
    const backend = await listeningSite();
    t.after(() => backend.close());
    const person = await newPerson(world);
    const site = await newRelyingParty(world, { backchannelLogoutUri: backend.uri });
    const { tokens, claims } = await signInAt(person, site);
    const query = new URLSearchParams({ id_token_hint: tokens.idToken, post_logout_redirect_uri: AFTER_LOGOUT, state: 'st-1' });
    const { left } = await visit(person, `${OAUTH.logout}?${query.toString()}`, { answers: 'nothing' });
    assert.equal(left?.href, `${AFTER_LOGOUT}?state=st-1`);
    await deliverLogouts(world.deps, new AbortController().signal);

    assert.equal(backend.heard.length, 1);
    assert.deepEqual([...(backend.heard[0]?.keys() ?? [])], ['logout_token'], 'a form with one field');
    const keys = (await world.browser().send('GET', SYSTEM.jwks)).body as unknown as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(backend.heard[0]?.get('logout_token') ?? '', createLocalJWKSet(keys), {
      issuer: ISSUER,
      audience: site.id,
      typ: 'logout+jwt',
      currentDate: new Date(world.clock.now()),
      requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti', 'events'],
    });
    assert.equal(protectedHeader.alg, 'ES256', 'as the ID token was signed');
    // OpenID Connect Back-Channel Logout 2.4.
    assert.deepEqual(payload['events'], { 'http://schemas.openid.net/event/backchannel-logout': {} });
    assert.equal(payload.sub, claims.sub);
    assert.equal(payload['sid'], claims['sid']);
    assert.ok(claims['sid'] !== undefined && !('nonce' in payload), 'no nonce, or it would pass for an ID token');

    const asked = authorizationRequest(site, { prompt: 'none' });
    assert.ok(WANTS_A_PAGE.includes(errorOf(site, asked, await authorize(person, asked))), 'signed out');
  },
  { ...AT_ISSUER, deps: { network } },
);
