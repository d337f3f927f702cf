import assert from 'node:assert/strict';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, fillPath, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { insertIdentity } from '../../src/accounts/identity.ts';
import { offerSetup } from '../../src/accounts/offer-setup.ts';
import { AUTH_ROUTES } from '../../src/app.ts';
import type { Answered, Browser } from '../browser.ts';
import { byPage, fakeProviders } from '../fake-providers.ts';
import { addSite } from '../sites.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';
import { firstColumn } from './document.ts';
import { askedForConsent, openedSite, PROGRAMS, waitingDevice } from './site-scenes.ts';

/** Every call that can open a session, found by making each of them succeed. docs/threats.md lists them with the proof that each asks for. */

const NEW_PASSWORD = 'another horse battery staple';
const EMAIL = 'ada@example.com';

const fake = await fakeProviders();

/** Who makes the call, so that it succeeds. */
type Scene = (world: World) => Promise<{ browser: Browser; body?: Record<string, unknown>; params?: Record<string, string> }>;

const signedIn: Scene = async (world) => ({ browser: await world.signedUp(EMAIL) });
const signingUp: Scene = async (world) => ({ browser: world.browser(), body: { email: 'new@example.com', password: PASSWORD } });
const signingIn: Scene = async (world) => {
  await world.signedUp(EMAIL);
  return { browser: world.browser(), body: { email: EMAIL, password: PASSWORD } };
};
const waiting: Scene = async (world) => {
  const browser = world.browser();
  await browser.call('signUp', { email: 'new@example.com', password: PASSWORD });
  world.clock.advance(61_000);
  return { browser };
};
const typing: Scene = async (world) => {
  const { browser } = await waiting(world);
  return { browser, body: { securityCode: await world.codeFor('new@example.com') } };
};
const disowning: Scene = async (world) => {
  await world.signedUp(EMAIL);
  await world.browser().signIn(EMAIL, PASSWORD);
  const token = /token=([A-Za-z0-9_-]{43})/.exec((await world.mails())[0]?.text ?? '')?.[1] ?? '';
  return { browser: world.browser(), body: { token } };
};
const changing: Scene = async (world) => ({ ...(await signedIn(world)), body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD } });

const proving: Scene = async (world) => ({ ...(await signedIn(world)), body: { password: PASSWORD } });
const renaming: Scene = async (world) => ({ ...(await signedIn(world)), body: { displayName: 'Ada' } });
const GRACE = { subject: '7', email: 'grace@example.com' };
const backFromProvider: Scene = async (world) => {
  const browser = world.browser();
  const begun = await browser.call('oAuthUrl', undefined, { params: { authProvider: 'github' } });
  const { code, state } = fake.consent(String(begun.body['oAuthUrl']), GRACE);
  return { browser, body: { tokenExchangeCode: code, csrfState: state } };
};
const signedInByProvider: Scene = async (world) => {
  const browser = world.browser();
  await byPage(fake, browser, 'github', GRACE);
  return { browser };
};

const deleting: Scene = async (world) => ({ ...(await signedIn(world)), body: { confirm: EMAIL } });
const unlinking: Scene = async (world) => {
  const scene = await signedIn(world);
  const [user] = await world.deps.db.all('select id from users');
  const identity = { provider: 'github', subject: '1', userId: String(user?.['id']), label: 'ada', tokens: null };
  await insertIdentity(world.deps.db, world.deps, { ...identity, now: world.clock.now() });
  return scene;
};

const linked = async (world: World, page: 'reset' | 'confirmEmail' | 'undoEmail') => {
  const browser = await world.signedUp(EMAIL);
  if (page === 'reset') {
    await world.browser().call('forgotPassword', { email: EMAIL });
    await world.settled();
    return { browser: world.browser(), body: { token: await world.tokenFor(EMAIL, page), password: NEW_PASSWORD } };
  }
  await browser.act('myEmail', { email: 'new@example.com' });
  const token = await world.tokenFor('new@example.com', 'confirmEmail');
  if (page === 'confirmEmail') return { browser, body: { token } };
  await browser.act('confirmEmail', { token });
  return { browser: world.browser(), body: { token: await world.tokenFor(EMAIL, page) } };
};
const resetting: Scene = (world) => linked(world, 'reset');
const confirming: Scene = (world) => linked(world, 'confirmEmail');
const undoing: Scene = (world) => linked(world, 'undoEmail');
const clicking: Scene = async (world) => ({
  ...(await waiting(world)),
  body: { token: await world.tokenFor('new@example.com', 'verifyEmail') },
});
const moving: Scene = async (world) => ({ ...(await signedIn(world)), body: { email: 'new@example.com' } });
const joining: Scene = async (world) => {
  await addSite(world, 'game-server');
  return { ...(await signedIn(world)), body: { clientId: 'game-server' } };
};
const forgetting: Scene = async (world) => ({ ...(await signedIn(world)), body: { email: EMAIL } });

const consenting: Scene = async (world) => {
  const { browser } = await signedIn(world);
  return { browser, body: { returnTo: (await askedForConsent(world, browser)).returnTo, allow: true } };
};
const asking: Scene = async (world) => {
  const { browser } = await signedIn(world);
  return { browser, body: { returnTo: (await askedForConsent(world, browser)).returnTo } };
};
const leaving: Scene = async (world) => {
  const { browser } = await signedIn(world);
  return { browser, params: { clientId: (await openedSite(world, browser)).id } };
};
const typingCode: Scene = async (world) => ({ ...(await signedIn(world)), body: { userCode: (await waitingDevice(world)).userCode } });
const lettingIn =
  (allow: boolean | string): Scene =>
  async (world) => {
    const { browser, body } = await typingCode(world);
    // Only who has looked at the device may answer.
    assert.equal((await browser.act('myDevice', body)).status, 200);
    return { browser, body: { ...body, allow } };
  };

const shell = { requestId: 'cli', address: '', userAgent: 'portico' };
const looking: Scene = async (world) => {
  const { link } = await offerSetup(world.deps, shell, { madeBy: 'command_line' });
  return { browser: world.browser(), body: { token: new URL(link).hash.slice(1) } };
};
const settingUp: Scene = async (world) => {
  const { browser, body } = await looking(world);
  return { browser, body: { ...body, email: EMAIL, password: PASSWORD } };
};
const claiming: Scene = async (world) => ({ ...(await signedIn(world)), body: (await looking(world)).body ?? {} });

const CALLS: Readonly<Record<string, Scene>> = {
  [`POST ${AUTH_PATHS.signUp}`]: signingUp,
  [`POST ${AUTH_PATHS.signInCredential}`]: signingIn,
  [`POST ${AUTH_PATHS.signIn}`]: backFromProvider,
  [`POST ${AUTH_PATHS.verifySignIn}`]: typing,
  [`POST ${AUTH_PATHS.resendCode}`]: waiting,
  [`POST ${AUTH_PATHS.notMe}`]: waiting,
  [`POST ${AUTH_PATHS.refresh}`]: signedIn,
  [`POST ${AUTH_PATHS.signOut}`]: signedIn,
  [`POST ${AUTH_PATHS.extendSoft}`]: signedIn,
  [`POST ${AUTH_PATHS.extendHard}`]: signedIn,
  [`POST ${AUTH_PATHS.forgotPassword}`]: forgetting,
  [`POST ${AUTH_PATHS.resetPassword}`]: resetting,
  [`POST ${AUTH_PATHS.verifyEmail}`]: clicking,
  [`POST ${AUTH_PATHS.myEmail}`]: moving,
  [`POST ${AUTH_PATHS.confirmEmail}`]: confirming,
  [`POST ${AUTH_PATHS.undoEmail}`]: undoing,
  [`POST ${AUTH_PATHS.setupLink}`]: looking,
  [`POST ${AUTH_PATHS.setup}`]: settingUp,
  [`POST ${AUTH_PATHS.mySetup}`]: claiming,
  [`PATCH ${AUTH_PATHS.me}`]: renaming,
  [`DELETE ${AUTH_PATHS.me}`]: deleting,
  [`DELETE ${AUTH_PATHS.myIdentity}`]: unlinking,
  [`POST ${AUTH_PATHS.myProof}`]: proving,
  [`POST ${AUTH_PATHS.myProofCode}`]: signedIn,
  [`POST ${AUTH_PATHS.myPassword}`]: changing,
  [`POST ${AUTH_PATHS.myIdentity}`]: signedIn,
  [`DELETE ${AUTH_PATHS.myIdentityTokens}`]: signedInByProvider,
  [`POST ${AUTH_PATHS.myProofByProvider}`]: signedInByProvider,
  [`POST ${AUTH_PATHS.myJoinTicket}`]: joining,
  [`DELETE ${AUTH_PATHS.mySessions}`]: signedIn,
  [`DELETE ${AUTH_PATHS.mySession}`]: signedIn,
  [`POST ${AUTH_PATHS.consent}`]: consenting,
  [`DELETE ${AUTH_PATHS.mySite}`]: leaving,
  [`POST ${AUTH_PATHS.myDevice}`]: typingCode,
  [`POST ${AUTH_PATHS.myDeviceAnswer}`]: lettingIn(true),
};

const FORMS: Readonly<Record<string, Scene>> = {
  [PAGES.signIn]: signingIn,
  [PAGES.authCallback]: backFromProvider,
  [PAGES.signUp]: signingUp,
  [PAGES.verifySignIn]: typing,
  [PAGES.forgot]: async (world) => ({ browser: (await waiting(world)).browser, body: { email: EMAIL } }),
  [PAGES.reset]: resetting,
  [PAGES.verifyEmail]: clicking,
  [PAGES.confirmEmail]: confirming,
  [PAGES.undoEmail]: undoing,
  [PAGES.notMe]: disowning,
  [PAGES.setup]: settingUp,
  [PAGE_FORMS.setupOwn]: claiming,
  [PAGES.signOut]: signedIn,
  [PAGE_FORMS.verifyResend]: waiting,
  [PAGE_FORMS.verifyNotMe]: waiting,
  [PAGE_FORMS.verifyOtherAccount]: waiting,
  [PAGE_FORMS.dashboardPassword]: changing,
  [PAGE_FORMS.dashboardEndSession]: signedIn,
  [PAGE_FORMS.dashboardEndOthers]: signedIn,
  [PAGE_FORMS.dashboardExtend]: signedIn,
  [PAGE_FORMS.dashboardEmail]: moving,
  [PAGE_FORMS.dashboardUnlink]: async (world) => ({ ...(await unlinking(world)), body: { authProvider: 'github' } }),
  [PAGE_FORMS.dashboardLink]: async (world) => ({ ...(await signedIn(world)), body: { authProvider: 'github' } }),
  [PAGE_FORMS.dashboardName]: renaming,
  [PAGE_FORMS.dashboardExport]: signedIn,
  [PAGE_FORMS.dashboardDelete]: deleting,
  [PAGES.dashboardProof]: proving,
  [PAGES.consent]: asking,
  [PAGE_FORMS.consentDeny]: asking,
  [PAGE_FORMS.consentOtherAccount]: asking,
  [PAGES.freshen]: asking,
  [PAGES.device]: typingCode,
  [PAGE_FORMS.deviceAnswer]: lettingIn('yes'),
  [PAGE_FORMS.dashboardLeaveSite]: async (world) => {
    const { params, ...scene } = await leaving(world);
    return { ...scene, body: { clientId: params?.['clientId'] ?? '' } };
  },
  [PAGE_FORMS.dashboardProofCode]: signedIn,
  [PAGE_FORMS.dashboardProofProvider]: async (world) => ({ ...(await signedInByProvider(world)), body: { authProvider: 'github' } }),
};

async function sessionIds(world: World): Promise<readonly string[]> {
  return (await world.deps.db.all("select id from sessions where state = 'active'")).map((row) => String(row['id']));
}

async function ownSession(browser: Browser): Promise<string> {
  const items = (await browser.call('mySessions')).body['items'] as readonly { id: string }[] | undefined;
  return items?.[0]?.id ?? 'A'.repeat(22);
}

async function emptied(world: World): Promise<World> {
  for (const table of ['users', 'sessions', 'counters', 'mails']) await world.deps.db.all(`delete from ${table}`);
  return world;
}

async function formTokens(browser: Browser): Promise<Record<string, string>> {
  const tokens: Record<string, string> = { [FORM_FIELDS.csrf]: browser.csrf };
  for (const path of [PAGES.verifySignIn, PAGES.signIn]) {
    const page = await browser.send('GET', path, undefined, { headers: { accept: 'text/html' } });
    const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1];
    if (token !== undefined) return { ...tokens, [FORM_FIELDS.form]: token };
  }
  return tokens;
}

/** True if the call, made so that it succeeds, left a session that was not there before. */
async function opensSession(
  world: World,
  scene: Scene,
  make: (browser: Browser, body: Record<string, unknown>, params: Record<string, string>) => Promise<Answered>,
): Promise<boolean> {
  const { browser, body = {}, params = {} } = await scene(await emptied(world));
  const before = await sessionIds(world);
  const answered = await make(browser, body, params);
  assert.ok(answered.status < 400, answered.text.slice(0, 300));
  return (await sessionIds(world)).some((id) => !before.includes(id));
}

/** A navigation that a provider sends is a GET; every other GET is looked at in flows/guards. */
const READS = { [`GET ${AUTH_PATHS.providerCallback}`]: 'providerCallback' } as const;

inWorld(
  'the calls and forms that open a session are those of the document, and every other was tried',
  async (world) => {
    const unsafe = AUTH_ROUTES.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(Object.keys(CALLS).sort(), unsafe.sort(), 'a call that nobody tries');
    const posts = [...Object.values(PAGES), ...Object.values(PAGE_FORMS)].filter((url) => world.app.hasRoute({ method: 'POST', url }));
    assert.deepEqual(Object.keys(FORMS).sort(), posts.sort(), 'a form that nobody tries');
    const open: string[] = [];
    for (const [call, scene] of Object.entries(CALLS)) {
      const [method = '', path = ''] = call.split(' ');
      const opens = await opensSession(world, scene, async (browser, body, params) => {
        const url = AUTH_PREFIX + fillPath(path, { authProvider: 'github', id: await ownSession(browser), ...params });
        return browser.send(method, url, method === 'DELETE' && Object.keys(body).length === 0 ? undefined : body, {
          headers: { [HEADERS.csrf]: browser.csrf },
        });
      });
      if (opens) open.push(call.replace(' ', ` ${AUTH_PREFIX}`));
    }
    for (const [call, read] of Object.entries(READS)) {
      const opens = await opensSession(world, backFromProvider, async (browser, body) =>
        browser.call(read, undefined, {
          params: { authProvider: 'github' },
          query: { code: String(body['tokenExchangeCode']), state: String(body['csrfState']) },
        }),
      );
      if (opens) open.push(call.replace(' ', ` ${AUTH_PREFIX}`));
    }
    for (const [call, make] of PROGRAMS) {
      if (await opensSession(world, signedIn, (browser) => make(world, browser))) open.push(call);
    }
    for (const [path, scene] of Object.entries(FORMS)) {
      const opens = await opensSession(world, scene, async (browser, body) =>
        browser.submit(fillPath(path, { authProvider: 'github' }), {
          ...(body as Record<string, string>),
          ...(await formTokens(browser)),
          id: await ownSession(browser),
        }),
      );
      if (opens) open.push(`POST ${path}`);
    }
    assert.deepEqual([...firstColumn('Ways in')].sort(), open.sort());
  },
  { config: { providers: fake.access }, deps: { network: fake.network } },
);
