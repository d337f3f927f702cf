import assert from 'node:assert/strict';
import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import { importJWK, type JWK } from 'jose';
import { inWorld } from '../world.ts';
import { AT_ISSUER, discover, ISSUER } from './relying-party.ts';

/** The Config OP plan: whether the discovery document says what it must, and whether it is true. */

/** Registered at IANA for authorization servers, by the standards that name them. */
const KNOWN = [
  // RFC 8414 and OpenID Connect Discovery 1.0
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'scopes_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'service_documentation',
  'ui_locales_supported',
  'op_policy_uri',
  'op_tos_uri',
  'revocation_endpoint',
  'revocation_endpoint_auth_methods_supported',
  'revocation_endpoint_auth_signing_alg_values_supported',
  'introspection_endpoint',
  'introspection_endpoint_auth_methods_supported',
  'introspection_endpoint_auth_signing_alg_values_supported',
  'code_challenge_methods_supported',
  'userinfo_endpoint',
  'acr_values_supported',
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'display_values_supported',
  'claim_types_supported',
  'claims_supported',
  'claims_locales_supported',
  'claims_parameter_supported',
  'request_parameter_supported',
  'request_uri_parameter_supported',
  'require_request_uri_registration',
  // OpenID Connect Prompt Create and RP-Initiated and Back-Channel Logout
  'prompt_values_supported',
  'end_session_endpoint',
  'backchannel_logout_supported',
  'backchannel_logout_session_supported',
  // RFC 8628, RFC 9126, RFC 9207, RFC 9449
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'require_pushed_authorization_requests',
  'authorization_response_iss_parameter_supported',
  'dpop_signing_alg_values_supported',
];

function textsOf(value: unknown, name: string): readonly string[] {
  assert.ok(Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string'), name);
  return value;
}

inWorld(
  'oidcc-discovery-endpoint-verification: the document has what OpenID Connect asks for, its endpoints are at https, and its keys are public',
  async (world) => {
    const discovery = await discover(world);
    assert.equal(discovery.issuer, ISSUER);
    assert.equal(new URL(discovery.issuer).search + new URL(discovery.issuer).hash, '');
    assert.deepEqual(discovery.response_types_supported, ['code', 'none']);
    assert.deepEqual(discovery.subject_types_supported, ['public']);
    assert.ok(discovery.id_token_signing_alg_values_supported.includes('RS256'));
    assert.ok(!discovery.id_token_signing_alg_values_supported.includes('none'));
    assert.ok(textsOf(discovery.grant_types_supported, 'grant types').includes('authorization_code'));
    assert.ok(textsOf(discovery.claims_supported, 'claims').includes('sub'));
    assert.deepEqual(discovery.code_challenge_methods_supported, ['S256']);
    const scopes = textsOf(discovery.scopes_supported, 'scopes');
    assert.ok(scopes.includes('openid'));
    for (const scope of scopes) assert.match(scope, /^[\x21\x23-\x5B\x5D-\x7E]+$/);
    for (const name of ['request_parameter_supported', 'request_uri_parameter_supported', 'claims_parameter_supported'])
      assert.equal(discovery[name], false, `${name}: the value that stands for a missing one is another`);
    for (const tag of Array.isArray(discovery['ui_locales_supported']) ? discovery['ui_locales_supported'] : [])
      assert.equal(new Intl.Locale(String(tag)).toString(), tag);
    for (const [name, value] of Object.entries(discovery)) {
      if (name.endsWith('_endpoint') || name.endsWith('_uri')) assert.ok(String(value).startsWith(`${ISSUER}/`), name);
      if (name.endsWith('_supported') && typeof value !== 'boolean') textsOf(value, name);
    }
    assert.deepEqual(
      Object.keys(discovery).filter((name) => !KNOWN.includes(name)),
      [],
      'only registered names',
    );
    assert.deepEqual(await discover(world, SYSTEM.oauthServer), discovery, 'the same by RFC 8414');
  },
  AT_ISSUER,
);

inWorld(
  'every endpoint that discovery names is there, and every OAuth endpoint that is there is named',
  async (world) => {
    const discovery = await discover(world);
    const named = Object.entries(discovery)
      .filter(([name]) => name.endsWith('_endpoint'))
      .map(([, value]) => new URL(String(value)).pathname);
    assert.deepEqual(named.sort(), Object.values(OAUTH).sort());
    for (const path of named) {
      const answers = await Promise.all(['GET', 'POST'].map((method) => world.browser().send(method, path)));
      assert.ok(
        answers.some(({ status }) => status !== 404 && status !== 405),
        path,
      );
    }
  },
  AT_ISSUER,
);

inWorld(
  'the published keys are public, each has a name of its own and an algorithm, and there is one for each that ID tokens may have',
  async (world) => {
    const discovery = await discover(world);
    const answer = await world.browser().send('GET', new URL(discovery.jwks_uri).pathname);
    assert.equal(answer.status, 200);
    const keys = answer.body['keys'] as readonly JWK[];
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
    for (const key of keys) {
      assert.equal(key.use, 'sig');
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) assert.ok(!(secret in key), `${key.kid} ${secret}`);
      assert.notEqual(key.kty, 'oct');
      await importJWK(key, key.alg);
    }
    for (const alg of discovery.id_token_signing_alg_values_supported)
      assert.ok(
        keys.some((key) => key.alg === alg),
        alg,
      );
  },
  AT_ISSUER,
);
