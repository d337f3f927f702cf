import assert from 'node:assert/strict';
import { HEADERS } from '@portico/protocol/cookies';
import { Refusal } from '@portico/protocol/errors';
import { AUTH_PATHS, AUTH_PREFIX, AUTH_PREFIX_ALIAS, OAUTH } from '@portico/protocol/routes';
import type { Answered, Browser } from '../browser.ts';
import { addSecondary, SECONDARY_ORIGIN } from '../secondaries.ts';
import { addSite } from '../sites.ts';
import { inTappedWorld } from '../tapped-db.ts';
import { inWorld, type World } from '../world.ts';
import { addApp, callFrom, openApp, refreshFrom } from './apps.ts';

/** Pages of an app may call with their cookies and read every answer, refusals too; nobody else gets a header. */

const ONE_HOST = {};
const THREE_HOSTS = { origin: 'https://example.com', appOrigin: 'https://app.example.com', apiOrigin: 'https://api.example.com' };
const CALLS = [AUTH_PATHS.refresh, AUTH_PATHS.session, AUTH_PATHS.signOut, AUTH_PATHS.extendSoft, AUTH_PATHS.extendHard];

const readableAt = ({ headers }: Answered) => [headers['access-control-allow-origin'], headers['access-control-allow-credentials']];
const wordsOf = (header: unknown) => String(header).toLowerCase().split(', ').toSorted();

async function preflight(browser: Browser, path: string, origin: string | undefined, asked: readonly string[]): Promise<Answered> {
  const headers = {
    origin,
    'sec-fetch-site': 'same-site',
    'access-control-request-method': 'POST',
    'access-control-request-headers': asked.join(','),
  };
  return browser.send('OPTIONS', path, undefined, { headers });
}

async function strangersOf(world: World): Promise<readonly string[]> {
  await addSecondary(world);
  await addSite(world, 'shop', { origins: ['https://shop.example.net'] });
  const own = [world.deps.config.origin, world.deps.config.apiOrigin].filter((origin) => origin !== world.deps.config.appOrigin);
  return [
    ...own,
    'https://evil.example',
    'http://localhost:5174',
    'http://LOCALHOST:5173',
    'http://localhost:5173/',
    'null',
    '*',
    '',
    SECONDARY_ORIGIN,
    'https://shop.example.net',
  ];
}

for (const [layout, config] of Object.entries({ 'one host': ONE_HOST, 'three hosts': THREE_HOSTS })) {
  inWorld(
    `${layout}: browsers that ask first are told what an app may send, and what strangers may not`,
    async (world) => {
      const notes = await addApp(world);
      const browser = world.browser();
      const strangers = await strangersOf(world);
      const sent = ['content-type', HEADERS.attempt, HEADERS.csrf];
      for (const path of [AUTH_PREFIX, AUTH_PREFIX_ALIAS].flatMap((prefix) => CALLS.map((call) => prefix + call))) {
        const answer = await preflight(browser, path, notes.origin, sent);
        const { headers } = answer;
        assert.deepEqual([answer.status, ...readableAt(answer)], [204, notes.origin, 'true'], path);
        assert.deepEqual(wordsOf(headers['access-control-allow-methods']), ['get', 'post']);
        for (const name of sent) assert.ok(wordsOf(headers['access-control-allow-headers']).includes(name), name);
        assert.match(String(headers['vary']), /\bOrigin\b/);
        for (const origin of strangers) {
          const refused = await preflight(browser, path, origin, sent);
          const named = Object.keys(refused.headers).filter((name) => name.startsWith('access-control-'));
          assert.deepEqual(named, [], `${path} from ${JSON.stringify(origin)}`);
        }
      }
      const other = await preflight(browser, `${AUTH_PREFIX}${AUTH_PATHS.me}`, notes.origin, sent);
      assert.deepEqual(readableAt(other), [undefined, undefined], 'the account is no app’s');
    },
    { config },
  );

  inWorld(
    `${layout}: an app reads every answer, refusals too, with Retry-After and the name of the request`,
    async (world) => {
      const notes = await addApp(world);
      const ada = await world.signedUp('ada@example.com');
      await openApp(notes, ada);
      const answers = {
        200: await refreshFrom(notes, ada, { gen: 1 }),
        204: await callFrom(notes, ada, 'extendSoft'),
        400: await callFrom(notes, world.browser(), 'refresh'),
        403: await callFrom(notes, ada, 'signOut'),
        409: await refreshFrom(notes, ada, { gen: 7 }),
        413: await ada.send('POST', AUTH_PREFIX + AUTH_PATHS.refresh, `{"clientId":"${'x'.repeat(70_000)}"}`, {
          headers: { origin: notes.origin, 'sec-fetch-site': 'same-site', 'content-type': 'application/json' },
        }),
        415: await ada.send('POST', AUTH_PREFIX + AUTH_PATHS.signOut, 'a=b', {
          headers: { origin: notes.origin, 'sec-fetch-site': 'same-site', 'content-type': 'application/x-www-form-urlencoded' },
        }),
      };
      for (const [status, answer] of Object.entries(answers)) {
        assert.deepEqual([answer.status, ...readableAt(answer)], [Number(status), notes.origin, 'true'], answer.text);
        assert.match(String(answer.headers['vary']), /\bOrigin\b/);
        assert.deepEqual(wordsOf(answer.headers['access-control-expose-headers']), ['retry-after', HEADERS.requestId].toSorted());
      }
      for (const origin of await strangersOf(world)) {
        for (const call of ['refresh', 'session', 'signOut', 'extendSoft', 'extendHard'] as const) {
          const answer = await callFrom(notes, ada, call, { headers: { origin } });
          assert.deepEqual(readableAt(answer), [undefined, undefined], `${call} from ${JSON.stringify(origin)}`);
        }
      }
    },
    { config },
  );

  inWorld(
    `${layout}: our own pages call as before`,
    async (world) => {
      await addApp(world);
      const ada = await world.signedUp('ada@example.com');
      const site = layout === 'one host' ? 'same-origin' : 'same-site';
      const answer = await ada.refresh({ headers: { 'sec-fetch-site': site } });
      assert.equal(answer.body['kind'], 'rotated');
      assert.deepEqual(readableAt(answer), layout === 'one host' ? [undefined, undefined] : [THREE_HOSTS.appOrigin, 'true']);
    },
    { config },
  );
}

inTappedWorld('while the database is away an app reads that it is: 503, and when to come back', async (world, tap) => {
  const notes = await addApp(world);
  const ada = await world.signedUp('ada@example.com');
  await openApp(notes, ada);
  let isAway = true;
  const away = () => {
    if (!isAway) return;
    tap.before('', away);
    throw new Refusal('unavailable');
  };
  tap.before('', away);
  const strange = await callFrom({ origin: 'http://localhost:5174' }, ada, 'session');
  assert.deepEqual([strange.status, ...readableAt(strange)], [503, undefined, undefined]);
  for (const call of ['refresh', 'session', 'signOut', 'extendSoft', 'extendHard'] as const) {
    const answer = await callFrom(notes, ada, call);
    assert.deepEqual([answer.status, answer.body.error, ...readableAt(answer)], [503, 'unavailable', notes.origin, 'true'], call);
    assert.match(String(answer.headers['retry-after']), /^\d+$/);
    assert.deepEqual(answer.setCookies, []);
  }
  isAway = false;
  assert.equal((await refreshFrom(notes, ada, { gen: 1 })).body['kind'], 'rotated');
});

inWorld(
  'an app on another site, with a key instead of a cookie, may call the OAuth endpoints that it needs, and read them',
  async (world) => {
    const far = await addApp(world, 'far', { origin: 'https://far.example.net' });
    const browser = world.browser();
    for (const path of [OAUTH.token, OAUTH.revoke, OAUTH.userinfo, OAUTH.pushed]) {
      const asked = ['content-type', 'authorization', HEADERS.dpop, HEADERS.attempt];
      const { headers, ...answer } = await preflight(browser, path, far.origin, asked);
      assert.deepEqual([answer.status, headers['access-control-allow-origin']], [204, far.origin], path);
      assert.equal(headers['access-control-allow-credentials'], undefined, 'no cookie counts there');
      for (const name of asked) assert.ok(wordsOf(headers['access-control-allow-headers']).includes(name), name);
      assert.equal((await preflight(browser, path, 'https://evil.example', asked)).headers['access-control-allow-origin'], undefined);
    }
    const refused = await browser.send('POST', OAUTH.token, 'grant_type=refresh_token&client_id=far&refresh_token=x', {
      headers: { origin: far.origin, 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.deepEqual(
      [refused.status, refused.body.error, refused.headers['access-control-allow-origin']],
      [400, 'invalid_grant', far.origin],
    );
  },
);
