import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { reasonOf } from './clients/library.ts';
import type { AuthServer } from './servers/auth-server.ts';
import { SERVERS } from './servers/both.ts';

/** A game on a console: no secret, no browser, and a key that its tokens are bound to. */

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

for (const { at, start } of SERVERS) {
  test(`openid-client at a device without a browser is let in by ${at}, refreshes with its key, and gives its tokens back`, async (t) => {
    const server: AuthServer = await start();
    t.after(() => server.close());
    const registered = await server.add({ id: 'console', kind: 'native', redirectUris: ['http://127.0.0.1:9/callback'] });
    const config = await client.discovery(new URL(server.issuer), registered.id, { id_token_signed_response_alg: 'ES256' }, client.None(), {
      execute: [client.allowInsecureRequests],
    });
    const key = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) };
    const device = await client.initiateDeviceAuthorization(config, { scope: server.scope });
    assert.match(device.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
    const person = server.person();
    const page = device.verification_uri_complete ?? '';
    // A look at the page lets nothing in, though whoever looks is signed in (RFC 8628 5.4).
    await person.open(page, { saysYes: false });
    const looked = client.genericGrantRequest(config, DEVICE_GRANT, { device_code: device.device_code }, key);
    assert.equal(await looked.then(() => 'nothing was refused', reasonOf), 'authorization_pending');
    const polling = client.pollDeviceAuthorizationGrant(config, device, undefined, key);
    polling.catch(() => undefined);
    const seen = await person.open(page);
    assert.equal(seen.status, 200, seen.text);
    const tokens = await polling;
    const subject = tokens.claims()?.sub ?? '';
    assert.notEqual(subject, '');

    const again = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, key);
    assert.notEqual(again.access_token, tokens.access_token);
    const stolen = client.refreshTokenGrant(config, again.refresh_token ?? '');
    assert.match(await stolen.then(() => 'nothing was refused', reasonOf), /^invalid_(grant|dpop_proof)$/);

    await client.tokenRevocation(config, again.refresh_token ?? '');
    const after = client.refreshTokenGrant(config, again.refresh_token ?? '', undefined, key);
    assert.equal(await after.then(() => 'nothing was refused', reasonOf), 'invalid_grant');
  });
}
