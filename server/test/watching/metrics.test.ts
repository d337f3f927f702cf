import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { authPath, PAGES, SYSTEM } from '@portico/protocol/routes';
import { runJob, startJobs } from '../../src/jobs/runner.ts';
import { openDatabase } from '../../src/platform/open-database.ts';
import { createPasswordHasher } from '../../src/platform/password-hasher.ts';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import { insertRevocation } from '../../src/sessions/revocation.ts';
import { DIALECTS, forEachDatabase, freshDatabase, skippedWithoutPostgres } from '../databases.ts';
import { byPage, fakeProviders } from '../fake-providers.ts';
import { addClient, grantClient, refreshByBody, sessionOf } from '../families.ts';
import { startFreezableProxy } from '../freezable-proxy.ts';
import { startSmtpCatcher } from '../smtp-catcher.ts';
import { tapDatabase } from '../tapped-db.ts';
import { ROOT } from '../threats/source.ts';
import { inWorld, openWorld, PASSWORD } from '../world.ts';
import { scrape, TOKEN } from './scrape.ts';

/** What is counted is what happened; who may look is the operator; and nothing that anybody sends becomes a name on the page. */

const watched = { config: { metricsToken: TOKEN } } as const;

inWorld(
  '/metrics takes the token, all of it, as a bearer; in the query, as a cookie or by another scheme it is worth nothing',
  async (world) => {
    const ask = async (headers: Record<string, string> = {}, url: string = SYSTEM.metrics) =>
      world.app.inject({ url, headers, remoteAddress: '127.0.0.1' });
    const refused: readonly (readonly [Record<string, string>, string?])[] = [
      [{}],
      [{ authorization: '' }],
      [{ authorization: 'Bearer' }],
      [{ authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
      [{ authorization: `Bearer ${TOKEN}x` }],
      [{ authorization: `Bearer ${TOKEN.toUpperCase()}` }],
      [{ authorization: `Basic ${Buffer.from(`portico:${TOKEN}`).toString('base64')}` }],
      [{ authorization: TOKEN }],
      [{ cookie: `metrics=${TOKEN}`, host: 'localhost' }],
      [{}, `${SYSTEM.metrics}?token=${TOKEN}`],
    ];
    for (const [headers, url] of refused) {
      const answered = await ask(headers, url);
      assert.deepEqual([answered.statusCode, answered.json().error], [401, 'client_refused'], JSON.stringify(headers));
      assert.match(String(answered.headers['www-authenticate']), /^Bearer/);
      assert.ok(!answered.body.includes('portico_'));
    }
    const answered = await ask({ authorization: `Bearer ${TOKEN}` });
    assert.equal(answered.statusCode, 200);
    assert.match(String(answered.headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.equal(answered.headers['cache-control'], 'no-store');
  },
  watched,
);

forEachDatabase('without the setting it is there for this machine in development, and for nobody in production', async (open) => {
  const db = await open();
  const ask = async (mode: 'development' | 'production', remoteAddress: string, host: string, authorization = '') => {
    const world = await openWorld(db, { config: { mode, smtpUrl: mode === 'production' ? 'smtp://127.0.0.1:1' : '' } });
    try {
      return (await world.app.inject({ url: SYSTEM.metrics, remoteAddress, headers: { host, authorization } })).statusCode;
    } finally {
      await world.close();
    }
  };
  assert.equal(await ask('development', '127.0.0.1', 'localhost:4000'), 200);
  assert.equal(await ask('development', '192.0.2.7', 'localhost:4000'), 404, 'another machine');
  assert.equal(await ask('development', '127.0.0.1', 'rebound.example'), 404, 'a name of a stranger that leads here');
  assert.equal(await ask('production', '127.0.0.1', 'localhost'), 404);
  assert.equal(await ask('production', '127.0.0.1', 'localhost', 'Bearer '), 404, 'no token is not an empty one');
});

const fake = await fakeProviders();

inWorld(
  'sign-ups, sign-ins, guesses, refreshes and holds are counted by what came of them',
  async (world) => {
    const owner = await world.signedUp('ada@example.com');
    await world.browser().call('signUp', { email: 'not an address', password: PASSWORD });
    await world.browser().signIn('ada@example.com', 'not the password at all');
    await world.browser().signIn('nobody@example.com', PASSWORD);
    await owner.signIn('ada@example.com', PASSWORD);
    await byPage(fake, world.browser(), 'github', { subject: '7', email: 'grace@example.com' });
    const far = world.browser({ address: '203.0.113.9', userAgent: 'another' });
    await world.signedUp('eve@example.com');
    assert.equal((await far.signIn('eve@example.com', PASSWORD)).body['status'], 'UNVERIFIED');
    assert.equal((await far.call('verifySignIn', { securityCode: await world.codeFor('eve@example.com') })).status, 200);

    await addClient(world, 'space-snake');
    const game = (await grantClient(world, (await sessionOf(world, owner)).id, 'space-snake')) ?? '';
    await refreshByBody(world, game, 'space-snake', `0.${'A'.repeat(22)}`);
    await refreshByBody(world, game, 'space-snake', `0.${'B'.repeat(22)}`);
    const thief = owner.copy();
    const attempt = owner.newAttempt();
    await owner.refresh({ attempt });
    const late = thief.copy();
    assert.equal((await late.refresh({ attempt })).body['kind'], 'replayed');
    assert.equal((await thief.refresh()).body.error, 'session_held');
    await owner.refresh();
    world.clock.advance(61_000);
    await owner.call('resendCode');
    await owner.call('verifySignIn', { securityCode: await world.codeFor('ada@example.com') });

    const { value, text } = await scrape(world);
    const signIns = (way: string, result: string, reason = 'none') => value('portico_sign_ins_total', { way, result, reason });
    assert.deepEqual(
      [signIns('password', 'signed_in'), signIns('password', 'refused', 'wrong_credentials'), signIns('password', 'waiting')],
      [1, 2, 1],
      text,
    );
    assert.deepEqual([signIns('github', 'signed_in'), signIns('code', 'signed_in')], [1, 1]);
    const signUps = (way: string, result: string, reason = 'none') => value('portico_sign_ups_total', { way, result, reason });
    assert.deepEqual([signUps('password', 'begun'), signUps('password', 'refused', 'invalid_fields')], [2, 1]);
    assert.deepEqual([signUps('password', 'completed'), signUps('github', 'completed')], [2, 1]);
    const refreshes = (kind: string, family = 'first_party') => value('portico_refreshes_total', { kind, family });
    assert.deepEqual([refreshes('rotated'), refreshes('replayed'), refreshes('held')], [1, 1, 2]);
    assert.deepEqual([refreshes('rotated', 'client'), refreshes('ended', 'client'), refreshes('failed', 'client')], [1, 1, 0]);
    assert.equal(value('portico_refresh_incidents_total', { kind: 'reuse' }), 2);
    const holds = (result: string) => value('portico_holds_total', { result });
    assert.deepEqual([holds('held'), holds('recovered'), holds('ended')], [1, 1, 0]);
    const guesses = (what: string, verdict: string) => value('portico_guesses_total', { what, verdict });
    assert.deepEqual([guesses('password', 'right'), guesses('password', 'wrong'), guesses('code', 'right')], [2, 2, 4]);
    assert.equal(value('portico_refusals_total', { code: 'wrong_credentials' }), 2);
  },
  { config: { ...watched.config, providers: fake.access }, deps: { network: fake.network } },
);

inWorld(
  'requests are counted by the path as registered; methods, paths, names and versions of strangers are one word: other',
  async (world) => {
    const browser = world.browser();
    await scrape(world);
    const before = (await scrape(world)).text.split('\n').length;
    for (let n = 0; n < 200; n += 1) {
      const canary = `canary${n}`;
      await browser.send('GET', `/${canary}/${canary}?${canary}=${canary}`);
      await browser.send('GET', authPath('session'), undefined, {
        headers: { 'user-agent': canary, 'x-request-id': canary, host: canary },
      });
      await browser.call('signIn', { email: `${canary}@example.com`, password: PASSWORD }, { params: { authProvider: canary } });
      await browser.call('providerStart', undefined, { params: { authProvider: canary } });
      await world.app.inject({ method: 'PROPFIND' as 'GET', url: `/${canary}` });
    }
    const { text, value } = await scrape(world);
    assert.ok(!text.includes('canary'));
    assert.ok(text.split('\n').length < before + 120, 'a thousand calls are not a thousand lines');
    const requests = (method: string, route: string, status: string) => value('portico_http_requests_total', { method, route, status });
    assert.equal(requests('GET', authPath('session'), '2xx'), 200);
    assert.equal(requests('GET', 'other', '4xx'), 200, 'addresses that are not ours');
    assert.equal(requests('other', 'other', '4xx'), 200, 'methods that are not ours');
    assert.equal(value('portico_http_request_duration_seconds_count', { method: 'GET', route: authPath('session') }), 200);
    assert.equal(value('portico_http_request_duration_seconds_bucket', { method: 'GET', route: authPath('session'), le: '+Inf' }), 200);
  },
  watched,
);

forEachDatabase('the tally itself takes no name that nobody admitted, whoever hands it in', async (open) => {
  const world = await openWorld(await open(), watched);
  try {
    world.deps.tally.count('signIns', { way: 'evil"} 1\nforged 1', result: 'signed_in', reason: 'none' });
    world.deps.tally.count('jobRuns', { job: 'evil', result: 'done' });
    const { text, value } = await scrape(world);
    assert.ok(!text.includes('evil') && !text.includes('forged'));
    assert.equal(value('portico_sign_ins_total', { way: 'other', result: 'signed_in', reason: 'none' }), 1);
  } finally {
    await world.close();
  }
});

forEachDatabase(
  'a revocation of another process is counted with the time that it took to come here, one of our own is not',
  async (open) => {
    const db = await open();
    const world = await openWorld(db, watched);
    try {
      const { deps, clock } = world;
      const mark = await readRevocations(deps, NOTHING_READ);
      deps.revoked.add(await insertRevocation(db, deps, { kind: 'sid', subject: 'ours', minimumUv: null }));
      await insertRevocation(db, deps, { kind: 'sid', subject: 'theirs', minimumUv: null });
      clock.advance(700);
      await readRevocations(deps, mark);
      await readRevocations(deps, NOTHING_READ);
      clock.advance(400);
      const { value } = await scrape(world);
      assert.equal(value('portico_revocation_lag_seconds_count'), 1);
      assert.equal(value('portico_revocation_lag_seconds_sum'), 0.7);
      assert.deepEqual(
        ['0.5', '1'].map((le) => value('portico_revocation_lag_seconds_bucket', { le })),
        [0, 1],
      );
      assert.equal(value('portico_revocations_known'), 2);
      assert.equal(value('portico_revocations_read_age_seconds'), 0.4);
      // What stood there before a process began did not come late to it.
      const second = await openWorld(db, { ...watched, clock });
      assert.equal((await scrape(second)).value('portico_revocation_lag_seconds_count'), 0);
      await second.close();
    } finally {
      await world.close();
    }
  },
);

forEachDatabase('letters are counted by kind as the mail server took them, and the outbox by what waits', async (open) => {
  const catcher = await startSmtpCatcher();
  const world = await openWorld(await open(), { config: { ...watched.config, smtpUrl: `smtp://127.0.0.1:${catcher.port}?tls=none` } });
  try {
    await world.browser().call('signUp', { email: 'ada@example.com', password: PASSWORD });
    world.clock.advance(30_000);
    const waiting = await scrape(world);
    assert.equal(waiting.value('portico_outbox_waiting', { outbox: 'letters' }), 1);
    assert.equal(waiting.value('portico_outbox_oldest_age_seconds', { outbox: 'letters' }), 30);
    const jobs = startJobs(world.deps, 'here');
    await jobs.stop();
    assert.equal(await runJob(world.deps, 'deliver-mail'), 'done');
    world.clock.advance(6_000);
    const { value } = await scrape(world);
    assert.equal(value('portico_letters_total', { kind: 'verifyAddress', result: 'sent' }), 1);
    assert.equal(value('portico_outbox_waiting', { outbox: 'letters' }), 0);
    assert.equal(value('portico_outbox_oldest_age_seconds', { outbox: 'letters' }), 0);
    assert.equal(value('portico_job_runs_total', { job: 'deliver-mail', result: 'done' }), 1);
    assert.equal(value('portico_job_duration_seconds_count', { job: 'deliver-mail' }), 1);
  } finally {
    await world.close();
    await catcher.close();
  }
});

forEachDatabase('the figures of the database are asked for once in five seconds, however often somebody looks', async (open) => {
  const { db, tap } = tapDatabase(await open());
  const world = await openWorld(db, watched);
  try {
    await scrape(world);
    tap.forget();
    for (let n = 0; n < 20; n += 1) await scrape(world);
    assert.deepEqual(tap.statements(), []);
    world.clock.advance(5000);
    await scrape(world);
    assert.ok(tap.statements().length > 0);
  } finally {
    await world.close();
  }
});

forEachDatabase('an error of the database costs its own figures and none of the others', async (open) => {
  const { db, tap } = tapDatabase(await open());
  const world = await openWorld(db, watched);
  try {
    tap.before('from mails', () => {
      throw new Error('canary of a statement');
    });
    const { value, text } = await scrape(world);
    assert.equal(value('portico_database_up'), 0);
    assert.ok(!text.includes('portico_outbox_waiting') && !text.includes('canary'));
    assert.ok(text.includes('portico_password_hashes_running') && text.includes('process_resident_memory_bytes'));
    assert.equal((await scrape(world)).value('portico_database_up'), 1, 'it is asked again');
  } finally {
    await world.close();
  }
});

forEachDatabase('hashes that run, wait and were refused are on the page', async (open) => {
  const hasher = createPasswordHasher({ parallel: 1, queue: 2 });
  const world = await openWorld(await open(), { ...watched, deps: { hasher } });
  try {
    const works = [1, 2, 3, 4].map((n) => hasher.hash(`${PASSWORD}${n}`).catch(() => undefined));
    const { running, waiting, refused } = hasher.figures();
    assert.deepEqual([running, waiting, refused], [1, 2, 1]);
    await Promise.all(works);
    const { value } = await scrape(world);
    assert.deepEqual(
      ['running', 'waiting', 'refused_total'].map((what) => value(`portico_password_hashes_${what}`)),
      [0, 0, 1],
    );
  } finally {
    await world.close();
  }
});

inWorld(
  'the page says which Portico it is and how busy its database is',
  async (world) => {
    await world.browser().send('GET', PAGES.landing);
    const { text, names } = await scrape(world);
    assert.match(text, /portico_build_info\{version="\d[^"]*",database="(?:sqlite|postgres)"\} 1/);
    for (const name of ['portico_database_waiting', 'portico_clock_ahead_seconds', 'nodejs_eventloop_lag_p99_seconds'])
      assert.ok(names.has(name), name);
    assert.ok(names.has('portico_sqlite_commits_total') || names.has('portico_database_connections'));
  },
  watched,
);

test('a frozen PostgreSQL costs a page its own figures and two seconds, and ten pages not more [postgres]', async (t) => {
  if (await skippedWithoutPostgres(t)) return;
  const fresh = await freshDatabase('postgres');
  const url = new URL(fresh.where.databaseUrl);
  const wire = await startFreezableProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${wire.port}`;
  const db = openDatabase({ databaseUrl: url.href, dataDir: '' });
  const world = await openWorld(db, watched);
  try {
    assert.equal((await scrape(world)).value('portico_database_up'), 1);
    world.clock.advance(10_000);
    wire.freeze();
    const begun = performance.now();
    const pages = await Promise.all(Array.from({ length: 10 }, () => scrape(world)));
    assert.ok(performance.now() - begun < 3000, 'three seconds is what everything else in Portico is given');
    for (const { value, names } of pages) {
      assert.equal(value('portico_database_up'), 0);
      assert.ok(names.has('portico_refreshes_total') && !names.has('portico_outbox_waiting'));
    }
    assert.ok(db.figures().waiting === 0, 'nobody queues up behind a page');
    wire.thaw();
    for (let tries = 0; (await scrape(world)).value('portico_database_up') === 0; tries += 1) assert.ok(tries < 20, 'it answers again');
  } finally {
    await world.close();
    await db.close();
    await wire.close();
    await fresh.drop();
  }
});

test('every figure on the page stands in docs/observability.md, and no other', async () => {
  const written = readFileSync(join(ROOT, 'docs/observability.md'), 'utf8');
  const named = new Set([...written.matchAll(/^\| `(portico_\w+)`/gm)].map(([, name = '']) => name));
  const shown = new Set<string>();
  for (const dialect of DIALECTS) {
    const fresh = await freshDatabase(dialect);
    const world = await openWorld(fresh.db, watched);
    for (const [, name = ''] of (await scrape(world)).text.matchAll(/^# TYPE (portico_\w+) /gm)) shown.add(name);
    await world.close();
    await fresh.drop();
  }
  assert.deepEqual([...named].sort(), [...shown].sort());
});
