import assert from 'node:assert/strict';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { fill } from '@portico/protocol/texts';
import { en } from '@portico/protocol/texts/en';
import type { ProviderTestResult } from '@portico/ui/admin-views';
import { RESULT_LIFE } from '../../src/admin/provider-test.ts';
import type { Browser } from '../browser.ts';
import { beginPage, bring, everyRow, fakeProviders, type Person } from '../fake-providers.ts';
import { inWorld, MINUTE, ORIGIN, type World } from '../world.ts';
import { eventOf, growOlder, type Staff, staff } from './staff.ts';

const fake = await fakeProviders();
const { gitlab: _, ...offered } = fake.access;
const options = { config: { providers: offered }, deps: { network: fake.network } };
const words = en.admin.providers;
const MONA: Person = { subject: '583231', email: 'mona@example.com', login: '<b>mona' };

async function beginTest(admin: Staff, authProvider = 'github'): Promise<string> {
  const begun = await admin.act('testProvider', {}, { authProvider });
  assert.equal(begun.status, 200, begun.text);
  return String(begun.body['oAuthUrl']);
}

const comeBack = (browser: Browser, query: Record<string, string>, authProvider = 'github') =>
  browser.call('providerCallback', undefined, { params: { authProvider }, query });

/** The way back, and what the screen then shows. */
async function finish(admin: Staff, query: Record<string, string>, authProvider = 'github'): Promise<ProviderTestResult | null> {
  const back = await comeBack(admin.browser, query, authProvider);
  const address = String(back.headers['location']);
  assert.ok(address.startsWith(`${ORIGIN}${ADMIN_PAGES.providers}?tested=`), `${back.status} ${address} ${back.text}`);
  const tested = new URL(address).searchParams.get('tested') ?? '';
  return (await admin.see('providers', { query: { tested } })).result;
}

/** What the log says is written; nothing else is. */
async function rowsBut(world: World, ...tables: readonly string[]): Promise<string> {
  const rows = JSON.parse(await everyRow(world)) as [string, unknown][];
  return JSON.stringify(rows.filter(([table]) => !tables.includes(table)));
}

inWorld(
  'every service stands there, offered or not, with its two addresses to copy and what it lacks; support reads and tests none',
  async (world) => {
    const support = await staff(world, 'support');
    const { items, result } = await support.see('providers');
    assert.deepEqual(
      items.map(({ name, offered, missing }) => [name, offered, missing]),
      [
        ['discord', true, []],
        ['github', true, []],
        ['gitlab', false, ['PORTICO_GITLAB_CLIENT_ID', 'PORTICO_GITLAB_CLIENT_SECRET']],
        ['google', true, []],
      ],
    );
    assert.equal(result, null);
    const github = items.find(({ name }) => name === 'github');
    assert.deepEqual(github?.callbacks, [`${ORIGIN}/auth/callback/github`, `${ORIGIN}/api/v1/auth/github/callback`]);
    assert.deepEqual([github?.clientId, github?.addresses[0]?.value], ['github-client', 'https://github.com']);
    assert.ok(!JSON.stringify(items).includes('github-secret'));
    const page = await support.page(ADMIN_PAGES.providers);
    assert.ok(page.text.includes(`${ORIGIN}/auth/callback/gitlab`) && !page.text.includes('data-act="testProvider"'));
    assert.equal((await support.act('testProvider', {}, { authProvider: 'github' })).body.error, 'role_required');
    const admin = await staff(world, 'admin');
    assert.equal((await admin.act('testProvider', {}, { authProvider: 'gitlab' })).body.error, 'provider_not_offered');
    assert.equal((await admin.act('testProvider', {}, { authProvider: 'nobody' })).body.error, 'not_found');
    assert.equal((await admin.read('providers', { query: { tested: 'a b' } })).status, 400);
  },
  options,
);

inWorld(
  'a test goes to the service and back, says what it said, and writes nothing but that it was made',
  async (world) => {
    const admin = await staff(world, 'admin');
    for (const [name, scope] of [
      ['github', 'any'],
      ['google', 'any'],
    ] as const) {
      const before = await rowsBut(world, 'events');
      const result = await finish(admin, fake.consent(await beginTest(admin, name), MONA), name);
      assert.deepEqual(result, {
        kind: 'said',
        authProvider: name,
        at: world.clock.now(),
        subject: '583231',
        label: '<b>mona',
        displayName: name === 'google' ? '<b>mona' : 'Ada Lovelace',
        email: 'mona@example.com',
        emailVerified: true,
        scope,
      });
      assert.equal(await rowsBut(world, 'events'), before, 'no user, identity or session');
      const events = await world.deps.db.all(
        "select reason, actor_id, target_kind from events where action = 'provider.tested' and target = $1 order by reason",
        [name],
      );
      assert.deepEqual(
        events.map((event) => [event['reason'], event['actor_id'], event['target_kind']]),
        [
          ['begun', admin.id, 'provider'],
          ['said', admin.id, 'provider'],
        ],
      );
    }
    assert.deepEqual(fake.revoked, [], 'a grant that the operator signs in by is not ended');
    const log = JSON.stringify(await world.deps.db.all('select * from events'));
    assert.ok(!log.includes('583231') && !log.includes('mona'), 'what it said stands in no log');
  },
  options,
);

inWorld(
  'by plain form: the page leads to the service, and back on it what was said is a text',
  async (world) => {
    const admin = await staff(world, 'admin');
    const left = await admin.submit('testProvider', { back: ADMIN_PAGES.providers }, { authProvider: 'github' });
    assert.equal(left.status, 200);
    const to = /^0; url=(https:\/\/github\.com\/\S+)$/.exec(String(left.headers['refresh']))?.[1] ?? assert.fail('it leads nowhere');
    assert.ok(left.text.includes(words.goOn));
    const back = await comeBack(admin.browser, fake.consent(to, { ...MONA, verified: false }));
    const page = await admin.page(String(back.headers['location']).slice(ORIGIN.length));
    assert.equal(page.status, 200);
    assert.ok(page.text.includes('&lt;b>mona') && !page.text.includes('<b>mona'));
    assert.ok(page.text.includes(words.notVerified) && page.text.includes(fill(words.worksNot, { service: 'GitHub' })));
  },
  options,
);

inWorld(
  'whatever the service answers instead comes back in words: no, trouble, a wrong secret, silence',
  async (world) => {
    const admin = await staff(world, 'admin');
    const stateOf = (url: string) => new URL(url).searchParams.get('state') ?? '';
    const declined = await finish(admin, { error: 'access_denied', state: stateOf(await beginTest(admin)) });
    assert.equal(declined?.kind, 'declined');
    const errors: unknown[] = [];
    for (const error of ['server_error', 'invalid_scope', 'x<script>'])
      errors.push(await finish(admin, { error, state: stateOf(await beginTest(admin)) }));
    fake.spoil = (url) => (url.includes('access_token') ? Response.json({ error: 'incorrect_client_credentials' }) : undefined);
    errors.push(await finish(admin, fake.consent(await beginTest(admin), MONA)));
    fake.spoil = () => new Response('', { status: 503 });
    errors.push(await finish(admin, fake.consent(await beginTest(admin), MONA)));
    fake.honest();
    assert.deepEqual(
      errors.map((result) => (result as { error: string }).error),
      ['provider_failed', 'provider_refused', 'provider_refused', 'provider_refused', 'provider_failed'],
    );
    assert.equal((await eventOf(world, 'provider.tested'))?.['actor_id'], admin.id);
    const back = await comeBack(admin.browser, { error: 'server_error', state: stateOf(await beginTest(admin)) });
    const page = await admin.page(String(back.headers['location']).slice(ORIGIN.length));
    assert.ok(page.text.includes(words.refused.provider_failed));
  },
  options,
);

inWorld(
  'a test’s answer is no sign-in, link or proof, and theirs is no test: every swap is refused before the service is asked',
  async (world) => {
    const admin = await staff(world, 'admin');
    const rows = () => rowsBut(world, 'events');
    const before = await rows();
    // A test’s answer, where a sign-in, a link or a proof is taken.
    const answer = fake.consent(await beginTest(admin), MONA);
    const asked = fake.calls.length;
    assert.equal((await bring(admin.browser, 'github', answer)).body.error, 'bad_state');
    assert.equal(fake.calls.length, asked, 'the code was not spent');
    assert.equal((await finish(admin, answer))?.kind, 'said', 'its own way back still takes it');
    // Of somebody who is signed out meanwhile, and of another browser, it is nothing.
    const stolen = fake.consent(await beginTest(admin), MONA);
    const stranger = world.browser();
    const led = await comeBack(stranger, stolen);
    assert.ok(!String(led.headers['location']).includes('tested='));
    const other = await staff(world, 'owner');
    const beforeOther = await rows();
    assert.ok(!String((await comeBack(other.browser, stolen)).headers['location']).includes('tested='));
    // The state belongs to the session, not only to the browser.
    const jar = admin.browser.copy();
    for (const [name, cookie] of other.browser.jar) if (!name.endsWith('_tx')) jar.jar.set(name, cookie);
    assert.equal((await comeBack(jar, stolen)).body.error, 'bad_state');
    assert.equal(await rows(), beforeOther);
    assert.ok(beforeOther !== before);

    // A sign-in’s, a link’s and a proof’s answer never become a test’s.
    const signIn = fake.consent(await beginPage(world.browser(), 'github'), MONA);
    assert.ok(!String((await comeBack(admin.browser, signIn)).headers['location']).includes('tested='));
    const link = await admin.browser.act(
      'myIdentity',
      { returnTo: ADMIN_PAGES.providers },
      { method: 'POST', params: { authProvider: 'github' } },
    );
    const linked = await comeBack(admin.browser, fake.consent(String(link.body['oAuthUrl']), MONA));
    assert.ok(!String(linked.headers['location']).includes('tested='));
    assert.equal((await world.deps.db.all('select subject from identities')).length, 1, 'a link is a link');
    const proof = await admin.browser.act('myProofByProvider', { returnTo: ADMIN_PAGES.providers }, { params: { authProvider: 'github' } });
    const proved = await comeBack(admin.browser, fake.consent(String(proof.body['oAuthUrl']), MONA));
    assert.ok(!String(proved.headers['location']).includes('tested='));
    // A linked operator’s test is no proof: what needs a fresh one still asks for it.
    growOlder(world, 11 * MINUTE);
    await admin.browser.refresh();
    await finish(admin, fake.consent(await beginTest(admin), MONA));
    assert.equal((await admin.browser.call('myExport')).body.error, 'fresh_signin_required');
  },
  options,
);

inWorld(
  'a result is for the session that made it, for ten minutes; a state for ten minutes too; and who lost the role sees none',
  async (world) => {
    const admin = await staff(world, 'admin');
    const other = await staff(world, 'owner');
    const back = await comeBack(admin.browser, fake.consent(await beginTest(admin), MONA));
    const tested = new URL(String(back.headers['location'])).searchParams.get('tested') ?? '';
    assert.equal((await admin.see('providers', { query: { tested } })).result?.kind, 'said');
    assert.equal((await other.see('providers', { query: { tested } })).result, null);
    assert.equal((await admin.see('providers', { query: { tested: `${tested}x` } })).result, null);
    growOlder(world, RESULT_LIFE + 1);
    await admin.browser.refresh();
    assert.equal((await admin.see('providers', { query: { tested } })).result, null);

    const late = fake.consent(await beginTest(admin), MONA);
    await world.deps.db.all("update users set role = 'user' where id = $1", [admin.id]);
    assert.equal((await comeBack(admin.browser, late)).body.error, 'role_required');
    await world.deps.db.all("update users set role = 'admin' where id = $1", [admin.id]);
    growOlder(world, 11 * MINUTE);
    await admin.browser.refresh();
    assert.ok(!String((await comeBack(admin.browser, late)).headers['location']).includes('tested='));
  },
  options,
);
