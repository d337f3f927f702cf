import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PAGES } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../src/app.ts';
import { saveFirstPartyClient } from '../src/clients/client.ts';
import type { Config } from '../src/config.ts';
import type { Deps } from '../src/deps.ts';
import { openVault } from '../src/keys/open-vault.ts';
import { loadKeyring } from '../src/keys/rotate-keys.ts';
import { newestLetters } from '../src/mail/outbox.ts';
import type { Db } from '../src/platform/db.ts';
import { silentLog } from '../src/platform/log.ts';
import { ARGON2, createPasswordHasher } from '../src/platform/password-hasher.ts';
import { createReachedLimits } from '../src/platform/reached-limits.ts';
import { createRevokedSet } from '../src/platform/revoked-set.ts';
import { createTally } from '../src/platform/tally.ts';
import { createThisNode } from '../src/platform/this-node.ts';
import { watchRevocations } from '../src/revocations/watch.ts';
import { Browser, type BrowserOptions } from './browser.ts';
import { forEachDatabase } from './databases.ts';
import { noNetwork } from './no-network.ts';
import { lendRsaKey } from './rsa-keys.ts';

export const ORIGIN = 'http://localhost:4000';
/** 2026-01-05 12:00 UTC, a Monday; every held clock starts here. */
export const START = Date.UTC(2026, 0, 5, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const PASSWORD = 'correct horse battery staple';

export interface Clock {
  now(): number;
  advance(milliseconds: number): void;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly at: number;
}

/** A whole Portico in memory: real routes and real SQL, a held clock, an open mailbox. */
export interface World {
  readonly deps: Deps;
  readonly app: FastifyInstance;
  readonly clock: Clock;
  /** A browser with an empty jar, at an address of its own. */
  browser(options?: BrowserOptions): Browser;
  /** Newest first. */
  mails(): Promise<readonly Mail[]>;
  /** The code of the newest letter to this address that has one. */
  codeFor(email: string): Promise<string>;
  /** The token of the link to `page` in the newest letter to this address that has one. */
  tokenFor(email: string, page: keyof typeof PAGES): Promise<string>;
  /** A browser that has signed up, typed its code, and is signed in. */
  signedUp(email: string, options?: BrowserOptions & { password?: string; keep?: boolean }): Promise<Browser>;
  /** Waits for the work that runs after answers. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export function testConfig(overrides: Partial<Config> = {}): Config {
  return {
    mode: 'test',
    origin: ORIGIN,
    appOrigin: ORIGIN,
    apiOrigin: ORIGIN,
    assetBase: '',
    host: '127.0.0.1',
    port: 0,
    dataDir: '',
    databaseUrl: '',
    databaseConnections: 10,
    redisUrl: '',
    smtpUrl: '',
    mailFrom: 'Portico <no-reply@localhost>',
    masterKey: Buffer.alloc(32, 7),
    nextMasterKey: null,
    trustedProxies: [],
    outgoingNetworks: [],
    accessTokenLife: 5 * MINUTE,
    sessionLife: 30 * DAY,
    sessionIdle: 30 * DAY,
    unverifiedLife: 12 * HOUR,
    codeLife: 10 * MINUTE,
    passwordMin: 15,
    eventLife: 180 * DAY,
    signup: 'open',
    signupDomains: [],
    staticDir: '',
    providers: {},
    demo: 'off',
    drainDelay: 0,
    metricsToken: '',
    accessLog: 'off',
    logLevel: 'silent',
    ...overrides,
  };
}

export function heldClock(start: number = START): Clock {
  let now = start;
  return {
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}

export interface WorldOptions {
  readonly config?: Partial<Config>;
  readonly clock?: Clock;
  readonly deps?: Partial<Deps>;
}

/** Opens a world on a migrated database. Two worlds on one database are two nodes. */
export async function openWorld(
  db: Db,
  { config: overrides = {}, clock = heldClock(), deps: replaced = {} }: WorldOptions = {},
): Promise<World> {
  const config = testConfig(overrides);
  const after = new Set<Promise<void>>();
  await lendRsaKey({ db, now: clock.now(), masterKey: config.masterKey });
  const vault = await openVault({ db, now: clock.now, config });
  const keys = await loadKeyring({ db, now: clock.now, vault });
  const deps: Deps = {
    config,
    db,
    keys,
    vault,
    // The cheapest argon2 there is: what is tested is that it is called, not how long it takes.
    hasher: createPasswordHasher({ parallel: 2, queue: 1000, options: { ...ARGON2, memoryCost: 64, timeCost: 1 } }),
    revoked: createRevokedSet(),
    reached: createReachedLimits(null, clock.now),
    log: silentLog,
    node: createThisNode(randomBytes),
    tally: createTally(),
    network: noNetwork(),
    now: clock.now,
    random: randomBytes,
    mailWaits: () => undefined,
    afterAnswer: (work) => {
      // In a later turn, as in production: what runs after an answer must not have begun before it.
      const done: Promise<void> = nextTurn()
        .then(work)
        .finally(() => after.delete(done));
      after.add(done);
    },
    ...replaced,
  };
  await saveFirstPartyClient(deps);
  const watch = await watchRevocations(deps);
  const app = await buildApp(deps);
  await app.ready();
  let networks = 0;

  const world: World = {
    deps,
    app,
    clock,
    browser: (options = {}) => {
      networks += 1;
      return new Browser(app, clock, {
        address: `198.51.${Math.floor(networks / 250)}.${(networks % 250) + 1}`,
        origin: config.appOrigin,
        ...options,
      });
    },
    mails: async () => newestLetters(deps, 1000),
    codeFor: async (email) => {
      const mail = (await world.mails()).find((one) => one.to === email && /\b\d{8}\b/.test(one.text));
      const code = /\b\d{8}\b/.exec(mail?.text ?? '')?.[0];
      if (code === undefined) throw new Error(`no code was mailed to ${email}`);
      return code;
    },
    tokenFor: async (email, page) => {
      const link = new RegExp(`${PAGES[page]}\\?(?:token|invite)=([A-Za-z0-9_-]+)`);
      const mail = (await world.mails()).find((one) => one.to === email && link.test(one.text));
      const token = link.exec(mail?.text ?? '')?.[1];
      if (token === undefined) throw new Error(`no link to ${PAGES[page]} was mailed to ${email}`);
      return token;
    },
    signedUp: async (email, { password = PASSWORD, keep = true, ...options } = {}) => {
      const browser = world.browser(options);
      const begun = await browser.call('signUp', { email, password, keep });
      if (begun.status !== 200) throw new Error(`sign-up answered ${begun.status} ${begun.text}`);
      const done = await browser.call('verifySignIn', { securityCode: await world.codeFor(email) });
      if (done.status !== 200) throw new Error(`verify answered ${done.status} ${done.text}`);
      return browser;
    },
    settled: async () => {
      await Promise.all(after);
    },
    close: async () => {
      await Promise.allSettled(after);
      watch.stop();
      await app.close();
    },
  };
  return world;
}

/** A test that runs in a world of its own on each database. */
export function inWorld(name: string, body: (world: World, t: TestContext) => Promise<void>, options: WorldOptions = {}): void {
  forEachDatabase(name, async (open, t) => {
    const world = await openWorld(await open(), { ...options, clock: options.clock ?? heldClock() });
    try {
      await body(world, t);
    } finally {
      await world.close();
    }
  });
}
