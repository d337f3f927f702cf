import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { everything } from '../families.ts';
import { inWorld } from '../world.ts';

/** Whose cookies count, and from where. */

const HTTPS = 'https://auth.example.com';

inWorld(
  'a plain cookie on an https origin, which a sibling host could have planted, is not read',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    const planted = world.browser();
    planted.jar.set(COOKIES.refresh, { value: browser.refreshToken, endsAt: null });
    assert.equal((await planted.refresh()).body.error, 'refresh_invalid');
    assert.equal((await browser.refresh()).body['kind'], 'rotated');
  },
  { config: { origin: HTTPS, appOrigin: HTTPS, apiOrigin: HTTPS } },
);

inWorld('a refresh or soft extension from any other origin is refused and changes nothing', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const before = await everything(world);
  const strangers = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:4001', 'sec-fetch-site': 'same-site' },
    { origin: 'http://localhost:4000', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://LOCALHOST:4000', 'sec-fetch-site': undefined },
    { origin: 'http://localhost:4000.evil.example', 'sec-fetch-site': undefined },
    { origin: 'null', 'sec-fetch-site': undefined },
    { origin: undefined, 'sec-fetch-site': undefined },
    { origin: undefined, 'sec-fetch-site': 'none' },
    { origin: undefined, 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of strangers) {
    for (const call of ['refresh', 'extendSoft', 'extendHard', 'signOut', 'resendCode', 'notMe'] as const) {
      const answer = await browser.act(call, {}, { headers });
      assert.equal(answer.status, 403, `${call} from ${JSON.stringify(headers)}`);
      assert.equal(answer.body.error, 'origin_refused');
      assert.deepEqual(answer.setCookies, []);
    }
  }
  assert.deepEqual(await everything(world), before);
  for (const headers of [{ 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': undefined }]) {
    assert.equal((await browser.refresh({ headers })).body['kind'], 'rotated');
  }
});
