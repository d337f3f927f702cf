import assert from 'node:assert/strict';
import type { Answered, Browser } from '../browser.ts';
import { byPage, everyRow, fakeProviders, type Person, PROVIDER_NAMES } from '../fake-providers.ts';
import { actions } from '../families.ts';
import { inWorld, MINUTE, PASSWORD } from '../world.ts';

/** Another way into an account: only its owner adds one, who is signed in and has just proved it. */

const fake = await fakeProviders();
const options = { config: { providers: fake.access }, deps: { network: fake.network } };
const EMAIL = 'ada@example.com';
const AT = 'http://localhost:4000/auth/callback/github?reason=';

const begin = (browser: Browser, authProvider: string, call: 'myIdentity' | 'myProofByProvider' = 'myIdentity') =>
  browser.act(call, { returnTo: '/dashboard/security' }, { params: { authProvider }, method: 'POST' });

/** Back from the provider, in this browser. */
const back = (browser: Browser, authProvider: string, begun: Answered, person: Person) =>
  browser.call('providerCallback', undefined, { params: { authProvider }, query: fake.consent(String(begun.body['oAuthUrl']), person) });

async function link(browser: Browser, authProvider: string, person: Person): Promise<string> {
  return String((await back(browser, authProvider, await begin(browser, authProvider), person)).headers['location']);
}

const linked = async (browser: Browser) =>
  ((await browser.call('myIdentities')).body['items'] as { authProvider: string }[]).map(({ authProvider }) => authProvider).sort();

inWorld(
  'the owner links each provider, is told by mail, and from then on gets in by each of them; the address there may be anything',
  async (world) => {
    const ada = await world.signedUp(EMAIL);
    const me = (await ada.call('me')).body['id'];
    for (const name of PROVIDER_NAMES) {
      const person = { subject: '42', email: name === 'github' ? null : `${name}@elsewhere.example`, verified: false };
      assert.equal(await link(ada, name, person), 'http://localhost:4000/dashboard/security');
      const [letter] = await world.mails();
      assert.match(letter?.subject ?? '', /way into your account/);
      assert.equal(letter?.to, EMAIL);
      const browser = world.browser();
      assert.equal((await byPage(fake, browser, name, person)).body['status'], 'VERIFIED');
      assert.deepEqual([(await browser.call('me')).body['id'], (await browser.call('me')).body['email']], [me, EMAIL]);
      // Again, by a page that was sent twice: nothing changes, no second letter.
      const letters = (await world.mails()).length;
      assert.equal(await link(ada, name, person), 'http://localhost:4000/dashboard/security');
      assert.equal((await world.mails()).length, letters);
    }
    assert.deepEqual(await linked(ada), [...PROVIDER_NAMES].sort());
    assert.equal((await actions(world)).filter((action) => action === 'identity.linked').length, 4);
  },
  options,
);

inWorld(
  'linking and proving need a CSRF token, and linking a fresh proof, when it begins and when it ends',
  async (world) => {
    const ada = await world.signedUp(EMAIL);
    for (const call of ['myIdentity', 'myProofByProvider'] as const)
      assert.equal((await ada.call(call, {}, { params: { authProvider: 'github' }, method: 'POST' })).body.error, 'csrf_failed');
    world.clock.advance(6 * MINUTE);
    await ada.refresh();
    const begun = await begin(ada, 'github');
    assert.equal(begun.status, 200);
    world.clock.advance(5 * MINUTE);
    await ada.refresh();
    const before = await everyRow(world);
    assert.equal((await back(ada, 'github', begun, { subject: '42', email: null })).headers['location'], `${AT}fresh_signin_required`);
    assert.deepEqual([(await begin(ada, 'github')).status, (await begin(ada, 'github')).body.error], [403, 'fresh_signin_required']);
    assert.equal(await everyRow(world), before);
    await ada.act('myProof', { password: PASSWORD });
    assert.match(await link(ada, 'github', { subject: '42', email: null }), /security$/);
  },
  options,
);

inWorld(
  'A004: a link that one session began is ended by no other: not by another user’s, not by the next one of the same user, not signed out',
  async (world) => {
    const ada = await world.signedUp(EMAIL);
    const eve = await world.signedUp('eve@example.com');
    const person = { subject: '66', email: null };
    const evesLink = await begin(eve, 'github');
    const before = await everyRow(world);
    // Eve's answer in Ada's browser: bound to Eve's cookie.
    assert.equal((await back(ada, 'github', evesLink, person)).headers['location'], `${AT}bad_state`);
    // Even with Eve's cookie planted there: bound to Eve's session.
    const planted = ada.copy();
    planted.jar.set('portico_tx', eve.jar.get('portico_tx') ?? { value: '', endsAt: null });
    assert.equal((await back(planted, 'github', await begin(eve, 'github'), person)).headers['location'], `${AT}bad_state`);
    assert.equal(await everyRow(world), before);
    const own = await begin(ada, 'github');
    await ada.signIn(EMAIL, PASSWORD);
    assert.equal((await back(ada, 'github', own, person)).headers['location'], `${AT}bad_state`);
    const last = await begin(ada, 'github');
    await ada.act('signOut');
    assert.match(
      String((await back(ada, 'github', last, person)).headers['location']),
      /reason=(refresh_invalid|signed_out|session_ended)$/,
    );
    assert.deepEqual(await world.deps.db.all('select * from identities'), []);
  },
  options,
);

inWorld(
  'a session that was ended elsewhere while its user was at the provider adds nothing',
  async (world) => {
    const ada = await world.signedUp(EMAIL);
    const elsewhere = world.browser();
    await elsewhere.signIn(EMAIL, PASSWORD);
    const begun = await begin(ada, 'github');
    await elsewhere.act('mySessions', undefined, { method: 'DELETE' });
    assert.match(
      String((await back(ada, 'github', begun, { subject: '42', email: null })).headers['location']),
      /reason=(session_ended|signed_out)$/,
    );
    assert.deepEqual(await world.deps.db.all('select * from identities'), []);
  },
  options,
);

inWorld(
  'a subject that somebody else has linked is identity_taken, a second account of one provider other_identity_linked; nothing moves',
  async (world) => {
    const [ada, eve] = [await world.signedUp(EMAIL), await world.signedUp('eve@example.com')];
    assert.match(await link(ada, 'github', { subject: '42', email: null }), /security$/);
    const before = await everyRow(world);
    assert.equal(await link(eve, 'github', { subject: '42', email: null }), `${AT}identity_taken`);
    assert.equal(await link(ada, 'github', { subject: '43', email: null }), `${AT}other_identity_linked`);
    for (const [code, status] of [
      ['identity_taken', 409],
      ['other_identity_linked', 409],
    ] as const) {
      const page = await eve.send('GET', `${AT.replace('http://localhost:4000', '')}${code}`, undefined, {
        headers: { accept: 'text/html' },
      });
      assert.equal(page.status, status);
    }
    assert.equal(await everyRow(world), before);
  },
  options,
);

inWorld(
  'twenty users who link one subject at once: it goes to one, nineteen are told',
  async (world) => {
    const browsers: Browser[] = [];
    for (let n = 0; n < 20; n += 1) {
      const browser = world.browser();
      await byPage(fake, browser, 'google', { subject: String(n + 1), email: `u${n}@example.com` });
      browsers.push(browser);
    }
    const begun = await Promise.all(browsers.map((browser) => begin(browser, 'github')));
    const ends = await Promise.all(
      browsers.map(async (browser, at) =>
        String((await back(browser, 'github', begun[at] as Answered, { subject: '42', email: null })).headers['location']),
      ),
    );
    assert.equal(ends.filter((end) => end.endsWith('/dashboard/security')).length, 1, ends.join(' '));
    assert.equal(ends.filter((end) => end === `${AT}identity_taken`).length, 19);
    assert.equal((await world.deps.db.all("select * from identities where provider = 'github'")).length, 1);
  },
  options,
);

inWorld(
  'a linked provider proves freshness: its own account does, another does not, and a provider that is not linked is 404',
  async (world) => {
    const ada = await world.signedUp(EMAIL);
    await link(ada, 'github', { subject: '42', email: null });
    world.clock.advance(11 * MINUTE);
    await ada.refresh();
    assert.equal((await begin(ada, 'google', 'myProofByProvider')).status, 404);
    assert.equal((await begin(ada, 'gitlab')).body.error, 'fresh_signin_required');
    const begun = await begin(ada, 'github', 'myProofByProvider');
    assert.match(String(begun.body['oAuthUrl']), /prompt=select_account/, 'the provider is told to ask');
    assert.equal((await back(ada, 'github', begun, { subject: '43', email: null })).headers['location'], `${AT}provider_refused`);
    assert.equal((await begin(ada, 'gitlab')).body.error, 'fresh_signin_required');
    const again = await begin(ada, 'github', 'myProofByProvider');
    assert.match(String((await back(ada, 'github', again, { subject: '42', email: null })).headers['location']), /\/dashboard\/security$/);
    assert.equal((await begin(ada, 'gitlab')).status, 200);
    assert.ok((await actions(world)).includes('proof.given'));
    // A state that was made for a proof links nothing, and signs nobody in.
    const eve = world.browser();
    const forEve = await begin(ada, 'github', 'myProofByProvider');
    assert.equal((await back(eve, 'github', forEve, { subject: '42', email: null })).headers['location'], `${AT}bad_state`);
  },
  options,
);
