import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { SYSTEM } from '@portico/protocol/routes';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { Browser } from '../../test/browser.ts';
import { type ListeningSite, listeningSite, readLogoutToken } from '../../test/listening-site.ts';
import { addSite, openSite, type Site } from '../../test/sites.ts';
import { DAY, HOUR, inWorld, MINUTE, ORIGIN, openWorld, PASSWORD, type World } from '../../test/world.ts';
import { setClientDisabled } from '../clients/client.ts';
import { markLogoutFailed, takeDueLogouts } from '../clients/logout-outbox.ts';
import { outgoingRules } from '../config/outgoing-rules.ts';
import { silentLog } from '../platform/log.ts';
import { createNetwork } from '../platform/network.ts';
import { deliverLogouts } from './deliver-logouts.ts';

const EMAIL = 'ada@example.com';
const never = new AbortController().signal;
const network = createNetwork({ outgoing: outgoingRules({ mode: 'test', outgoingNetworks: [] }), callWithin: 300 });
const options = { deps: { network } };
const deliver = (world: World) => deliverLogouts(world.deps, never);

interface Listening {
  readonly site: Site;
  readonly backend: ListeningSite;
}

async function listening(world: World, t: TestContext, id: string, given: object = {}): Promise<Listening> {
  const backend = await listeningSite();
  t.after(() => backend.close());
  return { backend, site: await addSite(world, id, { backchannelLogoutUri: backend.uri, ...given }) };
}

async function read(world: World, { site, backend }: Listening, at = 0) {
  const jwks = createLocalJWKSet((await world.browser().send('GET', SYSTEM.jwks)).body as unknown as JSONWebKeySet);
  return readLogoutToken(backend.heard[at], { jwks, issuer: ORIGIN, audience: site.id, now: world.clock.now() });
}

async function rows(world: World) {
  return (await world.deps.db.all('select * from logouts order by client_id')).map((row) => ({ ...row }));
}

async function open(world: World, browser: Browser, ...sites: readonly Listening[]): Promise<string> {
  let sid = '';
  for (const { site } of sites) sid = (await openSite(world, browser, site)).grant.session.id;
  return sid;
}

inWorld(
  'a sign-out tells each site that was opened, and no other: a logout token as the specification wants it',
  async (world, t) => {
    const [notes, shop, idle] = [
      await listening(world, t, 'notes'),
      await listening(world, t, 'shop', { idAlg: 'RS256' }),
      await listening(world, t, 'idle'),
    ];
    const browser = await world.signedUp(EMAIL);
    const sid = await open(world, browser, notes, notes, shop);
    const userId = String((await browser.call('me')).body['id']);
    await deliver(world);
    assert.deepEqual([notes.backend.heard.length, (await rows(world)).length], [0, 0], 'nothing before');
    await browser.act('signOut');
    await deliver(world);
    assert.deepEqual(
      [notes, shop, idle].map(({ backend }) => backend.heard.length),
      [1, 1, 0],
    );
    const jtis = new Set<unknown>();
    for (const one of [notes, shop]) {
      assert.deepEqual([...(one.backend.heard[0]?.keys() ?? [])], ['logout_token']);
      const { iat = 0, exp = 0, jti, ...claims } = await read(world, one);
      jtis.add(jti);
      assert.deepEqual(claims, {
        iss: ORIGIN,
        aud: one.site.id,
        sub: userId,
        sid,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
      assert.deepEqual([iat, exp - iat], [Math.floor(world.clock.now() / 1000), 120]);
    }
    assert.equal(jtis.size, 2);
    const header = (form: URLSearchParams | undefined) =>
      JSON.parse(Buffer.from(form?.get('logout_token')?.split('.')[0] ?? '', 'base64url').toString()) as { alg: string };
    assert.deepEqual([header(notes.backend.heard[0]).alg, header(shop.backend.heard[0]).alg], ['ES256', 'RS256']);
    await deliver(world);
    world.clock.advance(HOUR);
    await deliver(world);
    assert.equal(notes.backend.heard.length, 1, 'once');
  },
  options,
);

inWorld(
  'leaving one site tells that site alone; a hold, a new password, another sign-in and a deleted account tell all',
  async (world, t) => {
    const [notes, shop] = [await listening(world, t, 'notes'), await listening(world, t, 'shop')];
    const browser = await world.signedUp(EMAIL);
    const told = async () => {
      world.clock.advance(MINUTE);
      await deliver(world);
      return [notes.backend.heard.length, shop.backend.heard.length];
    };
    await open(world, browser, notes, shop);
    await browser.act('mySite', undefined, { params: { clientId: 'notes' } });
    assert.deepEqual(await told(), [1, 0]);
    await open(world, browser, notes);
    await browser.act('myPassword', { currentPassword: PASSWORD, newPassword: 'another horse battery staple' });
    assert.deepEqual(await told(), [2, 1]);
    await open(world, browser, notes, shop);
    world.clock.advance(1000);
    await browser.copy({ address: '203.0.113.9' }).refresh();
    assert.equal((await browser.refresh()).body.error, 'session_held');
    assert.deepEqual(await told(), [3, 2]);
    const other = world.browser();
    await other.signIn(EMAIL, 'another horse battery staple');
    if ((await other.call('session')).body['status'] !== 'VERIFIED')
      await other.call('verifySignIn', { securityCode: await world.codeFor(EMAIL) });
    await open(world, other, notes, shop);
    await other.act('myProof', { password: 'another horse battery staple' });
    assert.equal((await other.act('me', { confirm: EMAIL }, { method: 'DELETE' })).status, 204);
    assert.deepEqual(await told(), [4, 3], 'though nothing is kept of the user but this');
  },
  options,
);

inWorld(
  'a session that reaches its end tells its sites once, and those that were left before are not told again',
  async (world, t) => {
    const [notes, shop] = [await listening(world, t, 'notes'), await listening(world, t, 'shop')];
    const browser = await world.signedUp(EMAIL);
    const sid = await open(world, browser, notes, shop);
    await browser.act('mySite', undefined, { params: { clientId: 'shop' } });
    await deliver(world);
    assert.equal(shop.backend.heard.length, 1);
    world.clock.advance(30 * DAY - 1);
    await deliver(world);
    assert.equal(notes.backend.heard.length, 0);
    world.clock.advance(1);
    await deliver(world);
    assert.equal((await read(world, notes)).sid, sid);
    for (let run = 0; run < 3; run += 1) {
      world.clock.advance(MINUTE);
      await deliver(world);
    }
    assert.deepEqual([notes.backend.heard.length, shop.backend.heard.length], [1, 1]);
  },
  options,
);

inWorld(
  'a site that is in trouble is told when it is back: the pauses grow, and after a day it is given up',
  async (world, t) => {
    const notes = await listening(world, t, 'notes');
    const browser = await world.signedUp(EMAIL);
    await open(world, browser, notes);
    notes.backend.answer(503);
    await browser.act('signOut');
    const pauses: number[] = [];
    for (let tries = 1; tries <= 8; tries += 1) {
      await deliver(world);
      assert.equal(notes.backend.heard.length, tries);
      const [row] = await rows(world);
      pauses.push(Number(row?.next_try_at) - world.clock.now());
      assert.equal(row?.problem, 'status 503');
      await deliver(world);
      assert.equal(notes.backend.heard.length, tries, 'not before its time');
      world.clock.advance(Number(row?.next_try_at) - world.clock.now());
    }
    for (const [at, pause] of pauses.entries()) assert.ok(pause >= 5000 * 2 ** at && pause <= 7500 * 2 ** at, `${at}: ${pause}`);
    notes.backend.answer(204);
    await deliver(world);
    const [row] = await rows(world);
    assert.ok(row?.sent_at !== null && row?.problem === null);
    const tokens = notes.backend.heard.map((form) => form.get('logout_token'));
    assert.equal(new Set(tokens).size, tokens.length, 'a token of its own for each try, because the old one has expired');
    assert.equal((await read(world, notes, tokens.length - 1)).aud, 'notes');

    await browser.signIn(EMAIL, PASSWORD);
    await open(world, browser, notes);
    notes.backend.answer(500);
    await browser.act('signOut');
    for (let hour = 0; hour < 30; hour += 1) {
      for (let run = 0; run < 3; run += 1) await deliver(world);
      world.clock.advance(HOUR);
    }
    const last = (await rows(world)).find(({ sent_at }) => sent_at === null);
    assert.ok(last?.given_up_at !== null);
    const heard = notes.backend.heard.length;
    world.clock.advance(DAY);
    await deliver(world);
    assert.equal(notes.backend.heard.length, heard);
  },
  options,
);

for (const [name, answer, problem] of [
  ['says no', 400, 'status 400'],
  ['leads elsewhere', 302, 'status 302'],
] as const)
  inWorld(
    `a site that ${name} is asked five times, and nobody goes where it leads`,
    async (world, t) => {
      const [notes, trap] = [await listening(world, t, 'notes'), await listeningSite()];
      t.after(() => trap.close());
      const browser = await world.signedUp(EMAIL);
      await open(world, browser, notes);
      notes.backend.answer(answer, { location: trap.uri });
      await browser.act('signOut');
      for (let hour = 0; hour < 10; hour += 1) {
        await deliver(world);
        world.clock.advance(HOUR);
      }
      const [row] = await rows(world);
      assert.deepEqual([notes.backend.heard.length, row?.problem, row?.given_up_at !== null, trap.heard.length], [5, problem, true, 0]);
    },
    options,
  );

inWorld(
  'a silent site delays nobody else, and is asked once in a run however much is for it',
  async (world, t) => {
    const [silent, notes] = [await listening(world, t, 'silent'), await listening(world, t, 'notes')];
    silent.backend.answer('silent');
    const browsers = [await world.signedUp(EMAIL)];
    for (let n = 1; n < 30; n += 1) {
      const browser = world.browser();
      assert.equal((await browser.signIn(EMAIL, PASSWORD)).status, 200);
      browsers.push(browser);
    }
    for (const browser of browsers) await open(world, browser, silent);
    for (const browser of browsers) await browser.act('signOut');
    const other = await world.signedUp('bob@example.com');
    await open(world, other, notes);
    await other.act('signOut');
    // What is due last, behind thirty logouts that nobody takes.
    await deliver(world);
    assert.equal(notes.backend.heard.length, 1);
    assert.ok(silent.backend.heard.length <= 20, `${silent.backend.heard.length} calls`);
    assert.ok((await rows(world)).every(({ sent_at, problem }) => sent_at !== null || /no answer/.test(String(problem))));
  },
  options,
);

inWorld(
  'a sender that dies between two steps loses nothing, and one that is overtaken changes nothing',
  async (world, t) => {
    const notes = await listening(world, t, 'notes');
    const browser = await world.signedUp(EMAIL);
    await open(world, browser, notes);
    await browser.act('signOut');
    // Taken, and never heard of again.
    const [taken] = await takeDueLogouts(world.deps.db, world.clock.now(), world.clock.now() + 15_000, 10);
    assert.ok(taken !== undefined);
    await deliver(world);
    assert.equal(notes.backend.heard.length, 0);
    world.clock.advance(15_000);
    await deliver(world);
    assert.equal(notes.backend.heard.length, 1);
    await markLogoutFailed(world.deps.db, taken, 'late', null, world.clock.now());
    const [row] = await rows(world);
    assert.deepEqual([row?.given_up_at, row?.problem], [null, null]);
  },
  options,
);

inWorld(
  'four senders on one database tell each site once',
  async (world, t) => {
    const sites = await Promise.all(Array.from({ length: 4 }, (_, n) => listening(world, t, `site${n}`)));
    const browser = await world.signedUp(EMAIL);
    await open(world, browser, ...sites);
    await browser.act('signOut');
    await Promise.all(Array.from({ length: 4 }, () => deliver(world)));
    assert.deepEqual(
      sites.map(({ backend }) => backend.heard.length),
      [1, 1, 1, 1],
    );
  },
  options,
);

inWorld(
  'where a site is told is where it wants to be told now, in service or not; one that wants it no more is not',
  async (world, t) => {
    const [notes, shop, moved] = [await listening(world, t, 'notes'), await listening(world, t, 'shop'), await listeningSite()];
    t.after(() => moved.close());
    const browser = await world.signedUp(EMAIL);
    await open(world, browser, notes, shop);
    await browser.act('signOut');
    await world.deps.db.all("update clients set backchannel_logout_uri = $1 where id = 'notes'", [moved.uri]);
    await setClientDisabled(world.deps.db, 'notes', world.clock.now());
    await world.deps.db.all("update clients set backchannel_logout_uri = null where id = 'shop'");
    await deliver(world);
    assert.deepEqual([notes.backend.heard.length, shop.backend.heard.length, moved.heard.length], [0, 0, 1]);
    assert.deepEqual(
      (await rows(world)).map(({ client_id, given_up_at }) => [client_id, given_up_at !== null]),
      [
        ['notes', false],
        ['shop', true],
      ],
    );
  },
  options,
);

inWorld(
  'in production a site on this machine is not called, and the log says no more than its host',
  async (world, t) => {
    const notes = await listening(world, t, 'notes');
    const entries: object[] = [];
    const keep = (facts: object) => void entries.push(facts);
    const strict = createNetwork({ outgoing: outgoingRules({ mode: 'production', outgoingNetworks: [] }) });
    const node = await openWorld(world.deps.db, {
      clock: world.clock,
      deps: { network: strict, log: { ...silentLog, warn: keep, error: keep } },
    });
    t.after(() => node.close());
    const browser = await world.signedUp(EMAIL);
    await open(world, browser, notes);
    await browser.act('signOut');
    await deliver(node);
    assert.equal(notes.backend.heard.length, 0);
    const [row] = await rows(world);
    assert.match(String(row?.problem), /^127\.0\.0\.1:\d+: the address is not one that may be called$/);
    assert.ok(!JSON.stringify(entries).includes('eyJ'));
  },
  options,
);
