import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PorticoCode, PorticoError } from '@portico/server';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { insertRevocation } from '../../src/sessions/revocation.ts';
import { signJwt } from '../../src/sessions/sign-jwt.ts';
import { freshDatabase } from '../databases.ts';
import { claimsOf, sessionOf } from '../families.ts';
import { freePort } from '../portico-process.ts';
import { signInAt, untilAnswered } from '../revocations/verifiers.ts';
import { addSite } from '../sites.ts';
import { openWorld, type World } from '../world.ts';
import { type Answer, FRAMEWORKS, type RunningSnippet, startSnippet } from './snippets.ts';

/** Five sites in front of one running Portico, each in a process of its own: what one answers, all answer. */

interface Scene {
  readonly world: World;
  readonly sites: readonly RunningSnippet[];
  /** A token with other claims, signed by Portico's own key. */
  own(changed: object): string;
  readonly token: string;
  readonly userId: string;
}

async function inScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  const database = await freshDatabase('sqlite');
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const config = { origin, appOrigin: origin, apiOrigin: origin };
  // The sites have clocks of their own, which nobody holds.
  const world = await openWorld(database.db, {
    config,
    clock: { now: Date.now, advance: () => assert.fail('time passes by itself here') },
  });
  const sites: RunningSnippet[] = [];
  try {
    await world.app.listen({ host: '127.0.0.1', port });
    const site = await addSite(world, 'notes', { roles: ['editor'] });
    const browser = await world.signedUp('ada@example.com');
    const userId = String((await sessionOf(world, browser)).userId);
    await saveClientRoles(world.deps.db, { userId, clientId: 'notes', roles: ['editor'], now: world.clock.now() });
    const { access: token } = await signInAt(world, browser, site);
    const env = { PORTICO_ISSUER: origin, PORTICO_CLIENT_SECRET: site.secret ?? '' };
    const own = (changed: object) =>
      signJwt(world.deps.keys.currentSigning(world.clock.now()), 'at+jwt', { ...claimsOf(token), ...changed });
    const started = await Promise.allSettled(FRAMEWORKS.map((framework) => startSnippet(framework, env)));
    sites.push(...started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    for (const one of sites)
      await untilAnswered(`{"deletedBy":"${userId}"}`, async () =>
        JSON.stringify((await one.ask('DELETE', '/notes/7', bearer(token))).body),
      );
    await body({ world, sites, own, token, userId });
  } finally {
    for (const one of sites) await one.end();
    await world.close();
    await database.drop();
  }
}

const bearer = (token: string): string[] => ['Authorization', `Bearer ${token}`];

/** What the table of codes says, on the wire. */
function refusal(code: PorticoCode, maxAge?: number): Answer {
  const { status, body, challenge, headers } = new PorticoError(code, maxAge === undefined ? {} : { maxAge });
  return { status, type: 'application/json', challenge, retryAfter: headers['retry-after'] ?? null, cacheControl: 'no-store', body };
}

const good = (body: object): Partial<Answer> => ({ status: 200, type: 'application/json', challenge: null, body });

test('five frameworks let the same requests through, refuse the same ones, and say the same: status, challenge, body, no-store, Retry-After', async (t) => {
  await inScene(async ({ world, sites, own, token, userId }) => {
    const now = Math.floor(Date.now() / 1000);
    const machine = { sid: undefined, uv: undefined, fid: undefined, auth_time: undefined, amr: undefined, sub: 'notes' };
    const [me, deleted] = [good({ id: userId }), good({ deletedBy: userId })];
    const rows: readonly (readonly [string, string, readonly string[], Partial<Answer>])[] = [
      ['GET /me', 'a good token', bearer(token), me],
      ['GET /me', 'in small letters', ['authorization', `bearer ${token}`], me],
      ['GET /me', 'none', [], refusal('token_missing')],
      ['GET /me', 'another scheme', ['Authorization', `Basic ${token}`], refusal('token_missing')],
      [`GET /me?access_token=${token}`, 'in the address', [], refusal('token_missing')],
      ['GET /me', 'in a cookie', ['Cookie', `access_token=${token}`], refusal('token_missing')],
      ['GET /me', 'no token', bearer('x'), refusal('token_invalid')],
      ['GET /me', 'a letter too many', bearer(`${token}x`), refusal('token_invalid')],
      ['GET /me', 'two headers', [...bearer(token), ...bearer(own({ jti: 'another' }))], refusal('token_invalid')],
      ['GET /me', 'the same twice', [...bearer(token), ...bearer(token)], refusal('token_invalid')],
      ['GET /me', 'of another site', bearer(own({ aud: 'wiki', client_id: 'wiki' })), refusal('token_invalid')],
      ['GET /me', 'expired', bearer(own({ iat: now - 120, exp: now - 60 })), refusal('token_expired')],
      ['GET /me', 'of a machine', bearer(own(machine)), refusal('user_required')],
      ['DELETE /notes/7', 'an editor', bearer(token), deleted],
      ['DELETE /notes/7', 'none', [], refusal('token_missing')],
      ['DELETE /notes/7', 'a reader', bearer(own({ roles: ['reader'] })), refusal('role_missing')],
      ['DELETE /notes/7', 'proven an hour ago', bearer(own({ auth_time: now - 3600 })), refusal('fresh_signin_required', 300)],
      ['GET /me', 'proven an hour ago', bearer(own({ auth_time: now - 3600 })), me],
    ];
    for (const [line, what, headers, expected] of rows) {
      const [method = '', path = ''] = line.split(' ');
      for (const { framework, ask } of sites) {
        for (const again of ['', ' again']) {
          const { retryAfter, cacheControl, ...said } = await ask(method, path, headers);
          const answer = expected.status === 200 ? said : { ...said, retryAfter, cacheControl };
          assert.deepEqual(answer, expected, `${framework}: ${line.slice(0, 20)}, ${what}${again}`);
        }
      }
    }
    await t.test('a revocation reaches a token that every one of them knew by heart', async () => {
      const { sid } = claimsOf(token);
      world.deps.revoked.add(
        await world.deps.db.transaction((tx) => insertRevocation(tx, world.deps, { kind: 'sid', subject: sid, minimumUv: null })),
      );
      for (const { ask } of sites) await untilAnswered('401', async () => String((await ask('GET', '/me', bearer(token))).status));
      for (const { framework, ask } of sites) assert.deepEqual(await ask('GET', '/me', bearer(token)), refusal('token_revoked'), framework);
    });
    await t.test('pages of SvelteKit stay pages, with the status and the headers; what a route made of a refusal stays too', async () => {
      const [kit] = sites.filter(({ framework }) => framework === 'sveltekit');
      assert.ok(kit !== undefined);
      const maybe = await kit.ask('GET', '/maybe', []);
      assert.deepEqual([maybe.status, maybe.challenge, maybe.body], [200, null, { id: null }]);
      const { body, ...page } = await kit.ask('GET', '/page', ['Accept', 'text/html']);
      const { body: _, ...refused } = refusal('token_missing');
      assert.deepEqual(page, { ...refused, type: 'text/html' });
      assert.match(String(body), /<!doctype html>/i);
      const { status, type } = await kit.ask('GET', '/page/__data.json', []);
      assert.deepEqual([status, type], [200, 'application/json']);
    });
    await t.test('while nothing is heard of Portico it is 503 with Retry-After, never 401', async () => {
      const other = own({ sid: 'S'.repeat(22) });
      for (const { ask } of sites) assert.equal((await ask('DELETE', '/notes/7', bearer(other))).status, 200);
      await world.app.close();
      for (const { ask } of sites) await untilAnswered('503', async () => String((await ask('DELETE', '/notes/7', bearer(other))).status));
      for (const { framework, ask } of sites) {
        assert.deepEqual(await ask('DELETE', '/notes/7', bearer(other)), refusal('revocation_unknown'), framework);
        assert.deepEqual(await ask('GET', '/me', bearer(other)), refusal('revocation_unknown'), framework);
        assert.deepEqual(await ask('GET', '/me', bearer('x')), refusal('token_invalid'), framework);
      }
    });
  });
});
