import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, AUTH_PREFIX, authPath, PAGES, SYSTEM } from '@portico/protocol/routes';
import { startJobs } from '../../src/jobs/runner.ts';
import { createAfterwork } from '../../src/platform/afterwork.ts';
import type { Db } from '../../src/platform/db.ts';
import { currentRequest } from '../../src/platform/request-id.ts';
import { forEachDatabase } from '../databases.ts';
import { beginPage, bring, fakeProviders } from '../fake-providers.ts';
import { heldClock, ORIGIN, openWorld, PASSWORD, type World, type WorldOptions } from '../world.ts';
import { type Logbook, openLogbook } from './logbook.ts';

/** Every line that a request causes names it, wherever it is written; no other line does; and who names it is we, or a declared proxy. */

const fake = await fakeProviders();

function logged(name: string, body: (world: World, book: Logbook) => Promise<void>, options: WorldOptions = {}): void {
  forEachDatabase(name, async (open) => {
    const book = openLogbook();
    const deps = { log: book.log, afterAnswer: createAfterwork(book.log).begin, ...options.deps };
    const world = await openWorld(await open(), { ...options, deps, clock: heldClock() });
    try {
      await body(world, book);
    } finally {
      await world.close();
    }
  });
}

logged(
  'of twenty requests at once, each line that is written deep below names its own',
  async (world, book) => {
    fake.spoil = async () => {
      await sleep(Math.random() * 20);
      throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const browser = world.browser();
        const begun = await beginPage(browser, 'github');
        return bring(browser, 'github', fake.consent(begun, { subject: '7', email: null }));
      }),
    );
    fake.honest();
    // A busy database may have refused some before anybody was asked.
    const asked = answers.filter(({ body }) => body.error === 'provider_failed').map(({ headers }) => String(headers[HEADERS.requestId]));
    const lines = book.lines('a provider cannot be reached').map(({ requestId }) => String(requestId));
    assert.ok(asked.length > 5 && new Set(asked).size === asked.length);
    assert.deepEqual(new Set(lines), new Set(asked));
  },
  { config: { providers: fake.access }, deps: { network: fake.network } },
);

logged('work after an answer that fails is logged with the request that began it, a body or not', async (world, book) => {
  const { deps } = world;
  deps.afterAnswer(() => Promise.reject(new Error('of nobody')));
  await until(() => book.lines('work after an answer failed').length > 0);
  assert.ok(book.lines('work after an answer failed').every(({ requestId }) => requestId === undefined));
  const { db } = deps;
  const failing = await openWorld(
    {
      ...db,
      all: (sql, values) => (sql.includes('mail_links') ? Promise.reject(new Error('lost')) : db.all(sql, values)),
      transaction: () => Promise.reject(new Error('lost')),
    },
    { deps: { log: book.log, afterAnswer: deps.afterAnswer } },
  );
  await world.signedUp('ada@example.com');
  const asked = await failing.browser().call('forgotPassword', { email: 'ada@example.com' });
  await until(() => book.lines('work after an answer failed').length > 1);
  assert.equal(book.lines('work after an answer failed').at(-1)?.requestId, asked.headers[HEADERS.requestId]);
  await failing.close();
});

logged('a job that a request woke works in nobody’s name, then and ever after', async (world, book) => {
  const jobs = startJobs(world.deps, 'here', {
    'deliver-mail': { every: 20, run: async (deps) => deps.log.info({ inside: currentRequest() }, 'the job ran') },
  });
  const waking = await openWorld(world.deps.db, {
    clock: world.clock,
    deps: { log: book.log, mailWaits: () => jobs.wake('deliver-mail') },
  });
  await waking.browser().call('signUp', { email: 'ada@example.com', password: PASSWORD });
  await until(() => book.lines('the job ran').length > 2);
  await jobs.stop();
  await waking.close();
  for (const line of book.lines('the job ran')) assert.deepEqual([line.requestId, line['inside']], [undefined, '']);
});

const NAMED = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

logged(
  'a declared proxy may name a request; a stranger, or a name of another form, is not heard',
  async (world) => {
    const ask = async (remoteAddress: string, name: string, header: string = HEADERS.requestId) => {
      const answered = await world.app.inject({ url: SYSTEM.health, remoteAddress, headers: { [header]: name } });
      return answered.headers[HEADERS.requestId];
    };
    assert.equal(await ask('10.1.2.3', NAMED), NAMED);
    assert.equal(await ask('::ffff:10.1.2.3', NAMED), NAMED, 'the same proxy on a socket of both kinds');
    for (const stranger of ['192.0.2.7', '11.1.2.3', '::1']) assert.notEqual(await ask(stranger, NAMED), NAMED, stranger);
    const malformed = [
      'short',
      `${NAMED} `,
      `${NAMED}"`,
      `${NAMED}\u00e9`,
      `${NAMED}{}`,
      '-'.repeat(32),
      'x'.repeat(65),
      '<script>alert(1)</script>',
    ];
    for (const name of malformed) assert.notEqual(await ask('10.1.2.3', name), name, name);
    assert.notEqual(await ask('10.1.2.3', NAMED, 'x-correlation-id'), NAMED);
    const forwarded = { [HEADERS.requestId]: NAMED, 'x-forwarded-for': '10.1.2.3' };
    const behind = await world.app.inject({ url: SYSTEM.health, remoteAddress: '192.0.2.7', headers: forwarded });
    assert.notEqual(behind.headers[HEADERS.requestId], NAMED, 'whoever says to be a proxy is none');
  },
  { config: { trustedProxies: ['10.0.0.0/8'] } },
);

logged('without a declared proxy nobody names a request', async (world) => {
  const answered = await world.app.inject({ url: SYSTEM.health, remoteAddress: '127.0.0.1', headers: { [HEADERS.requestId]: NAMED } });
  assert.notEqual(answered.headers[HEADERS.requestId], NAMED);
});

logged(
  'each answer has one line: method, path as registered, status, duration, request; and nothing that was sent',
  async (world, book) => {
    const browser = world.browser({ userAgent: 'canary-agent' });
    const traceparent = `00-${'4bf92f3577b34da6a3ce929d0e0e4736'}-00f067aa0ba902b7-01`;
    const answers = [
      await browser.send('GET', `${authPath('session')}?canary=1`, undefined, { headers: { traceparent } }),
      await browser.signIn('canary@example.com', 'canary of a password'),
      await browser.send('GET', `/canary/${'x'.repeat(40)}?canary=1`, undefined, { headers: { traceparent: 'canary' } }),
      await browser.call('providerStart', undefined, { params: { authProvider: 'canary' } }),
      await browser.send('GET', PAGES.signIn, undefined, {
        headers: { accept: 'text/html', traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
      }),
    ];
    const lines = book.lines('request');
    assert.equal(lines.length, answers.length);
    assert.ok(!book.raw().includes('canary'));
    const keys = ['level', 'method', 'milliseconds', 'msg', 'requestId', 'route', 'status', 'time'];
    const routes = [authPath('session'), authPath('signInCredential'), 'none', AUTH_PREFIX + AUTH_PATHS.providerStart, PAGES.signIn];
    for (const [at, line] of lines.entries()) {
      assert.deepEqual(Object.keys(line).sort(), at === 0 ? [...keys, 'trace'].sort() : keys);
      assert.deepEqual([line.requestId, line['status']], [answers[at]?.headers[HEADERS.requestId], answers[at]?.status]);
      assert.equal(line['route'], routes[at]);
      assert.equal(typeof line['milliseconds'], 'number');
    }
    assert.equal(lines[0]?.['trace'], '4bf92f3577b34da6a3ce929d0e0e4736');
  },
  { config: { accessLog: 'on' } },
);

logged('a body that comes in parts over a connection of several requests changes no name', async (world, book) => {
  const { db } = world.deps;
  const lost: Db = { ...db, transaction: () => Promise.reject(new Error('lost')) };
  await world.signedUp('ada@example.com');
  const failing = await openWorld(lost, { deps: { log: book.log, afterAnswer: world.deps.afterAnswer } });
  const origin = await failing.app.listen({ port: 0, host: '127.0.0.1' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const ids: (string | undefined)[] = [];
    for (let n = 0; n < 3; n += 1) {
      const headers = { 'content-type': 'application/json', origin: ORIGIN, 'sec-fetch-site': 'same-origin' };
      const sent = request(origin + authPath('forgotPassword'), { method: 'POST', headers, agent });
      sent.write('{"email":"ada@');
      await sleep(20);
      sent.end('example.com"}');
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      assert.equal(answer.statusCode, 204);
      ids.push(answer.headers[HEADERS.requestId] as string);
      await until(() => book.lines('work after an answer failed').length > n);
    }
    assert.deepEqual(
      book.lines('work after an answer failed').map(({ requestId }) => requestId),
      ids,
    );
  } finally {
    agent.destroy();
    await failing.close();
  }
});

test('no request, no name', () => assert.equal(currentRequest(), ''));

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; !done(); tries += 1) {
    assert.ok(tries < 400, 'it happened');
    await sleep(10);
  }
}
