import assert from 'node:assert/strict';
import { after } from 'node:test';
import { AUTH_PREFIX, authPath, fillPath, PAGES } from '@portico/protocol/routes';
import { fill } from '@portico/protocol/texts';
import { en } from '@portico/protocol/texts/en';
import { Events, type MutableRedirectUri, type MutableResponse, type MutableToken } from 'oauth2-mock-server';
import type { Page } from 'playwright-core';
import { rounds } from '../counts.ts';
import { EMAILS, startEmulators } from '../emulators.ts';
import { freePort } from '../portico-process.ts';
import { onStage, type Stage, typeCode, type Visitor } from './visitor.ts';

/** Real round trips in a real browser, with providers that none of us wrote. */

const LABELS = { github: 'GitHub', google: 'Google', gitlab: 'GitLab', discord: 'Discord' } as const;
type Name = keyof typeof LABELS;
const NAMES = Object.keys(LABELS) as Name[];

const port = await freePort();
const home = `http://localhost:${port}`;
const emulators = await startEmulators({ app: home, api: home });
const threePort = await freePort();
const three = { app: `http://app.example.localhost:${threePort}`, api: `http://api.example.localhost:${threePort}` };
const threeEmulators = await startEmulators(three);
after(async () => {
  await emulators.close();
  await threeEmulators.close();
});

const oneHost = { port, settings: () => emulators.settings };
const arrived = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path);
const button = (page: Page, name: Name) => page.getByRole('link', { name: fill(en.pages.providers.with, { provider: LABELS[name] }) });

/** Says yes at the provider. Discord and GitLab wave everybody through. */
async function consent(page: Page, name: Name): Promise<void> {
  if (name === 'github') await page.getByRole('button', { name: /octo/ }).click();
  if (name === 'google') await page.getByRole('button', { name: /ada@example\.org/ }).click();
}

function emailOf(name: Name): string {
  return name === 'github' || name === 'google' ? EMAILS[name] : `${name}@example.net`;
}

async function signInWith({ app }: Stage, { page }: Visitor, name: Name): Promise<void> {
  emulators.somebody.email = emailOf(name);
  await page.goto(app + PAGES.signIn);
  await button(page, name).click();
  await consent(page, name);
}

onStage(
  'with JavaScript: each provider, from the button by its page and back over our own page into the account; the second time too',
  async (stage) => {
    for (const name of NAMES) {
      const visitor = await stage.visitor();
      const seen: string[] = [];
      visitor.page.on('request', (request) => seen.push(new URL(request.url()).pathname));
      for (const round of [1, 2].slice(0, rounds(name === 'gitlab' ? 2 : 1, 2))) {
        await signInWith(stage, visitor, name);
        await arrived(visitor.page, PAGES.dashboard);
        await visitor.page.getByText(emailOf(name)).first().waitFor();
        assert.ok(seen.includes(fillPath(PAGES.authCallback, { authProvider: name })), 'by seed 001');
        assert.ok(seen.includes(fillPath(authPath('signIn'), { authProvider: name })));
        await visitor.page.locator('form#log-out button').click();
        await arrived(visitor.page, PAGES.signIn);
        const badges = await visitor.page.locator('.badge').allTextContents();
        assert.deepEqual(badges, [en.pages.providers.lastUsed], `${name}, round ${round}`);
      }
      assert.deepEqual(visitor.complaints, []);
      await visitor.context.close();
    }
  },
  oneHost,
);

onStage(
  'without JavaScript: each provider by plain links and redirects; and where the browser comes back to our page, by its button',
  async (stage) => {
    for (const name of NAMES) {
      const visitor = await stage.visitor({ javaScriptEnabled: false });
      const { page, context } = visitor;
      const seen: string[] = [];
      page.on('request', (request) => seen.push(new URL(request.url()).pathname));
      await signInWith(stage, visitor, name);
      await arrived(page, PAGES.dashboard);
      await page.getByText(emailOf(name)).first().waitFor();
      assert.ok(seen.includes(`${AUTH_PREFIX}/${name}/callback`), 'by seed 000');
      await page.click('form#log-out button');
      await arrived(page, PAGES.signIn);

      const asked = await context.request.get(stage.app + fillPath(authPath('oAuthUrl'), { authProvider: name }));
      const { oAuthUrl } = (await asked.json()) as { oAuthUrl: string };
      await page.goto(oAuthUrl);
      await consent(page, name);
      await arrived(page, fillPath(PAGES.authCallback, { authProvider: name }));
      assert.ok(!(await context.cookies()).some((cookie) => cookie.name === 'portico_rt'), 'opening it changed nothing');
      await page.getByRole('button', { name: en.pages.providerReturn.goOn }).click();
      await arrived(page, PAGES.dashboard);
      await context.close();
    }
  },
  oneHost,
);

onStage(
  'GitHub in one tab and Google in another both finish',
  async (stage) => {
    const { context, page: first } = await stage.visitor();
    const second = await context.newPage();
    for (const [page, name] of [
      [first, 'github'],
      [second, 'google'],
    ] as const) {
      await page.goto(stage.app + PAGES.signIn);
      await button(page, name).click();
      await page.waitForURL((url) => url.port !== String(port));
    }
    await consent(second, 'google');
    await second.getByText(EMAILS.google).first().waitFor();
    await consent(first, 'github');
    await first.getByText(EMAILS.github).first().waitFor();
  },
  oneHost,
);

onStage(
  'three hosts: GitHub with JavaScript by our page, and without by redirects; every cookie lives on the API’s host',
  async (stage) => {
    const visitor = await stage.visitor();
    const { page, context } = visitor;
    await page.goto(stage.app + PAGES.signIn);
    await page.waitForSelector('html[data-alive]');
    await button(page, 'github').click();
    await consent(page, 'github');
    await page.waitForURL((url) => url.origin === stage.app && url.pathname === PAGES.dashboard);
    await page.getByText(EMAILS.github).first().waitFor();
    const ours = (await context.cookies()).filter(({ name }) => name.startsWith('portico'));
    assert.deepEqual([...new Set(ours.map(({ domain }) => domain))], ['api.example.localhost']);
    assert.deepEqual(visitor.complaints, []);

    const plain = await stage.visitor({ javaScriptEnabled: false });
    await plain.page.goto(stage.app + PAGES.signIn);
    await button(plain.page, 'github').click();
    await consent(plain.page, 'github');
    await plain.page.waitForURL((url) => url.origin === stage.app && url.pathname === PAGES.dashboard);
    assert.ok((await plain.context.cookies()).some(({ name }) => name === 'portico_rt'));
  },
  {
    port: threePort,
    app: () => three.app,
    settings: () => ({
      PORTICO_ORIGIN: `http://example.localhost:${threePort}`,
      PORTICO_APP_ORIGIN: three.app,
      PORTICO_API_ORIGIN: three.api,
      ...threeEmulators.settings,
    }),
  },
);

onStage(
  'with and without JavaScript: a password account links GitLab on its page of ways in, gets in by it, and unlinks it',
  async (stage) => {
    for (const javaScriptEnabled of [true, false]) {
      const visitor = await stage.visitor({ javaScriptEnabled });
      const { page, context } = visitor;
      const email = `link-${javaScriptEnabled}@example.com`;
      await visitor.signUp(email);
      await typeCode(stage, visitor, email);
      await page.goto(stage.app + PAGES.dashboardSecurity);
      await page.getByRole('button', { name: fill(en.pages.security.services.link, { service: 'GitLab' }) }).click();
      await page.getByText(en.pages.security.linked).waitFor();
      assert.equal(new URL(page.url()).pathname, PAGES.dashboardSecurity);
      assert.deepEqual(visitor.complaints, []);
      await context.clearCookies({ name: /^portico_(rt|at)$/ });
      await signInWith(stage, visitor, 'gitlab');
      await arrived(page, PAGES.dashboard);
      await page.getByText(email).first().waitFor();
      await page.goto(stage.app + PAGES.dashboardSecurity);
      await page.getByRole('button', { name: fill(en.pages.security.services.unlinkNamed, { service: 'GitLab' }) }).click();
      await page.getByText(en.pages.security.unlinked).waitFor();
    }
  },
  oneHost,
);

/** Each fault, set for one round trip at one provider, and the sentence on which it ends. */
type Fault = readonly [what: string, name: 'discord' | 'gitlab', spoil: () => void, sentence: string];
const { discord, gitlab, somebody } = emulators;
const once = (name: 'discord' | 'gitlab', body: MutableResponse['body'], statusCode: number) => () =>
  void emulators[name].service.once(Events.BeforeResponse, (response: MutableResponse) => Object.assign(response, { body, statusCode }));
const claims = (change: object) => () => {
  const alter = (token: MutableToken) => {
    if (token.payload['aud'] !== undefined) Object.assign(token.payload, change);
  };
  gitlab.service.on(Events.BeforeTokenSigning, alter);
  undo.push(() => gitlab.service.off(Events.BeforeTokenSigning, alter));
};
const undo: (() => void)[] = [];

const FAULTS: readonly Fault[] = [
  [
    'the person says no',
    'discord',
    () =>
      void discord.service.once(Events.BeforeAuthorizeRedirect, ({ url }: MutableRedirectUri) => {
        url.searchParams.delete('code');
        url.searchParams.set('error', 'access_denied');
      }),
    fill(en.pages.providerReturn.declined, { provider: 'Discord' }),
  ],
  ['it breaks', 'discord', once('discord', {}, 503), en.errors.provider_failed],
  ['an OAuth error with status 200', 'discord', once('discord', { error: 'bad_verification_code' }, 200), en.errors.provider_refused],
  ['a code that was used', 'gitlab', once('gitlab', { error: 'invalid_grant' }, 400), en.errors.provider_refused],
  ['another issuer', 'gitlab', claims({ iss: 'http://localhost:1' }), en.errors.provider_refused],
  ['another audience', 'gitlab', claims({ aud: 'somebody-else' }), en.errors.provider_refused],
  ['another nonce', 'gitlab', claims({ nonce: 'x' }), en.errors.provider_refused],
  ['userinfo of another subject', 'gitlab', claims({ sub: 'somebody-else' }), en.errors.provider_refused],
  ['no address', 'discord', () => void (somebody.email = null), en.errors.provider_email_missing],
  ['an address that is not verified', 'gitlab', () => void (somebody.verified = false), en.errors.provider_email_missing],
  ['an address that has an account', 'discord', () => void (somebody.email = EMAILS.github), en.errors.email_taken],
  [
    'a state of another provider',
    'discord',
    () =>
      void discord.service.once(Events.BeforeAuthorizeRedirect, ({ url }: MutableRedirectUri) => {
        url.pathname = url.pathname.replace('discord', 'gitlab');
      }),
    en.errors.bad_state,
  ],
  [
    'a state of another browser',
    'gitlab',
    () =>
      void gitlab.service.once(Events.BeforeAuthorizeRedirect, ({ url }: MutableRedirectUri) => {
        url.searchParams.set('state', foreignState);
      }),
    en.errors.bad_state,
  ],
];
let foreignState = '';

onStage(
  'every fault ends on a page that says what to do, with and without JavaScript, and signs nobody in',
  async (stage) => {
    const other = await stage.visitor();
    await signInWith(stage, other, 'github');
    await arrived(other.page, PAGES.dashboard);
    const asked = await other.context.request.get(stage.app + fillPath(authPath('oAuthUrl'), { authProvider: 'gitlab' }));
    foreignState = new URL(((await asked.json()) as { oAuthUrl: string }).oAuthUrl).searchParams.get('state') ?? '';

    for (const javaScriptEnabled of [true, false]) {
      const { page, context } = await stage.visitor({ javaScriptEnabled });
      // Every second one with a script, the others without; `npm run prove` has all of them both ways.
      const chosen = FAULTS.filter((_, at) => at % rounds(2, 1) === (javaScriptEnabled ? 0 : rounds(1, 0)));
      for (const [what, name, spoil, sentence] of chosen) {
        Object.assign(somebody, { subject: '9999', email: 'fault@example.net', verified: true });
        await page.goto(stage.app + PAGES.signIn);
        if (javaScriptEnabled) await page.waitForSelector('html[data-alive]');
        spoil();
        await button(page, name).click();
        await page.getByText(sentence).waitFor();
        for (const off of undo.splice(0)) off();
        assert.equal(await page.getByRole('link', { name: en.pages.providerReturn.otherWay }).count(), 1, what);
        const cookies = await context.cookies();
        assert.ok(!cookies.some((cookie) => cookie.name === 'portico_rt'), `${what} signs nobody in`);
      }
    }
    // It dies while the person is there.
    gitlab.service.once(Events.BeforeAuthorizeRedirect, () => void setImmediate(() => void gitlab.stop()));
    const { page } = await stage.visitor();
    await page.goto(stage.app + PAGES.signIn);
    await page.waitForSelector('html[data-alive]');
    await button(page, 'gitlab').click();
    await page.getByText(en.errors.provider_failed).waitFor();
  },
  oneHost,
);
