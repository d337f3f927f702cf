import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COOKIES } from '@portico/protocol/cookies';
import { parseEmail } from '../../server/src/accounts/email.ts';
import { insertIdentity } from '../../server/src/accounts/identity.ts';
import { offerSetup } from '../../server/src/accounts/offer-setup.ts';
import { AUTH_ROUTES } from '../../server/src/app.ts';
import { EXTERNAL_ROUTES } from '../../server/src/routes/external.ts';
import { SITE_ROUTES } from '../../server/src/routes/sites.ts';
import type { Answered, Browser } from '../../server/test/browser.ts';
import { byPage, fakeProviders } from '../../server/test/fake-providers.ts';
import { ask } from '../../server/test/oauth/ask.ts';
import { askAuthorize, askOf, locationOf } from '../../server/test/oauth/asking.ts';
import { addSite, openSite } from '../../server/test/sites.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../../server/test/world.ts';
import { CALLS, FIELDS, SHAPES } from './api-calls.ts';
import { checkAnswer } from './check-answer.ts';
import { EXTERNAL_CALLS, SITE_CALLS } from './site-calls.ts';

const fake = await fakeProviders();
const GRACE = { subject: '7', email: 'hopper@example.com' };
const AT_GITHUB = { params: { authProvider: 'github' } };
const EMAIL = 'ada@example.com';
const MOVED = 'ada@new.example';
const NEW_PASSWORD = 'another horse another battery';

test('docs/api.md describes exactly the calls that there are', () => {
  assert.deepEqual(Object.keys(CALLS).sort(), AUTH_ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
});

/** Each call once, in an order in which it succeeds. */
const STORY: readonly (readonly [string, (world: World, browser: Browser) => Promise<Answered>])[] = [
  ['POST /signup', (_, browser) => browser.call('signUp', { email: EMAIL, password: PASSWORD })],
  [
    'POST /resend-code',
    (world, browser) => {
      world.clock.advance(2 * MINUTE);
      return browser.call('resendCode');
    },
  ],
  ['POST /verify-signin', async (world, browser) => browser.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) })],
  [
    'POST /verify-email',
    async (world) => {
      const other = world.browser();
      await other.call('signUp', { email: 'link@example.com', password: PASSWORD });
      return other.call('verifyEmail', { token: await world.tokenFor('link@example.com', 'verifyEmail') });
    },
  ],
  ['GET /session', (_, browser) => browser.call('session')],
  ['POST /refresh', (_, browser) => browser.refresh()],
  ['POST /extend-auth-soft', (_, browser) => browser.call('extendSoft')],
  ['POST /extend-auth-hard', (_, browser) => browser.act('extendHard')],
  ['GET /me', (_, browser) => browser.call('me')],
  ['PATCH /me', (_, browser) => browser.act('me', { displayName: 'Ada' }, { method: 'PATCH' })],
  ['POST /me/proof', (_, browser) => browser.act('myProof', { password: PASSWORD })],
  ['POST /me/proof/code', (_, browser) => browser.act('myProofCode')],
  ['GET /me/export', (_, browser) => browser.call('myExport')],
  ['GET /me/identities', (_, browser) => browser.call('myIdentities')],
  ['DELETE /me/identities/:authProvider', unlink],
  ['GET /me/activity', (_, browser) => browser.call('myActivity')],
  ['GET /me/sessions', (_, browser) => browser.call('mySessions')],
  ['DELETE /me/sessions/:id', endAnotherSession],
  ['POST /me/device', findDevice],
  ['POST /me/device/answer', (world, browser) => answerDevice(world, browser)],
  ['GET /me/sites', openAndListSites],
  ['POST /consent', allowSite],
  ['DELETE /me/sites/:clientId', (_, browser) => browser.act('mySite', undefined, { params: { clientId: 'notes' } })],
  ['DELETE /me/sessions', (_, browser) => browser.act('mySessions', undefined, { method: 'DELETE' })],
  [
    'POST /me/join-ticket',
    async (world, browser) => {
      await addSite(world, 'game-server');
      return browser.act('myJoinTicket', { clientId: 'game-server' });
    },
  ],
  ['POST /me/password', (_, browser) => browser.act('myPassword', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD })],
  ['POST /me/email', (_, browser) => browser.act('myEmail', { email: MOVED })],
  ['POST /confirm-email', async (world, browser) => browser.act('confirmEmail', { token: await world.tokenFor(MOVED, 'confirmEmail') })],
  ['POST /undo-email', async (world, browser) => browser.call('undoEmail', { token: await world.tokenFor(EMAIL, 'undoEmail') })],
  ['POST /forgot-password', (_, browser) => browser.call('forgotPassword', { email: EMAIL })],
  [
    'POST /reset-password',
    async (world, browser) => {
      await world.settled();
      return browser.call('resetPassword', { token: await world.tokenFor(EMAIL, 'reset'), password: NEW_PASSWORD });
    },
  ],
  ['POST /setup/link', async (world) => world.browser().call('setupLink', { token: await setupToken(world, 'owner@example.com') })],
  [
    'POST /setup',
    async (world) => world.browser().call('setup', { token: await setupToken(world, 'owner@example.com'), password: PASSWORD }),
  ],
  ['POST /me/setup', becomeOwner],
  ['POST /signout', (_, browser) => browser.act('signOut')],
  ['DELETE /me', deleteSomebody],
  [
    'POST /signin/credential',
    async (world) => {
      // After a reset the other account's sign-ins wait for a code.
      await world.signedUp('hedy@example.com');
      return world.browser().signIn('hedy@example.com', PASSWORD);
    },
  ],
  ['GET /get-oauth-url/:authProvider', (world) => world.browser().call('oAuthUrl', undefined, AT_GITHUB)],
  ['GET /:authProvider', (world) => world.browser().call('providerStart', undefined, AT_GITHUB)],
  ['POST /signin/:authProvider', (world) => byPage(fake, world.browser(), 'github', GRACE)],
  ['GET /:authProvider/callback', signInByRedirect],
  ['POST /me/identities/:authProvider', (world) => byProvider(world, 'myIdentity')],
  ['POST /me/proof/:authProvider', (world) => byProvider(world, 'myProofByProvider')],
  ['DELETE /me/identities/:authProvider/tokens', (world) => byProvider(world, 'myIdentityTokens')],
  ['POST /not-me', notMe],
];

inWorld(
  'docs/api.md names the fields, types and cookies that each call really answers with',
  async (world) => {
    const browser = world.browser();
    assert.deepEqual(STORY.map(([name]) => name).sort(), Object.keys(CALLS).sort());
    for (const [name, call] of STORY) checkAnswer(name, CALLS[name], await call(world, browser));
  },
  { config: { providers: fake.access }, deps: { network: fake.network } },
);

/** The second redirect alone: the first one set its cookie already. */
async function signInByRedirect(world: World): Promise<Answered> {
  const browser = world.browser();
  const begun = await browser.call('providerStart', undefined, AT_GITHUB);
  return browser.call('providerCallback', undefined, { ...AT_GITHUB, query: fake.consent(String(begun.headers['location']), GRACE) });
}

async function byProvider(world: World, call: 'myIdentity' | 'myProofByProvider' | 'myIdentityTokens'): Promise<Answered> {
  const browser = world.browser();
  await byPage(fake, browser, 'github', GRACE);
  if (call === 'myIdentity') browser.jar.delete(COOKIES.transaction);
  return browser.act(call, {}, { ...AT_GITHUB, method: call === 'myIdentityTokens' ? 'DELETE' : 'POST' });
}

async function endAnotherSession(world: World, browser: Browser): Promise<Answered> {
  await world.browser().signIn(EMAIL, PASSWORD);
  const { body } = await browser.call('mySessions');
  const items = body['items'] as readonly { readonly id: string; readonly current: boolean }[];
  const other = items.find((item) => !item.current);
  return browser.act('mySession', undefined, { params: { id: other?.id ?? '' } });
}

async function allowSite(world: World, browser: Browser): Promise<Answered> {
  const lead = locationOf(await askAuthorize(browser, askOf(await addSite(world, 'asking'))));
  return browser.act('consent', { returnTo: lead.searchParams.get('returnTo') ?? '', allow: true });
}

async function openAndListSites(world: World, browser: Browser): Promise<Answered> {
  await openSite(world, browser, await addSite(world, 'notes'));
  const listed = await browser.call('mySites');
  assert.equal((listed.body['items'] as readonly unknown[]).length, 1);
  return listed;
}

async function findDevice(world: World, browser: Browser): Promise<Answered> {
  const game = await addSite(world, 'space-snake', { kind: 'native' });
  const asked = await ask(world, 'deviceAuthorization', game, {});
  return browser.act('myDevice', { userCode: asked.body['user_code'] });
}

async function answerDevice(world: World, browser: Browser): Promise<Answered> {
  const asked = await ask(world, 'deviceAuthorization', { id: 'space-snake', secret: null, redirectUri: '' }, {});
  const { user_code: userCode } = asked.body;
  await browser.act('myDevice', { userCode });
  return browser.act('myDeviceAnswer', { userCode, allow: true });
}

async function unlink(world: World, browser: Browser): Promise<Answered> {
  const userId = String((await browser.call('me')).body['id']);
  const identity = { provider: 'github', subject: '1', userId, label: 'ada', tokens: null, now: world.clock.now() };
  await insertIdentity(world.deps.db, world.deps, identity);
  const listed = await browser.call('myIdentities');
  checkAnswer('GET /me/identities', CALLS['GET /me/identities'], listed);
  assert.equal((listed.body['items'] as readonly unknown[]).length, 1);
  return browser.act('myIdentity', undefined, { params: { authProvider: 'github' } });
}

async function setupToken(world: World, address?: string): Promise<string> {
  const email = address === undefined ? null : parseEmail(address);
  const { link } = await offerSetup(world.deps, { requestId: 'test', address: '', userAgent: '' }, { email, madeBy: 'command_line' });
  return new URL(link).hash.slice(1);
}

async function becomeOwner(world: World): Promise<Answered> {
  const browser = await world.signedUp('lovelace@example.com');
  return browser.act('mySetup', { token: await setupToken(world) });
}

async function deleteSomebody(world: World): Promise<Answered> {
  const browser = await world.signedUp('grace@example.com');
  return browser.act('me', { confirm: 'grace@example.com' }, { method: 'DELETE' });
}

async function notMe(world: World): Promise<Answered> {
  const browser = world.browser();
  await browser.call('signUp', { email: 'grace@example.com', password: PASSWORD });
  return browser.call('notMe');
}

test('every field that a call takes has a meaning, and every meaning belongs to a field', () => {
  const routes = [...AUTH_ROUTES, ...EXTERNAL_ROUTES, ...SITE_ROUTES];
  const taken = routes.flatMap(({ schema: { body, querystring, params } }) => [body, querystring, params].flatMap(propertiesOf));
  const answered = [CALLS, EXTERNAL_CALLS, SITE_CALLS].flatMap((calls) => Object.values(calls).flatMap(({ answer }) => answer));
  const used = new Set([...taken, ...[...answered, ...Object.values(SHAPES).flat()].map((field) => field.replace(/\?$/, ''))]);
  assert.deepEqual(Object.keys(FIELDS).sort(), [...used].sort());
});

function propertiesOf(schema: object | undefined): readonly string[] {
  return schema !== undefined && 'properties' in schema ? Object.keys(schema.properties as object) : [];
}
