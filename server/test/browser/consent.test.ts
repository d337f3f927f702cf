import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { OAUTH, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Page } from 'playwright-core';
import { newVerifier } from '../sites.ts';
import { onStage, PASSWORD, type Stage, typeCode, type Visitor, type VisitorOptions } from './visitor.ts';

const EMAIL = 'ada@example.com';
const CALLBACK = '/auth/callback';
const BYE = '/bye';

/** A client site on another site for the browser: it shows nothing, the address is what counts. */
async function siteOnAnotherHost(stage: Stage, t: TestContext): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>Notes</title><p>Notes</p>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  stage.sql(
    `insert into clients (id, name, kind, origins, redirect_uris, post_logout_uris, authentication, created_at)
     values ('notes', 'Notes', 'web', '[]', '["${origin}${CALLBACK}"]', '["${origin}${BYE}"]', 'secret', 0)`,
  );
  return origin;
}

function requestOf(stage: Stage, site: string, changes: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: 'notes',
    redirect_uri: site + CALLBACK,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'st-1',
    code_challenge: newVerifier().challenge,
    code_challenge_method: 'S256',
    ...changes,
  });
  return `${stage.app}${OAUTH.authorize}?${query.toString()}`;
}

const arrived = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path);

async function answerAt(page: Page, site: string): Promise<URLSearchParams> {
  await page.waitForURL((url) => url.href.startsWith(site + CALLBACK));
  return new URL(page.url()).searchParams;
}

const allow = (page: Page) => page.click(`form[action="${PAGES.consent}"] button`);

/** From the site to the sign-in, to the question, and back; the next time straight back. With and without JavaScript it is the same. */
async function walkThrough(stage: Stage, t: TestContext, options: VisitorOptions): Promise<void> {
  const site = await siteOnAnotherHost(stage, t);
  const first = await stage.visitor(options);
  await first.signUp(EMAIL);
  await typeCode(stage, first, EMAIL);

  const visitor: Visitor = await stage.visitor(options);
  const { page } = visitor;
  await page.goto(requestOf(stage, site));
  await arrived(page, PAGES.signIn);
  await page.getByText('To continue to Notes').waitFor();
  await page.fill('input[name=email]', EMAIL);
  await page.fill('input[name=password]', PASSWORD);
  await page.press('input[name=password]', 'Enter');
  await arrived(page, PAGES.consent);
  await page.getByRole('heading', { name: 'Continue to Notes' }).waitFor();
  await allow(page);
  const answer = await answerAt(page, site);
  assert.match(answer.get('code') ?? '', /^ptc_/);
  assert.equal(answer.get('state'), 'st-1');

  await page.goto(requestOf(stage, site));
  assert.ok((await answerAt(page, site)).has('code'), 'asked once');

  await page.goto(requestOf(stage, site, { prompt: 'consent' }));
  await arrived(page, PAGES.consent);
  await page.click(`form[action="${PAGE_FORMS.consentDeny}"] button`);
  await page.waitForURL((url) => url.searchParams.get('error') === 'access_denied');

  // An hour later: the cookie is rotated on the way.
  stage.sql('update refresh_tokens set rotated_at = rotated_at - 3600000');
  await page.goto(requestOf(stage, site), { waitUntil: 'commit' });
  if (options.javaScriptEnabled === false) {
    await arrived(page, PAGES.freshen);
    await page.click(`form[action="${PAGES.freshen}"] button`);
  }
  assert.ok((await answerAt(page, site)).has('code'));

  const bye = new URLSearchParams({ client_id: 'notes', post_logout_redirect_uri: site + BYE, state: 'st-2' });
  await page.goto(`${stage.app}${OAUTH.logout}?${bye.toString()}`);
  await arrived(page, PAGES.signOut);
  await page.getByText('Notes asks to log you out.').waitFor();
  await page.click(`form[action="${PAGES.signOut}"] button[data-look=primary]`);
  await page.waitForURL((url) => url.href === `${site}${BYE}?state=st-2`);
  await page.goto(requestOf(stage, site));
  await arrived(page, PAGES.signIn);
  assert.deepEqual(visitor.complaints, []);
}

onStage('with JavaScript: a site asks, is allowed, refused, opened after an hour and logs out, by every page in between', (stage, t) =>
  walkThrough(stage, t, {}),
);

onStage('without JavaScript: the same way, and no policy stops a form on its way to the site', (stage, t) =>
  walkThrough(stage, t, { javaScriptEnabled: false }),
);

onStage('on a phone in the dark: another account is chosen on the page that asks, and the request goes on with it', async (stage, t) => {
  const site = await siteOnAnotherHost(stage, t);
  const visitor = await stage.visitor({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  const { page } = visitor;
  for (const email of ['eve@example.com', EMAIL]) {
    await page.context().clearCookies();
    await visitor.signUp(email);
    await typeCode(stage, visitor, email);
  }
  await page.goto(requestOf(stage, site, { prompt: 'select_account' }));
  await page.getByText(EMAIL).waitFor();
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(tooWide, false);
  await page.getByRole('button', { name: en.pages.consent.otherAccount }).click();
  await arrived(page, PAGES.signIn);
  await page.fill('input[name=email]', 'eve@example.com');
  await page.fill('input[name=password]', PASSWORD);
  await page.press('input[name=password]', 'Enter');
  await arrived(page, PAGES.consent);
  await page.getByText('eve@example.com').waitFor();
  await allow(page);
  assert.ok((await answerAt(page, site)).has('code'));
  assert.deepEqual(visitor.complaints, []);
});
