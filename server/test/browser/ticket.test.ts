import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COOKIES } from '@portico/protocol/cookies';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX, PAGES, SECONDARY_PATHS, SITE_PREFIX, SSO } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { createSecondary } from '../../../examples/secondary/src/secondary.ts';
import { tokenHash } from '../../src/platform/crypto.ts';
import { freePort } from '../portico-process.ts';
import { newVerifier } from '../sites.ts';
import { onStage, PASSWORD, type Stage, typeCode, type Visitor } from './visitor.ts';

/** Seed 004 in a real browser: a main auth server, secondary ones on the same site and elsewhere, and pages that want what is not theirs. */

const main = {
  settings: (port: number) => ({ PORTICO_ORIGIN: `http://auth.example.localhost:${port}` }),
  app: (port: number) => `http://auth.example.localhost:${port}`,
};

interface Secondary {
  readonly id: string;
  readonly origin: string;
  readonly secret: string;
}

/** Registers a secondary auth server at a host, and runs the example as it. */
async function startSecondary(stage: Stage, t: TestContext, id: string, host: string): Promise<Secondary> {
  const port = await freePort();
  const origin = `http://${host}:${port}`;
  const secret = `pts_${randomBytes(32).toString('base64url')}`;
  stage.sql(`
    insert into clients (id, name, kind, origins, redirect_uris, authentication, confirmation, created_at)
      values ('${id}', '${id}', 'secondary', '["${origin}"]', '["${origin}${SITE_PREFIX}${SECONDARY_PATHS.callback}"]', 'secret', 'auto', 0);
    insert into client_secrets (id, client_id, purpose, hash, created_at, current_from)
      values ('${id}', '${id}', 'authentication', '${tokenHash(secret)}', 0, 0)`);
  const url = `http://127.0.0.1:${stage.portico.port}`;
  const server = createSecondary({ issuer: stage.app, url, authOrigin: stage.app, baseUrl: origin, clientId: id, clientSecret: secret });
  await listen(server, t, port);
  return { id, origin, secret };
}

async function listen(server: Server, t: TestContext, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A page on a host of somebody else's. */
async function openStranger(visitor: Visitor, t: TestContext, host: string): Promise<Page> {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x</title>'),
  );
  const port = await listen(server, t);
  const page = await visitor.context.newPage();
  await page.goto(`http://${host}:${port}/`);
  return page;
}

async function signedUp(stage: Stage, email: string): Promise<Visitor> {
  const visitor = await stage.visitor();
  await visitor.signUp(email);
  await typeCode(stage, visitor, email);
  return visitor;
}

/** The game asks the main server about a session at most once a second. */
async function untilSignedOut(page: Page): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await page.evaluate(() => fetch('/me').then(({ status }) => status))) === 401) return;
    await sleep(200);
  }
  assert.fail('the game still takes the user for signed in');
}

const settled = (page: Page) => page.waitForSelector('html[data-alive]', { state: 'attached' });
const reads = (page: Page, text: string | RegExp) => page.locator('#who').getByText(text).waitFor();
const ticketUrl = (stage: Stage, challenge = newVerifier().challenge) => `${stage.app}${SSO.ticket}?code_challenge=${challenge}`;

/** What a script on this page gets of a call with credentials. */
async function fetched(page: Page, url: string): Promise<{ status: number; body: Readonly<Record<string, unknown>> } | 'blocked'> {
  return page.evaluate(
    (address) =>
      fetch(address, { credentials: 'include' }).then(
        async (answer) => ({ status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> }),
        () => 'blocked' as const,
      ),
    url,
  );
}

/** A backend's call, from outside the browser. */
async function redeem(stage: Stage, { id, secret }: Secondary, body: object): Promise<{ status: number; error: unknown }> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const answer = await fetch(`http://127.0.0.1:${stage.portico.port}${EXTERNAL_PREFIX}${EXTERNAL_PATHS.redeemTicket}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, error: ((await answer.json()) as { error?: unknown }).error };
}

onStage(
  'signed in at the main server, the game on the same site signs in by itself; what ends one ends the other, in both directions',
  async (stage, t) => {
    const game = await startSecondary(stage, t, 'game', 'game.example.localhost');
    const visitor = await signedUp(stage, 'ada@example.com');
    const page = await visitor.context.newPage();
    await page.goto(game.origin);
    await settled(page);
    await reads(page, 'ada@example.com 0');
    // Its own full sign-in: cookie, CSRF token.
    await page.locator('#score').click();
    await reads(page, 'ada@example.com 1');
    assert.equal(
      await page.evaluate(() =>
        fetch('/score', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(({ status }) => status),
      ),
      403,
    );
    const cookies = await visitor.context.cookies();
    assert.deepEqual(
      cookies.filter(({ domain }) => domain.includes('game')).map(({ name, httpOnly }) => [name, httpOnly]),
      [['secondary_session', true]],
    );

    await visitor.page.goto(stage.app + PAGES.dashboard);
    await visitor.page.locator('form#log-out button').click();
    await visitor.page.waitForURL((url) => url.pathname === PAGES.signIn);
    await untilSignedOut(page);
    await page.reload();
    await settled(page);
    await reads(page, 'nobody');

    await visitor.signIn('ada@example.com');
    await page.reload();
    await settled(page);
    await reads(page, 'ada@example.com 0');
    await page.locator('#log-out').click();
    await reads(page, 'nobody');
    await visitor.page.goto(stage.app + PAGES.dashboard);
    await visitor.page.waitForURL((url) => url.pathname === PAGES.signIn);
  },
  main,
);

onStage(
  'signed out, the game sends the browser by the main server’s sign-in and gets it back signed in',
  async (stage, t) => {
    const game = await startSecondary(stage, t, 'game', 'game.example.localhost');
    await signedUp(stage, 'ada@example.com');
    const { page } = await stage.visitor();
    await page.goto(game.origin);
    await settled(page);
    await reads(page, 'nobody');
    await page.locator('#sign-in').click();
    await page.waitForURL((url) => url.origin === stage.app && url.pathname === PAGES.signIn);
    await page.fill('input[name=email]', 'ada@example.com');
    await page.fill('input[name=password]', PASSWORD);
    await page.press('input[name=password]', 'Enter');
    // A browser that the account does not know yet may be asked for a code.
    await page.waitForURL((url) => url.origin === game.origin || url.pathname === PAGES.verifySignIn);
    if (new URL(page.url()).pathname === PAGES.verifySignIn) {
      await page.fill('input[autocomplete=one-time-code]', await stage.codeFor('ada@example.com'));
      await page.press('input[autocomplete=one-time-code]', 'Enter');
      await page.waitForURL((url) => url.origin === game.origin);
    }
    await reads(page, 'ada@example.com 0');
  },
  main,
);

onStage(
  'pages that are not the secondary’s get no ticket: a stranger on the same site, another site, a link, a picture, a script',
  async (stage, t) => {
    await startSecondary(stage, t, 'game', 'game.example.localhost');
    const elsewhere = await startSecondary(stage, t, 'elsewhere', 'game.elsewhere.localhost');
    const visitor = await signedUp(stage, 'ada@example.com');

    const sibling = await openStranger(visitor, t, 'evil.example.localhost');
    assert.equal(await fetched(sibling, ticketUrl(stage)), 'blocked');
    const opaque = await sibling.evaluate(
      (url) =>
        fetch(url, { mode: 'no-cors', credentials: 'include' }).then(
          ({ type }) => type,
          () => 'blocked',
        ),
      ticketUrl(stage),
    );
    assert.ok(opaque === 'opaque' || opaque === 'blocked', 'nothing that a script could read');
    for (const tag of ['img', 'script'] as const) {
      const loaded = await sibling.evaluate(
        ([name, url]) =>
          new Promise((resolve) => {
            const element = document.createElement(name) as HTMLImageElement;
            element.onload = () => resolve('loaded');
            element.onerror = () => resolve('refused');
            element.src = url;
            document.body.append(element);
          }),
        [tag, ticketUrl(stage)] as const,
      );
      assert.equal(loaded, 'refused', tag);
    }

    // Registered, but on another site: the browser sends no cookie, and Portico gives no ticket whatever came.
    const page = await visitor.context.newPage();
    await page.goto(elsewhere.origin);
    await settled(page);
    await reads(page, 'nobody');
    const answered = await fetched(page, ticketUrl(stage));
    assert.ok(
      answered !== 'blocked' && answered.status === 401 && answered.body['error'] === 'signin_by_redirect',
      JSON.stringify(answered),
    );
    assert.ok(String(answered.body['redirectTo']).startsWith(stage.app) && !('ticket' in answered.body));

    // A cross-site GET that does bring the cookie along: a link.
    const [navigated] = await Promise.all([
      page.waitForResponse((response) => response.url().includes(SSO.ticket)),
      page.evaluate((url) => location.assign(url), ticketUrl(stage)),
    ]);
    assert.equal(navigated.status(), 403);
    assert.ok(String((await navigated.request().allHeaders())['cookie']).includes(COOKIES.refresh), 'the cookie was there');
    assert.ok(!(await navigated.text()).includes('ticket"'));
  },
  main,
);

onStage(
  'a ticket is worth nothing twice, at another server, with another verifier, in another browser, or asked for without fetch metadata',
  async (stage, t) => {
    const game = await startSecondary(stage, t, 'game', 'game.example.localhost');
    const bank = await startSecondary(stage, t, 'bank', 'bank.example.localhost');
    const eve = await signedUp(stage, 'eve@example.com');
    const page = await eve.context.newPage();
    const [posted] = await Promise.all([
      page.waitForRequest((request) => request.url() === game.origin + SITE_PREFIX + SECONDARY_PATHS.signIn),
      page.goto(game.origin),
    ]);
    await reads(page, 'eve@example.com 0');
    const { ticket } = posted.postDataJSON() as { ticket: string };
    const [codeVerifier = ''] = (/game_tx_[\w-]+=([^;]+)/.exec((await posted.allHeaders())['cookie'] ?? '')?.[1] ?? '').split('.');
    assert.equal(codeVerifier.length, 43);
    assert.deepEqual(await redeem(stage, game, { ticket, codeVerifier }), { status: 400, error: 'ticket_refused' }, 'replayed');

    // A fresh one, that nobody has used.
    const { verifier, challenge } = newVerifier();
    const fresh = await fetched(page, ticketUrl(stage, challenge));
    assert.ok(fresh !== 'blocked' && fresh.status === 200);
    const unused = String(fresh.body['ticket']);
    assert.equal((await redeem(stage, bank, { ticket: unused, codeVerifier: verifier })).error, 'ticket_refused', 'another audience');

    // Planted in a victim's browser, by the game's own page even: the victim stays who they are.
    const victim = await stage.visitor();
    await victim.page.goto(game.origin);
    await settled(victim.page);
    const plant = (given: string, begun = true) =>
      victim.page.evaluate(
        async ([planted, isBegun]) => {
          const post = (path: string, body: object) =>
            fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
          const { state } = (await (await post('/auth/begin', {})).json()) as { state: string };
          const answer = await post('/auth/login', { ticket: planted, state: isBegun ? state : 'x'.repeat(22) });
          return [answer.status, ((await answer.json()) as { error: string }).error];
        },
        [given, begun] as const,
      );
    assert.deepEqual(await plant(unused), [400, 'ticket_refused'], 'the verifier in this browser’s cookie is another');
    await victim.context.clearCookies();
    assert.deepEqual(await plant(unused, false), [400, 'request_expired']);
    assert.equal(await victim.page.evaluate(() => fetch('/me').then(({ status }) => status)), 401);
    const foreign = await openStranger(victim, t, 'evil.example.localhost');
    const sent = await foreign.evaluate(
      ([url, planted]) =>
        fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: JSON.stringify({ ticket: planted }) }).then(
          ({ type }) => type,
          () => 'blocked',
        ),
      [game.origin + SITE_PREFIX + SECONDARY_PATHS.signIn, unused] as const,
    );
    assert.equal(sent, 'blocked');
    assert.equal((await victim.context.cookies()).filter(({ name }) => name === 'secondary_session').length, 0);

    // With the cookies of a jar, but not by a browser: no fetch metadata, or none that fits.
    const jar = (await eve.context.cookies(stage.app)).map(({ name, value }) => `${name}=${value}`).join('; ');
    const direct = `http://127.0.0.1:${stage.portico.port}${SSO.ticket}?code_challenge=${challenge}`;
    const headers = { cookie: jar, origin: game.origin };
    assert.equal((await fetch(direct, { headers })).status, 403);
    assert.deepEqual(
      await redeem(stage, game, { ticket: unused, codeVerifier: verifier }),
      { status: 200, error: undefined },
      'it was good all the time',
    );
  },
  main,
);
