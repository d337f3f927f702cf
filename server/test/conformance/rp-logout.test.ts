import assert from 'node:assert/strict';
import { OAUTH } from '@portico/protocol/routes';
import { generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Site } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { newPerson, type Person, type Step, type Visit, visit } from './person.ts';
import {
  AFTER_LOGOUT,
  AT_ISSUER,
  authorizationRequest,
  authorize,
  codeOf,
  discover,
  errorOf,
  ISSUER,
  newRelyingParty,
  type SignedIn,
  signInAt,
  WANTS_A_PAGE,
} from './relying-party.ts';

/** The RP-initiated logout plan: somebody signs in at a site, which then sends them to sign out, with or without what belongs to that. */

interface Scene {
  readonly person: Person;
  readonly site: Site;
  readonly signedIn: SignedIn;
}

/** As the suite has it: so long that a server which cuts it is found out. */
const STATE = 'st4t3'.repeat(26).slice(0, 128);

async function begin(world: World): Promise<Scene> {
  const person = await newPerson(world);
  const site = await newRelyingParty(world);
  return { person, site, signedIn: await signInAt(person, site) };
}

/** Sends the browser to the end session endpoint. Null takes a parameter out. */
async function logOut(
  { person, signedIn }: Scene,
  changes: Readonly<Record<string, string | null>> = {},
  answers: Step['answers'] = 'nothing',
): Promise<Visit> {
  const all = { id_token_hint: signedIn.tokens.idToken, post_logout_redirect_uri: AFTER_LOGOUT, state: STATE, ...changes };
  const sent = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null);
  return visit(person, `${OAUTH.logout}?${new URLSearchParams(sent).toString()}`, { answers });
}

async function assertSignedOut({ person, site }: Scene): Promise<void> {
  const asked = authorizationRequest(site, { prompt: 'none' });
  assert.ok(WANTS_A_PAGE.includes(errorOf(site, asked, await authorize(person, asked))), 'signed out');
}

async function assertSignedIn({ person, site }: Scene): Promise<void> {
  const asked = authorizationRequest(site, { prompt: 'none' });
  codeOf(site, asked, await authorize(person, asked));
}

/** A page of ours, with an error or a question; until that is answered, nothing has happened. */
async function assertNotTaken(scene: Scene, { left, last }: Visit): Promise<void> {
  assert.equal(left, null);
  assert.ok([200, 400].includes(last.status), String(last.status));
  assert.match(String(last.headers['content-type']), /^text\/html/);
  assert.ok(!last.text.includes('post_logout_redirect'), 'not even as a link');
  await assertSignedIn(scene);
}

inWorld(
  'oidcc-rp-initiated-logout-discovery-endpoint-verification: discovery names the end session endpoint',
  async (world) => {
    const discovery = await discover(world);
    assert.equal(discovery.end_session_endpoint, ISSUER + OAUTH.logout);
    for (const [name, value] of Object.entries(discovery))
      if (name.endsWith('_endpoint')) assert.ok(String(value).startsWith('https://'), name);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout: signed out at once, back at the registered address with the state, and with nothing else',
  async (world) => {
    const scene = await begin(world);
    const { left, pages } = await logOut(scene);
    assert.equal(left?.href, `${AFTER_LOGOUT}?state=${STATE}`);
    assert.deepEqual(pages, []);
    await assertSignedOut(scene);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri: an address that is not registered is told to the person',
  async (world) => {
    const scene = await begin(world);
    await assertNotTaken(scene, await logOut(scene, { post_logout_redirect_uri: 'https://rp.example.net/bad_post_logout_redirect_uri' }));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-modified-id-token-hint: a hint whose signature was taken off sends nobody back',
  async (world) => {
    const scene = await begin(world);
    const [, payload = ''] = scene.signedIn.tokens.idToken.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    await assertNotTaken(scene, await logOut(scene, { id_token_hint: `${header}.${payload}.` }));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-no-id-token-hint: an address without a hint sends nobody back',
  async (world) => {
    const scene = await begin(world);
    await assertNotTaken(scene, await logOut(scene, { id_token_hint: null }));
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-no-params: without parameters the person is asked, and is signed out after a yes',
  async (world) => {
    const scene = await begin(world);
    const nothing = { id_token_hint: null, post_logout_redirect_uri: null, state: null };
    await assertNotTaken(scene, await logOut(scene, nothing));
    const { left, last } = await logOut(scene, nothing, 'sign-out');
    assert.equal(left, null);
    assert.equal(last.status, 200);
    await assertSignedOut(scene);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-no-post-logout-redirect-uri: signed out, and told so by us',
  async (world) => {
    const scene = await begin(world);
    const { left, last } = await logOut(scene, { post_logout_redirect_uri: null });
    assert.equal(left, null);
    assert.equal(last.status, 200);
    await assertSignedOut(scene);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-no-state: no state was sent, and none comes back',
  async (world) => {
    const scene = await begin(world);
    assert.equal((await logOut(scene, { state: null })).left?.href, AFTER_LOGOUT);
    await assertSignedOut(scene);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-only-state: with nothing but a state the person is asked, and is signed out after a yes',
  async (world) => {
    const scene = await begin(world);
    const onlyState = { id_token_hint: null, post_logout_redirect_uri: null };
    const { left, last } = await logOut(scene, onlyState, 'sign-out');
    assert.equal(left, null);
    assert.equal(last.status, 200);
    await assertSignedOut(scene);
  },
  AT_ISSUER,
);

inWorld(
  'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri: a registered address with a query more is another address',
  async (world) => {
    const scene = await begin(world);
    await assertNotTaken(scene, await logOut(scene, { post_logout_redirect_uri: `${AFTER_LOGOUT}?foo=bar` }));
  },
  AT_ISSUER,
);

/** What the first hint says, signed by others: with the client's secret, and with a key that takes the name of ours. */
async function forgeries({ site, signedIn }: Scene): Promise<readonly string[]> {
  const [header = '', body = ''] = signedIn.tokens.idToken.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  const { kid } = JSON.parse(header) as { kid: string };
  const claims = JSON.parse(body) as JWTPayload;
  const { privateKey } = await generateKeyPair('ES256');
  return Promise.all([
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey),
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(site.secret ?? '')),
  ]);
}

inWorld(
  'oidcc-rp-initiated-logout-bad-id-token-hint: a hint that we did not sign sends nobody back',
  async (world) => {
    const scene = await begin(world);
    for (const id_token_hint of await forgeries(scene)) await assertNotTaken(scene, await logOut(scene, { id_token_hint }));
  },
  AT_ISSUER,
);
