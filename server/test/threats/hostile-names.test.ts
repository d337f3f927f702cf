import assert from 'node:assert/strict';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import type { Browser } from '../browser.ts';
import { addSite, openSite } from '../sites.ts';
import { DAY, inWorld, PASSWORD, type World } from '../world.ts';
import { askedForConsent, waitingDevice } from './site-scenes.ts';

/** Names, addresses and browser names from strangers, followed to every place that shows them: pages, JSON, letters. They stay words. */

const NAMES = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '</title><img src=x onerror=alert(1)>',
  `"' onmouseover='alert(1)`,
  '--><svg onload=alert(1)>',
  '<!--<script>',
  '{{7*7}} ${7*7} <%= 7*7 %> #{7*7}',
  '{{constructor.constructor("alert(1)")()}}',
  '{name} {code} {url} {host}',
  '$& $1 $` $\u0027',
  'javascript:alert(1)',
  'a\u2028b\u2029c',
  '\u202Eevil\u202C',
  '\uFEFFname',
  '&lt;b&gt; &amp; &#60;',
  '%3Cscript%3E %253Cscript%253E',
  '__proto__',
  '<a id=location name=cookie>',
];

const PAGE = { headers: { accept: 'text/html' } };

/** What the page's own script is handed. */
function dataOf(html: string): string {
  return /<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? '';
}

/** What a person reads. */
function wordsOf(html: string): string {
  const body = html.replace(/<script.*?<\/script>/gs, '').replace(/<(?:"[^"]*"|'[^']*'|[^"'>])*>/g, ' ');
  return body.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}

function requireInert(html: string, what: string): void {
  const data = dataOf(html);
  assert.equal(html.match(/<script\b/g)?.length, 2, `${what}: another script`);
  assert.equal(html.match(/<\/script/gi)?.length, 2, `${what}: a script ends early`);
  assert.ok(!/<(?:img|svg|b|a id)\b/i.test(html.replace(/<svg [^>]*aria-hidden[^>]*>/g, '')), `${what}: markup`);
  const tags = html.match(/<[a-z](?:"[^"]*"|'[^']*'|[^>"'])*>/gi) ?? [];
  for (const tag of tags) assert.ok(!/\son\w+\s*=/i.test(tag.replace(/"[^"]*"/g, '""')), `${what}: ${tag}`);
  assert.doesNotMatch(data, /[\u2028\u2029]|<(?:\/|!--|script)/i, `${what}: the data can end its script`);
}

async function dashboardOf(browser: Browser): Promise<string> {
  const page = await browser.send('GET', PAGES.dashboard, undefined, PAGE);
  assert.equal(page.status, 200);
  return page.text;
}

async function signedUpAs(world: World, displayName: string, email: string): Promise<Browser> {
  const browser = world.browser();
  const begun = await browser.call('signUp', { email, password: PASSWORD, displayName });
  assert.equal(begun.status, 200, `${displayName}: ${begun.text}`);
  const done = await browser.call('verifySignIn', { securityCode: await world.codeFor(email) });
  assert.equal(done.status, 200, done.text);
  return browser;
}

inWorld('a display name is shown as the words it is, on the dashboard, in JSON and in every letter', async (world) => {
  for (const [n, name] of NAMES.entries()) {
    const email = `n${n}@example.com`;
    const browser = await signedUpAs(world, name, email);
    const kept = name.trim();
    const html = await dashboardOf(browser);
    requireInert(html, name);
    assert.ok(wordsOf(html).includes(kept), `${name}: other words are shown`);
    assert.ok(
      JSON.stringify(JSON.parse(dataOf(html))).includes(JSON.stringify(kept).slice(1, -1)),
      `${name}: the page was handed another name`,
    );
    const me = await browser.call('me');
    assert.equal(me.body['displayName'], kept);
    assert.match(String(me.headers['content-type']), /^application\/json; charset=utf-8$/);
    for (const letter of (await world.mails()).filter(({ to }) => to === email)) {
      assert.ok(!letter.html.includes(name) || !/[<>"&]/.test(name), `${name} stands in a letter as markup`);
      assert.doesNotMatch(letter.subject, /[\r\n]/);
    }
  }
});

inWorld('a name with control characters is refused by the API and loses them in a form', async (world) => {
  for (const name of ['a\r\nb', 'a\u0000b', 'a\u001B[31mb', 'a\u007Fb', 'x'.repeat(81)]) {
    const answered = await world.browser().call('signUp', { email: 'ada@example.com', password: PASSWORD, displayName: name });
    assert.deepEqual([answered.status, answered.body['fields']], [400, { displayName: 'malformed' }], JSON.stringify(name));
  }
});

inWorld('the browser names itself, and its name stays a name in the list of devices and in the letters about it', async (world) => {
  // In this form a browser's name is whatever stands before the slash.
  const named = NAMES.filter((name) => !/[^\u0020-\u007E]/.test(name)).map((name) => `${name}/1.0 (X11; Linux)`);
  for (const [n, userAgent] of [...named, 'x'.repeat(8000), ''].entries()) {
    const email = `u${n}@example.com`;
    const browser = await world.signedUp(email, { userAgent });
    requireInert(await dashboardOf(browser), userAgent);
    const changed = await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' });
    assert.equal(changed.status, 200, changed.text);
    const [letter] = await world.mails();
    assert.equal(letter?.to, email);
    assert.doesNotMatch(letter?.html ?? '', /<(?:script|img|svg)\b|onmouseover='|<!--/);
    assert.ok((letter?.text.length ?? 0) < 2000);
    const sessions = (await browser.call('mySessions')).body['items'] as readonly { device: string }[];
    for (const { device } of sessions) assert.ok(device.length <= 100 && !/[\u0000-\u001F]/.test(device), device);
  }
});

inWorld('what was typed into a form comes back as text in the form, in the title and nowhere else', async (world) => {
  for (const typed of NAMES) {
    for (const path of [PAGES.signIn, PAGES.signUp]) {
      const browser = world.browser();
      const form = await browser.send('GET', path, undefined, PAGE);
      const form_token = /name="form_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
      const fields = { form_token, email: typed, displayName: typed, password: typed, securityCode: typed, returnTo: typed, notice: typed };
      const answered = await browser.submit(path, fields);
      assert.equal(answered.status, 400);
      requireInert(answered.text, `${path} with ${typed}`);
    }
    const query = new URLSearchParams({
      returnTo: typed,
      notice: typed,
      email: typed,
      error: typed,
      reason: typed,
      code: typed,
    }).toString();
    for (const path of [PAGES.signIn, PAGES.signUp, PAGES.error, PAGES.landing, `/${encodeURIComponent(typed)}`]) {
      const answered = await world.browser().send('GET', `${path}?${query}`, undefined, PAGE);
      requireInert(answered.text, `${path} asked with ${typed}`);
      if (/[<>]/.test(typed)) assert.ok(!answered.text.includes(typed), `${path} prints ${typed}`);
    }
  }
});

inWorld(
  'the name of a site is shown as the words it is: to whoever is asked, signs in for it, signs out of it or lets a device in',
  async (world) => {
    const browser = await world.signedUp('ada@example.com');
    for (const [at, name] of NAMES.entries()) {
      const site = await addSite(world, `site-${at}`, { name, postLogoutUris: ['https://site.example.net/out'] });
      const { returnTo } = await askedForConsent(world, browser, site);
      const back = encodeURIComponent(returnTo);
      const out = encodeURIComponent(
        `${OAUTH.logout}?${new URLSearchParams({ client_id: site.id, post_logout_redirect_uri: 'https://site.example.net/out' }).toString()}`,
      );
      await openSite(world, browser, site);
      for (const [who, path] of [
        [browser, `${PAGES.consent}?returnTo=${back}`],
        [world.browser(), `${PAGES.signIn}?returnTo=${back}`],
        [browser, `${PAGES.signOut}?returnTo=${out}`],
        [browser, PAGES.dashboardSites],
      ] as const) {
        const page = await who.send('GET', path, undefined, PAGE);
        assert.equal(page.status, 200, path);
        assert.ok(wordsOf(page.text).includes(name), `${path} shows ${JSON.stringify(name)}`);
        requireInert(page.text, `${path} ${JSON.stringify(name)}`);
      }
      await browser.act('mySite', undefined, { params: { clientId: site.id } });
      const { userCode } = await waitingDevice(world, name);
      const found = await browser.submit(PAGES.device, { [FORM_FIELDS.csrf]: browser.csrf, userCode });
      assert.ok(wordsOf(found.text).includes(name), `${PAGES.device} ${name}: ${found.status}`);
      requireInert(found.text, PAGES.device);
      // Only so many devices may be looked at within a while.
      world.clock.advance(DAY / 4);
      assert.equal((await browser.refresh()).status, 200);
    }
  },
);
