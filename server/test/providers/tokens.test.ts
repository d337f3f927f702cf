import assert from 'node:assert/strict';
import { createLogger } from '../../src/platform/logger.ts';
import type { Browser } from '../browser.ts';
import { beginPage, bring, byPage, byRedirect, everyRow, fakeProviders, PROVIDER_NAMES } from '../fake-providers.ts';
import { HOUR, inWorld, type World } from '../world.ts';

/** What providers let us do in a user's name: sealed here, given back there, and never told. */

const fake = await fakeProviders();
const options = { config: { providers: fake.access }, deps: { network: fake.network } };
const person = (name: string) => ({ subject: '42', email: `${name}@example.com` });
const giveBack = (browser: Browser, authProvider: string) => browser.act('myIdentityTokens', undefined, { params: { authProvider } });
const sealed = async (world: World) => (await world.deps.db.all('select sealed_tokens from identities')).map((row) => row['sealed_tokens']);

function logging(world: World): () => string {
  let text = '';
  const logger = createLogger({ logLevel: 'trace' }, { write: (chunk) => void (text += chunk) });
  Object.assign(world.deps.log, { info: logger.info.bind(logger), warn: logger.warn.bind(logger), error: logger.error.bind(logger) });
  return () => text;
}

inWorld(
  'tokens, codes, states and secrets of providers are in no row in the clear, in no log, and in no answer but the state where it belongs',
  async (world) => {
    const log = logging(world);
    const secrets: string[] = [];
    let answers = '';
    for (const name of PROVIDER_NAMES) {
      const browser = world.browser();
      const url = await beginPage(browser, name);
      const answer = fake.consent(url, person(name));
      secrets.push(answer['code'] ?? '', answer['state'] ?? '', new URL(url).searchParams.get('nonce') ?? '');
      answers += (await bring(browser, name, answer)).text;
      answers += (await bring(browser, name, answer)).text;
      answers += (await browser.call('myIdentities')).text + (await browser.call('myExport')).text;
      answers += (await browser.send('GET', '/dashboard', undefined, { headers: { accept: 'text/html' } })).text;
      // The library hangs whole bodies on its errors: none of it may be told.
      fake.alter = (claims) => ({ ...claims, nonce: 'canary-of-a-nonce' });
      fake.spoil = (to) =>
        /access_token|oauth2\/token/.test(to)
          ? Response.json({ error: 'x', access_token: 7, error_description: 'canary-of-a-body' })
          : undefined;
      answers += (await byPage(fake, world.browser(), name, person(name))).text;
      fake.honest();
    }
    secrets.push(...fake.tokens, ...PROVIDER_NAMES.map((name) => `${name}-secret`));
    const rows = await everyRow(world);
    assert.ok(fake.tokens.length >= 8 && log().includes('a provider did not confirm a sign-in'));
    for (const secret of secrets.filter((text) => text !== '')) {
      assert.ok(!rows.includes(secret), 'not in the database');
      assert.ok(!log().includes(secret), 'not in the log');
      assert.ok(!answers.includes(secret), 'not in an answer');
    }
    assert.doesNotMatch(log() + answers, /canary/);
    assert.equal((await sealed(world)).filter((text) => String(text).startsWith('v1.')).length, 4);
  },
  options,
);

inWorld(
  'sealed tokens that were moved to another row, or met another master key, open for nobody',
  async (world) => {
    const [ada, eve] = [world.browser(), world.browser()];
    await byPage(fake, ada, 'github', { subject: '1', email: 'ada@example.com' });
    await byPage(fake, eve, 'github', { subject: '2', email: 'eve@example.com' });
    const adas = (await world.deps.db.all("select sealed_tokens from identities where subject = '1'"))[0]?.['sealed_tokens'] as string;
    await world.deps.db.all("update identities set sealed_tokens = $1 where subject = '2'", [adas]);
    fake.revoked.length = 0;
    assert.equal((await giveBack(eve, 'github')).status, 204);
    await world.settled();
    assert.deepEqual(fake.revoked, [], 'nothing of Ada’s was given back');
  },
  options,
);

inWorld(
  'the user gives tokens back: forgotten here at once, revoked there by each provider’s own way, the way in stays',
  async (world) => {
    for (const name of PROVIDER_NAMES) {
      fake.revoked.length = 0;
      fake.tokens.length = 0;
      const browser = world.browser();
      await byPage(fake, browser, name, person(name));
      const [access, refresh] = fake.tokens;
      assert.equal((await giveBack(browser, name)).status, 204);
      await world.settled();
      assert.deepEqual(fake.revoked, name === 'github' ? [access] : [refresh, access], name);
      assert.deepEqual((await sealed(world)).at(-1), null);
      assert.equal((await giveBack(browser, name)).status, 204, 'again is no harm');
      await world.settled();
      assert.equal(fake.revoked.length, name === 'github' ? 1 : 2);
      assert.equal((await giveBack(browser, name === 'github' ? 'google' : 'github')).status, 404);
      assert.equal((await byPage(fake, world.browser(), name, person(name))).status, 200);
      await world.deps.db.all('delete from identities');
    }
  },
  options,
);

inWorld(
  'GitHub takes its grant back for a living token only: one that has ended is renewed once, however many ask at once',
  async (world) => {
    const browser = world.browser();
    await byPage(fake, browser, 'github', person('github'));
    world.clock.advance(3 * HOUR);
    await browser.refresh();
    fake.revoked.length = 0;
    let renewed = 0;
    fake.spoil = (url, init) => {
      const sent = new URLSearchParams(init.body instanceof URLSearchParams ? init.body : '');
      if (!url.endsWith('/access_token') || sent.get('grant_type') !== 'refresh_token') return undefined;
      renewed += 1;
      // As GitLab and GitHub Apps have it, a refresh token works once.
      return renewed > 1
        ? Response.json({ error: 'bad_refresh_token' })
        : Response.json({ access_token: 'renewed', token_type: 'bearer', expires_in: 60 });
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => giveBack(browser, 'github')));
    await world.settled();
    fake.honest();
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
    assert.deepEqual([renewed, fake.revoked], [1, ['renewed']]);
  },
  options,
);

inWorld(
  'a provider that is away keeps nobody waiting and nothing here: the tokens are forgotten all the same',
  async (world) => {
    const browser = world.browser();
    await byPage(fake, browser, 'gitlab', person('gitlab'));
    fake.spoil = () => Promise.reject(new Error('away'));
    assert.equal((await giveBack(browser, 'gitlab')).status, 204);
    await world.settled();
    fake.honest();
    assert.deepEqual(await sealed(world), [null]);
  },
  options,
);

inWorld(
  'unlinking and deleting the account give the tokens back too, but not when the last way in stays',
  async (world) => {
    const only = world.browser();
    await byPage(fake, only, 'gitlab', person('gitlab'));
    fake.revoked.length = 0;
    assert.equal(
      (await only.act('myIdentity', undefined, { params: { authProvider: 'gitlab' }, method: 'DELETE' })).body.error,
      'last_way_in',
    );
    await world.settled();
    assert.deepEqual([fake.revoked, (await sealed(world)).filter((text) => text === null)], [[], []]);

    const ada = await world.signedUp('ada@example.com');
    const begun = await ada.act('myIdentity', {}, { params: { authProvider: 'google' }, method: 'POST' });
    await ada.call('providerCallback', undefined, {
      params: { authProvider: 'google' },
      query: fake.consent(String(begun.body['oAuthUrl']), { subject: '9', email: null }),
    });
    assert.equal((await ada.act('myIdentity', undefined, { params: { authProvider: 'google' }, method: 'DELETE' })).status, 204);
    await world.settled();
    assert.equal(fake.revoked.length, 2);

    assert.equal((await only.act('me', { confirm: 'gitlab@example.com' }, { method: 'DELETE' })).status, 204);
    await world.settled();
    assert.equal(fake.revoked.length, 4);
  },
  options,
);

inWorld(
  'each sign-in replaces the tokens by the newest ones',
  async (world) => {
    const browser = world.browser();
    await byPage(fake, browser, 'discord', person('discord'));
    const [first] = await sealed(world);
    await byRedirect(fake, browser, 'discord', person('discord'));
    const [second] = await sealed(world);
    assert.ok(typeof second === 'string' && second !== first);
    fake.revoked.length = 0;
    const newest = fake.tokens.slice(-2);
    await giveBack(browser, 'discord');
    await world.settled();
    assert.deepEqual(fake.revoked.sort(), newest.sort());
  },
  options,
);
