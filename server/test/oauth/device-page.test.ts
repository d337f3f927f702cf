import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Answered, Browser } from '../browser.ts';
import { addSite } from '../sites.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';
import { ask, refusalOf, tokensOf } from './ask.ts';

/** /device in a browser without JavaScript. */

const words = en.pages.device;

async function begin(world: World) {
  const game = await addSite(world, 'space-snake', { kind: 'native', name: 'Space Snake <&>' });
  const { body } = await ask(world, 'deviceAuthorization', game, { scope: 'openid profile' });
  const poll = () => {
    world.clock.advance(5000);
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
    return ask(world, 'token', game, { grant_type, device_code: String(body['device_code']) });
  };
  return { userCode: String(body['user_code']), complete: String(body['verification_uri_complete']), poll };
}

const look = (browser: Browser, path: string) => browser.send('GET', path, undefined, { headers: { accept: 'text/html' } });
const pathOf = (address: string) => new URL(address).pathname + new URL(address).search;
const submit = (browser: Browser, path: string, fields: Readonly<Record<string, string>>) =>
  browser.submit(path, { [FORM_FIELDS.csrf]: browser.csrf, ...fields });
/** What a person reads. */
const read = ({ text }: Answered) => text.slice(0, text.indexOf('<script type="application/json"'));

inWorld('a typed code shows the game, the device and what it may do, and only the button after it signs the device in', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { userCode, poll } = await begin(world);
  const page = await look(browser, PAGES.device);
  assert.equal(page.status, 200);
  assert.ok(read(page).includes(words.code));
  const found = await submit(browser, PAGES.device, { userCode: userCode.toLowerCase() });
  assert.equal(found.status, 200, found.text);
  for (const shown of [userCode, 'Space Snake &lt;', words.compare, words.beware, en.scopes.profile])
    assert.ok(read(found).includes(shown), shown);
  assert.equal(refusalOf(await poll()), '400 authorization_pending');
  const said = await submit(browser, PAGE_FORMS.deviceAnswer, { userCode, allow: 'yes' });
  assert.equal(said.status, 303);
  const done = await look(browser, String(said.headers['location']));
  assert.ok(read(done).includes(words.approved));
  tokensOf(await poll());
});

inWorld('no is no, and so is whatever is not yes', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { userCode, poll } = await begin(world);
  await submit(browser, PAGES.device, { userCode });
  const said = await submit(browser, PAGE_FORMS.deviceAnswer, { userCode, allow: 'true' });
  assert.ok(read(await look(browser, String(said.headers['location']))).includes(words.denied));
  assert.equal(refusalOf(await poll()), '400 access_denied');
});

inWorld('the link with the code in it only fills the field, and asks all the same', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { userCode, complete, poll } = await begin(world);
  const page = await look(browser, pathOf(complete));
  assert.ok(read(page).includes(`value="${userCode}"`));
  assert.ok(!read(page).includes('Space Snake'));
  assert.equal(refusalOf(await poll()), '400 authorization_pending');
  // Nothing else from an address is written into the page.
  const planted = await look(browser, `${PAGES.device}?user_code=${encodeURIComponent('"><script>alert(1)</script>')}&notice=x`);
  assert.ok(!planted.text.includes('alert(1)'));
});

inWorld('whoever is not signed in comes back to the code after signing in', async (world) => {
  await world.signedUp('ada@example.com');
  const { userCode, complete } = await begin(world);
  const stranger = world.browser();
  const led = await look(stranger, pathOf(complete));
  assert.equal(led.status, 303);
  const to = new URL(String(led.headers['location']), 'http://localhost:4000');
  assert.equal(to.pathname, PAGES.signIn);
  assert.equal(to.searchParams.get('returnTo'), `${PAGES.device}?user_code=${userCode}`);
  await stranger.call('signUp', { email: 'bob@example.com', password: PASSWORD });
  const waiting = await look(stranger, PAGES.device);
  assert.equal(new URL(String(waiting.headers['location']), 'http://localhost:4000').pathname, PAGES.verifySignIn);
});

inWorld('a wrong code, a missing token and a foreign page are refused, the first one on the page', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const { userCode, poll } = await begin(world);
  const wrong = await submit(browser, PAGES.device, { userCode: 'BBBB-BBBB' });
  assert.equal(wrong.status, 400);
  assert.ok(read(wrong).includes(en.errors.user_code_unknown));
  assert.ok(read(wrong).includes('value="BBBB-BBBB"'));
  for (const path of [PAGES.device, PAGE_FORMS.deviceAnswer]) {
    assert.equal((await browser.submit(path, { userCode, allow: 'yes' })).status, 403);
    const foreign = await browser.send(
      'POST',
      path,
      new URLSearchParams({ [FORM_FIELDS.csrf]: browser.csrf, userCode, allow: 'yes' }).toString(),
      {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      },
    );
    assert.equal(foreign.status, 403, path);
  }
  assert.equal(refusalOf(await poll()), '400 authorization_pending');
});
