import assert from 'node:assert/strict';
import { FORM_FIELDS, HEADERS } from '@portico/protocol/cookies';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { chooseTexts } from '@portico/protocol/texts';
import { parseEmail } from '../../src/accounts/email.ts';
import { inviteAddress } from '../../src/accounts/invite.ts';
import { offerSetup } from '../../src/accounts/offer-setup.ts';
import type { ClientWish } from '../../src/clients/check-client.ts';
import { registerClient } from '../../src/clients/register-client.ts';
import { setRoles } from '../../src/clients/set-roles.ts';
import { allowRange } from '../../src/guessing/let-in.ts';
import { WRONG_NETWORK } from '../../src/guessing/limits.ts';
import { runJob } from '../../src/jobs/runner.ts';
import type { Database } from '../../src/platform/db.ts';
import type { Browser } from '../browser.ts';
import { byPage, fakeProviders } from '../fake-providers.ts';
import { sessionOf } from '../families.ts';
import { ask, newProofKey, redeeming, tokensOf, withProof } from '../oauth/ask.ts';
import { answerAt, askAuthorize, askOf, locationOf, open } from '../oauth/asking.ts';
import type { Site } from '../sites.ts';
import { heldClock, MINUTE, openWorld, PASSWORD, type World } from '../world.ts';

/**
 * A Portico that people have used for an hour: every table has rows, and each came from a route, a job or a command. The snapshots of the
 * tagged versions are made of it, so it uses only what is said outside: a later version makes its own with its own copy of this file.
 */

/** What people and sites still hold when the server is replaced by the next version. Worth nothing anywhere but in these tests. */
export interface Kept {
  /** Epoch milliseconds: when the snapshot was taken. */
  readonly takenAt: number;
  /** Base64url. */
  readonly masterKey: string;
  readonly email: string;
  readonly password: string;
  /** Ada's browser: cookies, and the attempt of a refresh whose answer was lost. */
  readonly cookies: Readonly<Record<string, string>>;
  readonly lostAttempt: string;
  /** Of Bob, who signed out. */
  readonly endedCookies: Readonly<Record<string, string>>;
  readonly shop: KeptSite;
  /** Signs its tokens with a secret of its own. */
  readonly legacy: KeptSite;
  /** Public. */
  readonly game: KeptSite;
  /** A sign-up that waits for its code. */
  readonly waiting: { readonly cookies: Readonly<Record<string, string>>; readonly code: string };
}

export interface KeptSite {
  readonly id: string;
  readonly secret: string | null;
  readonly redirectUri: string;
  readonly refreshToken: string;
}

const OPERATOR = { requestId: 'operator', address: '', userAgent: 'portico' };
const EMAIL = 'ada@example.com';
const SHUT_OUT = '203.0.113.77';

export async function liveThrough(db: Database): Promise<Kept> {
  const providers = await fakeProviders();
  const world = await openWorld(db, { clock: heldClock(), config: { providers: providers.access }, deps: { network: providers.network } });
  try {
    const ada = await world.signedUp(EMAIL);
    const sites = await signInAtSites(world, ada);
    await linkProvider(world, ada, providers);
    await beOperator(world, ada);
    const ended = await signOutBob(world, sites.shop);
    await guessWrong(world);
    const waiting = await leaveSignUpWaiting(world);
    await askForWhatIsMailed(world, ada);
    world.clock.advance(5 * MINUTE);
    const attempt = ada.newAttempt();
    const lost = await ada.refresh({ attempt, lose: true });
    assert.equal(lost.status, 200, lost.text);
    await world.settled();
    await runJob(world.deps, 'seal-events');
    const cookies = cookiesOf(ada);
    return {
      takenAt: world.clock.now(),
      masterKey: world.deps.config.masterKey.toString('base64url'),
      email: EMAIL,
      password: PASSWORD,
      cookies,
      lostAttempt: attempt,
      endedCookies: ended,
      ...sites,
      waiting,
    };
  } finally {
    await world.close();
  }
}

export function cookiesOf(browser: Browser): Readonly<Record<string, string>> {
  return Object.fromEntries([...browser.jar].map(([name, { value }]) => [name, value]));
}

async function register(world: World, wish: ClientWish): Promise<Site> {
  const made = await registerClient(world.deps, OPERATOR, wish);
  assert.ok(made.kind === 'registered', JSON.stringify(made));
  return { id: made.client.id, secret: made.secret?.secret ?? null, redirectUri: made.client.redirectUris[0] ?? '' };
}

async function signInAtSites(world: World, ada: Browser): Promise<Pick<Kept, 'shop' | 'legacy' | 'game'>> {
  const webSite = (id: string): ClientWish => ({ id, name: id, kind: 'web', redirectUris: [`https://${id}.example.net/auth/callback`] });
  const shop = await register(world, {
    ...webSite('shop'),
    roles: ['editor', 'author'],
    backchannelLogoutUri: 'https://shop.example.net/auth/backchannel-logout',
  });
  const legacy = await register(world, { ...webSite('legacy'), accessAlg: 'HS256' });
  const game = await register(world, { id: 'snake', name: 'Snake', kind: 'native', redirectUris: ['https://snake.example.net/callback'] });
  const { userId } = await sessionOf(world, ada);
  await setRoles(world.deps, OPERATOR, { userId: userId ?? '', clientId: 'shop', roles: ['editor'] });
  const kept = {
    shop: await signInAt(world, ada, shop),
    legacy: await signInAt(world, ada, legacy),
    game: await signInAt(world, ada, game),
  };
  await beginWithoutEnd(world, ada, shop, game);
  return kept;
}

async function signInAt(world: World, browser: Browser, site: Site): Promise<KeptSite> {
  const asked = askOf(site, { scope: 'openid profile email offline_access' });
  const code = await consent(browser, site, asked.parameters);
  const tokens = tokensOf(await ask(world, 'token', site, redeeming(site, { code, verifier: asked.verifier })));
  return { ...site, refreshToken: tokens.refreshToken };
}

async function consent(browser: Browser, site: Site, parameters: Readonly<Record<string, string>>): Promise<string> {
  const asked = await askAuthorize(browser, { parameters });
  const location = locationOf(asked);
  if (location.searchParams.has('code')) return answerAt(site, asked)['code'] ?? '';
  const returnTo = location.searchParams.get('returnTo') ?? '';
  const page = await open(browser, `${PAGES.consent}?returnTo=${encodeURIComponent(returnTo)}`);
  const csrf = new RegExp(`name="${FORM_FIELDS.csrf}" value="([^"]+)"`).exec(page.text)?.[1] ?? '';
  const said = await browser.submit(PAGES.consent, { [FORM_FIELDS.csrf]: csrf, returnTo });
  const onward = String(said.headers['refresh']).replace('0; url=', '');
  return answerAt(site, await open(browser, onward))['code'] ?? '';
}

/** Codes that were made and not fetched, a request that waits, a device that asks, a proof that was spent. */
async function beginWithoutEnd(world: World, ada: Browser, shop: Site, game: Site): Promise<void> {
  await consent(ada, shop, askOf(shop).parameters);
  const pushed = await ask(world, 'pushed', shop, askOf(shop).parameters);
  assert.equal(pushed.status, 201, pushed.text);
  const device = await ask(world, 'deviceAuthorization', game, { scope: 'openid profile' });
  assert.equal(device.status, 200, device.text);
  const key = await newProofKey(world.deps.now);
  const bound = askOf(shop, { scope: 'openid offline_access' });
  const code = await consent(ada, shop, bound.parameters);
  const proven = await ask(
    world,
    'token',
    shop,
    redeeming(shop, { code, verifier: bound.verifier }),
    withProof(key.proof({ path: OAUTH.token })),
  );
  assert.equal(proven.status, 200, proven.text);
}

async function linkProvider(_: World, ada: Browser, providers: Awaited<ReturnType<typeof fakeProviders>>): Promise<void> {
  const person = { subject: '4711', email: 'grace@example.com', login: 'grace' };
  const other = ada.copy();
  other.jar.clear();
  const answer = await byPage(providers, other, 'github', person);
  assert.equal(answer.status, 200, answer.text);
}

async function beOperator(world: World, ada: Browser): Promise<void> {
  const email = parseEmail('zoe@example.com');
  assert.ok(email);
  await inviteAddress(world.deps, OPERATOR, chooseTexts(undefined), email);
  await offerSetup(world.deps, OPERATOR, { madeBy: 'command_line' });
  await allowRange(world.deps, OPERATOR, { range: '198.51.100.0/24', note: 'office' });
  assert.equal((await ada.call('me')).status, 200);
}

/** His shop is to be told. */
async function signOutBob(world: World, shop: KeptSite): Promise<Readonly<Record<string, string>>> {
  const bob = await world.signedUp('bob@example.com');
  await signInAt(world, bob, shop);
  const before = cookiesOf(bob);
  const answer = await bob.act('signOut');
  assert.equal(answer.status, 204, answer.text);
  return before;
}

async function guessWrong(world: World): Promise<void> {
  for (let n = 0; n < WRONG_NETWORK.max; n += 1)
    await world.browser({ address: SHUT_OUT }).signIn(`n${n}@stranger.example`, 'not the password of anybody');
  const refused = await world.browser({ address: SHUT_OUT }).signIn(EMAIL, PASSWORD);
  assert.equal(refused.body.error, 'address_suspended');
}

async function leaveSignUpWaiting(world: World): Promise<Kept['waiting']> {
  const browser = world.browser();
  const answer = await browser.call('signUp', { email: 'carol@example.com', password: PASSWORD });
  assert.equal(answer.status, 200, answer.text);
  return { cookies: cookiesOf(browser), code: await world.codeFor('carol@example.com') };
}

async function askForWhatIsMailed(world: World, ada: Browser): Promise<void> {
  const answer = await ada.call('forgotPassword', { email: EMAIL }, { headers: { [HEADERS.csrf]: ada.csrf } });
  assert.equal(answer.status, 204, answer.text);
  await world.settled();
}
