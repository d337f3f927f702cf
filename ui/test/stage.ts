import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import type { ErrorCode } from '@portico/protocol/errors';
import { authPath, PAGES } from '@portico/protocol/routes';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { hydrated, launchChromium, openPage, reasonToSkip } from './browser.ts';
import { type PageServer, startPageServer } from './page-server.ts';
import { type Sample, sampleViews } from './sample-views.ts';

/** What a page asked of the API. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly attempt: string | undefined;
  readonly csrf: string | undefined;
  readonly authorization: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly cookies?: readonly string[];
}

/** `'POST /path'` -> what is answered. What is not here is 503. */
export type PlayedApi = Readonly<Record<string, () => Reply | Promise<Reply>>>;

/** The built pages in Chromium, at their own paths, before an API that each test plays. */
export interface Stage {
  readonly origin: string;
  readonly heard: readonly Heard[];
  play(api: PlayedApi): void;
  /** Page path -> what the server renders there. */
  show(samples: Readonly<Record<string, string | Sample>>): void;
  open(page: Page, path: string): Promise<void>;
  /** A test in a browser profile of its own, which must not complain about anything. */
  test(name: string, work: (page: Page) => Promise<void>, options?: BrowserContextOptions): void;
}

const PHONE = { viewport: { width: 360, height: 740 } };
const USUAL = {
  [PAGES.signIn]: 'sign-in',
  [PAGES.signUp]: 'sign-up',
  [PAGES.setup]: 'setup',
  [PAGES.dashboard]: 'dashboard-renew',
  [PAGES.dashboardSites]: 'sites-renew',
  [PAGES.dashboardSecurity]: 'security-renew',
  [PAGES.dashboardActivity]: 'activity-renew',
  [PAGES.dashboardAccount]: 'account-renew',
  [PAGES.dashboardProof]: 'confirm-renew',
  [PAGES.verifySignIn]: 'verify-held',
};

export function setStage(): Stage {
  const skip = reasonToSkip();
  let server: PageServer;
  let browser: Browser;
  let api: PlayedApi = {};
  let shown: Readonly<Record<string, string | Sample>> = USUAL;
  const heard: Heard[] = [];

  before(async () => {
    if (skip !== false) return;
    server = await startPageServer(answer, sampleAt);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(() => {
    api = {};
    shown = USUAL;
    heard.length = 0;
  });

  function sampleAt(path: string): Sample | undefined {
    const sample = shown[path];
    return typeof sample === 'string' ? sampleViews.find(({ name }) => name === sample) : sample;
  }

  function answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (!request.url?.startsWith('/api/')) return false;
    void reply(request, response);
    return true;
  }

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    heard.push({
      method,
      path,
      body: Buffer.concat(parts).toString(),
      attempt: headers[HEADERS.attempt]?.toString(),
      csrf: headers[HEADERS.csrf]?.toString(),
      authorization: headers.authorization,
    });
    const { status, body, cookies = [] } = (await api[`${method} ${path}`]?.()) ?? refusal(503, 'unavailable');
    response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': [...cookies] });
    response.end(body === undefined ? '' : JSON.stringify(body));
  }

  return {
    get origin() {
      return server.origin;
    },
    heard,
    play: (next) => {
      api = next;
    },
    show: (samples) => {
      shown = { ...USUAL, ...samples };
    },
    open: async (page, path) => {
      await page.goto(server.origin + path);
      await hydrated(page);
    },
    test: (name, work, options = PHONE) => {
      void test(name, { skip }, async () => {
        const { page, complaints, close } = await openPage(browser, options);
        try {
          await work(page);
          assert.deepEqual(complaints, []);
        } finally {
          await close();
        }
      });
    },
  };
}

export function refusal(status: number, error: ErrorCode, more: object = {}): Reply {
  return { status, body: { error, ...more } };
}

const user = { id: 'usr_1', email: 'ada@example.com', displayName: 'Ada Lovelace', role: 'user' };
const moments = { createdAt: Date.now(), lastSeenAt: Date.now(), expiresAt: Date.now() };
const here = {
  id: 'ses_1',
  current: true,
  device: 'Firefox on Windows',
  address: '203.0.113.•••',
  methods: ['pwd'],
  sites: ['Notes'],
  ...moments,
};
const elsewhere = { ...here, id: 'ses_2', current: false, device: 'Safari on iPhone' };

export function sessionsReply(...items: readonly (typeof here)[]): Reply {
  return { status: 200, body: { items, next: null } };
}

export const sessions = { here, elsewhere };

/** A password, one linked service, and one that could be linked. */
export const waysIn = {
  items: [{ authProvider: 'github', service: 'GitHub', label: 'ada', offered: true, linkedAt: 1, lastUsedAt: 1, hasTokens: true }],
  linkable: [{ authProvider: 'google', service: 'Google' }],
  hasPassword: true,
};

/** A site that is open here and on the phone. */
export const notes = {
  clientId: 'notes',
  name: 'Notes',
  kind: 'web',
  scopes: ['openid'],
  roles: [],
  since: 1,
  lastUsedAt: 1,
  open: 2,
  current: true,
};

/** What a refresh answers. */
export const granted: Reply = {
  status: 200,
  body: { kind: 'rotated', accessToken: 'access-1', expiresIn: 300, gen: 1, csrfToken: 'csrf-1', user },
  cookies: [`${COOKIES.generation}=1; Path=/`],
};

/** An API where Ada is signed in, here and on a phone. */
export const signedIn: PlayedApi = {
  [`POST ${authPath('refresh')}`]: () => granted,
  [`GET ${authPath('session')}`]: () => ({ status: 200, body: { status: 'VERIFIED', gen: 0, csrfToken: 'csrf-0' } }),
  [`GET ${authPath('me')}`]: () => ({ status: 200, body: { ...user, createdAt: Date.now(), freshUntil: Date.now() + 600_000 } }),
  [`GET ${authPath('myIdentities')}`]: () => ({ status: 200, body: waysIn }),
  [`GET ${authPath('mySessions')}`]: () => sessionsReply(here, elsewhere),
  [`GET ${authPath('mySites')}`]: () => ({ status: 200, body: { items: [notes] } }),
};
