import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSite } from '@portico/example-client-site';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { sitePath } from '../kits/site-stage.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { newVerifier } from '../sites.ts';
import { onStage, PASSWORD, type Stage, typeCode, type Visitor } from './visitor.ts';

/** One sign-in for three sites on three hosts, over https, in a real browser, with real servers: Portico’s own and one for each site. */

const EMAIL = 'ada@example.com';

const overHttps = (name: string, body: (stage: Stage, t: TestContext) => Promise<void>) => onStage(name, body, { https: true });

interface Site {
  readonly id: string;
  readonly secret: string;
  readonly origin: string;
}

/** The command line, beside the running server; what it answers in JSON. */
async function portico({ portico: { port, child }, app, dataDir }: Stage, ...words: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runPortico(words, { PORTICO_DATA_DIR: dataDir, PORTICO_PORT: String(port), PORTICO_ORIGIN: app });
  assert.equal(code, 0, stderr);
  assert.equal(child.exitCode, null);
  return JSON.parse(stdout);
}

/** Registers a site with the command line while the server runs, and starts its backend. */
async function startSite(stage: Stage, t: TestContext, letter: string): Promise<Site> {
  const port = await freePort();
  const { authority } = stage;
  assert.ok(authority !== null);
  const front = await authority.front(port);
  const origin = `https://${letter}.localhost:${front}`;
  const words = [
    'client',
    'add',
    '--name',
    `Site ${letter.toUpperCase()}`,
    '--kind',
    'web',
    '--id',
    letter,
    '--redirect-uri',
    origin + sitePath('callback'),
  ];
  const more = ['--backchannel-logout-uri', `https://127.0.0.1:${front}${sitePath('backchannelLogout')}`, '--json'];
  const { client_secret: secret } = (await portico(stage, ...words, ...more)) as { client_secret: string };
  const { server } = createSite({ issuer: stage.app, clientId: letter, clientSecret: secret, baseUrl: origin });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { id: letter, secret, origin };
}

const startSites = async (stage: Stage, t: TestContext): Promise<readonly Site[]> => {
  const sites: Site[] = [];
  for (const letter of ['a', 'b', 'c']) sites.push(await startSite(stage, t, letter));
  return sites;
};

/** What the site says to its own page: who is signed in there. */
const ask = (page: Page): Promise<number> => page.evaluate(async () => (await fetch('/notes')).status);

/** The first visit: "Continue to B as Ada", once. */
async function enter(visitor: Visitor, site: Site): Promise<Page> {
  const page = await visitor.context.newPage();
  await page.goto(`${site.origin}${sitePath('signIn')}`);
  if (new URL(page.url()).pathname === PAGES.consent) {
    await page.locator(`form[action="${PAGES.consent}"] button`).first().click();
    await page.waitForURL(`${site.origin}/`);
  }
  assert.equal(page.url(), `${site.origin}/`);
  assert.equal(await ask(page), 200);
  return page;
}

async function signedIn(stage: Stage): Promise<Visitor> {
  const visitor = await stage.visitor();
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  return visitor;
}

/** Milliseconds until every page's site says that nobody is signed in. */
async function untilOut(pages: readonly Page[]): Promise<number> {
  const began = performance.now();
  for (const page of pages) {
    for (; (await ask(page)) !== 401; await sleep(50)) assert.ok(performance.now() - began < 30_000, `${page.url()} is still signed in`);
  }
  return Math.round(performance.now() - began);
}

overHttps(
  'sign in once, and every site is a single redirect; sign out at one, and all are out while their tokens are unexpired',
  async (stage, t) => {
    const sites = await startSites(stage, t);
    const [a, b, c] = sites;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    // Nobody is signed in: the site leads to the sign-in, and that back to the site.
    const visitor = await stage.visitor();
    await visitor.signUp(EMAIL);
    await typeCode(stage, visitor, EMAIL);
    await visitor.context.clearCookies();
    const first = await visitor.context.newPage();
    await first.goto(`${a.origin}${sitePath('signIn')}`);
    await first.waitForURL((url) => url.pathname === PAGES.signIn);
    await first.fill('input[name=email]', EMAIL);
    await first.fill('input[name=password]', PASSWORD);
    await first.press('input[name=password]', 'Enter');
    await first.waitForURL((url) => url.pathname === PAGES.consent || url.pathname === PAGES.verifySignIn);
    if (new URL(first.url()).pathname === PAGES.verifySignIn) {
      await first.fill('input[autocomplete=one-time-code]', await stage.codeFor(EMAIL));
      await first.press('input[autocomplete=one-time-code]', 'Enter');
      await first.waitForURL((url) => url.pathname === PAGES.consent);
    }
    await first.locator(`form[action="${PAGES.consent}"] button`).first().click();
    await first.waitForURL(`${a.origin}/`);
    assert.equal(await ask(first), 200);
    const pages = [first, await enter(visitor, b), await enter(visitor, c)];

    // B forgets its visitor: the next visit asks nobody anything, and passes Portico once.
    await visitor.context.clearCookies({ domain: 'b.localhost' });
    const [, second] = pages;
    assert.ok(second !== undefined);
    assert.equal(await ask(second), 401);
    const passed: string[] = [];
    second.on('request', (request) => void (request.isNavigationRequest() && passed.push(new URL(request.url()).pathname)));
    await second.goto(`${b.origin}${sitePath('signIn')}`);
    assert.equal(second.url(), `${b.origin}/`);
    assert.deepEqual(passed, [sitePath('signIn'), OAUTH.authorize, sitePath('callback'), '/']);
    assert.equal(await ask(second), 200);

    await first.evaluate((action) => {
      const form = document.createElement('form');
      form.method = 'post';
      form.action = action;
      form.innerHTML = '<input name="returnTo" value="/?out">';
      document.body.append(form);
      form.submit();
    }, sitePath('signOut'));
    await first.waitForURL(`${a.origin}/?out`);
    assert.equal(await ask(first), 401);
    const out = await untilOut(pages.slice(1));
    t.diagnostic(`all out ${out} ms after the sign-out at one`);
    await visitor.page.goto(stage.app + PAGES.dashboard);
    await visitor.page.waitForURL((url) => url.pathname === PAGES.signIn);
  },
);

overHttps('out of one site by the dashboard: that one is out, the others go on, and it must ask again', async (stage, t) => {
  const sites = await startSites(stage, t);
  const visitor = await signedIn(stage);
  const pages: Page[] = [];
  for (const site of sites) pages.push(await enter(visitor, site));
  const { page } = visitor;
  await page.goto(stage.app + PAGES.dashboard);
  await page.getByText('Site A, Site B, Site C').waitFor();
  await page.getByRole('link', { name: en.pages.room.sites }).click();
  await page.waitForURL((url) => url.pathname === PAGES.dashboardSites);
  await page.getByRole('button', { name: 'Sign out of Site B' }).click();
  await page.getByText(en.pages.sites.left).waitFor();
  const [a, b, c] = pages;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  t.diagnostic(`out of one site after ${await untilOut([b])} ms`);
  assert.deepEqual([await ask(a), await ask(c)], [200, 200]);
  const site = sites[1];
  assert.ok(site !== undefined);
  await b.goto(`${site.origin}${sitePath('signIn')}`);
  assert.equal(new URL(b.url()).pathname, PAGES.consent);
  assert.deepEqual(visitor.complaints, []);

  // An operator who knows nothing of sites: out is out everywhere.
  const shut = await portico(stage, 'user', 'suspend', EMAIL, '--json');
  assert.deepEqual(shut, { email: EMAIL, suspended: true, sessions: 1 });
  t.diagnostic(`out everywhere ${await untilOut([a, c])} ms after a suspension`);
  await page.goto(stage.app + PAGES.dashboard);
  await page.waitForURL((url) => url.pathname === PAGES.signIn);
});

overHttps('a new password and a copied sign-in end every site; signed in again, each is one redirect away', async (stage, t) => {
  const sites = await startSites(stage, t);
  const visitor = await signedIn(stage);
  const pages: Page[] = [];
  for (const site of sites) pages.push(await enter(visitor, site));
  const { page } = visitor;
  const next = 'another horse battery staple';
  await page.goto(stage.app + PAGES.dashboardSecurity);
  await page.waitForSelector('html[data-alive]');
  await page.fill('input[name=currentPassword]', PASSWORD);
  await page.fill('input[name=newPassword]', next);
  await page.press('input[name=newPassword]', 'Enter');
  await page.getByText(en.pages.security.passwordChanged).waitFor();
  t.diagnostic(`out everywhere ${await untilOut(pages)} ms after a new password`);
  for (const [at, one] of pages.entries()) {
    await one.goto(`${sites[at]?.origin}${sitePath('signIn')}`);
    assert.equal(one.url(), `${sites[at]?.origin}/`, 'this browser stayed signed in at Portico');
    assert.equal(await ask(one), 200);
  }
  // A thief with the whole jar goes first; the owner's next refresh holds the session.
  const thief = await stage.visitor();
  await thief.context.addCookies((await visitor.context.cookies()).filter(({ domain }) => domain === 'localhost'));
  await thief.page.goto(stage.app + PAGES.dashboard);
  await thief.page.waitForSelector('html[data-alive]');
  await thief.page.waitForLoadState('networkidle');
  await page.goto(stage.app + PAGES.dashboard);
  await page.waitForURL((url) => url.pathname === PAGES.verifySignIn);
  t.diagnostic(`out everywhere ${await untilOut(pages)} ms after a hold`);
});

overHttps('twenty requests of three sites at once in one browser all come back with a code, and every code is good', async (stage, t) => {
  const sites = await startSites(stage, t);
  const visitor = await signedIn(stage);
  for (const site of sites) await enter(visitor, site);
  const codes = new Map<string, string>();
  const asked = Array.from({ length: 20 }, (_, n) => ({ state: `st-${n}`, site: sites[n % 3], ...newVerifier() }));
  // The site refuses what it did not ask for, and so redeems none of them.
  visitor.context.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === sitePath('callback')) codes.set(searchParams.get('state') ?? '', searchParams.get('code') ?? '');
  });
  await Promise.all(
    asked.map(async ({ site, state, challenge }) => {
      const page = await visitor.context.newPage();
      const query = new URLSearchParams({
        client_id: site?.id ?? '',
        redirect_uri: `${site?.origin}${sitePath('callback')}`,
        response_type: 'code',
        scope: 'openid profile email offline_access',
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      });
      await page.goto(`${stage.app}${OAUTH.authorize}?${query.toString()}`);
      await page.close();
    }),
  );
  assert.equal(codes.size, 20);
  const redeemed = await Promise.all(
    asked.map(async ({ site, state, verifier }) => {
      const answer = await fetch(`http://127.0.0.1:${stage.portico.port}${OAUTH.token}`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${site?.id}:${site?.secret}`).toString('base64')}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: codes.get(state) ?? '',
          redirect_uri: `${site?.origin}${sitePath('callback')}`,
          code_verifier: verifier,
        }),
      });
      return answer.status;
    }),
  );
  assert.deepEqual(
    redeemed,
    Array.from({ length: 20 }, () => 200),
  );
});

overHttps('when the session ends by itself, all sites end together, and each leads to a new sign-in', async (stage, t) => {
  const sites = await startSites(stage, t);
  const visitor = await signedIn(stage);
  // The month is nearly over. What the sites are given from here on says so by itself.
  const end = Date.now() + 30_000;
  stage.sql(`update sessions set expires_at = ${end}; update refresh_tokens set expires_at = ${end}`);
  const pages: Page[] = [];
  for (const site of sites) pages.push(await enter(visitor, site));
  assert.deepEqual(await Promise.all(pages.map(ask)), [200, 200, 200]);
  const endedAfter = await Promise.all(
    pages.map(async (page) => {
      await sleep(Math.max(0, end - 1000 - Date.now()));
      for (; (await ask(page)) !== 401; await sleep(200)) assert.ok(Date.now() < end + 30_000, `${page.url()} is still signed in`);
      return Date.now() - end;
    }),
  );
  t.diagnostic(`the sites end ${endedAfter.join(', ')} ms after the session`);
  for (const after of endedAfter) assert.ok(after >= 0, `${after} ms`);
  for (const [at, page] of pages.entries()) {
    await page.goto(`${sites[at]?.origin}${sitePath('signIn')}`);
    assert.equal(new URL(page.url()).pathname, PAGES.signIn);
  }
  await visitor.page.goto(stage.app + PAGES.dashboard);
  await visitor.page.waitForURL((url) => url.pathname === PAGES.signIn);
});
