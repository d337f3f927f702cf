import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { authPath, fillPath, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { Browser } from 'playwright-core';
import { hydrated, launchChromium, type OpenPage, openPage, reasonToSkip } from './browser.ts';
import { type PageServer, startPageServer } from './page-server.ts';
import { type Sample, sampleViews } from './sample-views.ts';

/** What the pages do once their script runs, against an API that a test plays. The real server behind them is tested elsewhere. */
const skip = reasonToSkip();
const SIGN_IN = fillPath(authPath('signIn'), { authProvider: 'credential' });
const PHONE = { viewport: { width: 360, height: 740 } };

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly attempt: string | undefined;
  readonly csrf: string | undefined;
  readonly authorization: string | undefined;
}
interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly cookies?: readonly string[];
}

let server: PageServer;
let browser: Browser;
let tab: OpenPage;
let heard: Heard[] = [];
let api: Readonly<Record<string, (heard: Heard) => Reply | Promise<Reply>>> = {};
let shown: Readonly<Record<string, string | Sample>> = {};

function answer(request: IncomingMessage, response: ServerResponse): boolean {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (!path.startsWith('/api/')) return false;
  void (async () => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const one: Heard = {
      method: request.method ?? '',
      path,
      body: Buffer.concat(parts).toString(),
      attempt: request.headers[HEADERS.attempt]?.toString(),
      csrf: request.headers[HEADERS.csrf]?.toString(),
      authorization: request.headers.authorization,
    };
    heard.push(one);
    const reply = (await api[`${one.method} ${path}`]?.(one)) ?? { status: 503, body: { error: 'unavailable' } };
    response.writeHead(reply.status, { 'content-type': 'application/json', 'set-cookie': [...(reply.cookies ?? [])] });
    response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
  })();
  return true;
}

function sampleAt(path: string): Sample | undefined {
  const sample = shown[path];
  return typeof sample === 'string' ? sampleViews.find(({ name }) => name === sample) : sample;
}

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
  heard = [];
  api = {};
  shown = { [PAGES.signIn]: 'sign-in', [PAGES.signUp]: 'sign-up', [PAGES.dashboard]: 'dashboard-renew', [PAGES.verifySignIn]: 'verify-held' };
});

/** Each test in a browser profile of its own. */
function inBrowser(name: string, work: (tab: OpenPage) => Promise<void>, options: Parameters<typeof openPage>[1] = PHONE): void {
  test(name, { skip }, async () => {
    tab = await openPage(browser, options);
    try {
      await work(tab);
      assert.deepEqual(tab.complaints, []);
    } finally {
      await tab.close();
    }
  });
}

async function open(path: string): Promise<void> {
  await tab.page.goto(server.origin + path);
  await hydrated(tab.page);
}

const user = { id: 'usr_1', email: 'ada@example.com', displayName: 'Ada Lovelace', role: 'user' };
const session = { id: 'ses_1', current: true, device: 'Firefox on Windows', address: '203.0.113.•••', methods: ['pwd'] };
const moments = { createdAt: Date.now(), lastSeenAt: Date.now(), expiresAt: Date.now() };
const sessions = [
  { ...session, ...moments },
  { ...session, ...moments, id: 'ses_2', current: false, device: 'Safari on iPhone' },
];
const grant = (gen: number): Reply => ({
  status: 200,
  body: { kind: 'rotated', accessToken: `access-${gen}`, expiresIn: 300, gen, csrfToken: `csrf-${gen}`, user },
  cookies: [`${COOKIES.generation}=${gen}; Path=/`],
});
const refusal = (status: number, error: string, more: object = {}): Reply => ({ status, body: { error, ...more } });
const account = {
  [`POST ${authPath('refresh')}`]: () => grant(1),
  [`GET ${authPath('session')}`]: () => ({ status: 200, body: { status: 'VERIFIED', gen: 0, csrfToken: 'csrf-0' } }),
  [`GET ${authPath('me')}`]: () => ({ status: 200, body: { user, createdAt: Date.now() } }),
  [`GET ${authPath('mySessions')}`]: () => ({ status: 200, body: { sessions } }),
};

inBrowser('what was typed before the script came is still there after it', async ({ page }) => {
  let release = (): void => {};
  const late = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/assets\/.*\.js/, async (route) => {
    await late;
    await route.continue();
  });
  await page.goto(server.origin + PAGES.signIn, { waitUntil: 'commit' });
  await page.fill('#email', 'ada@example.com');
  await page.fill('#password', 'four unrelated words');
  await page.uncheck('#keep');
  release();
  await hydrated(page);
  assert.equal(await page.inputValue('#email'), 'ada@example.com');
  assert.equal(await page.inputValue('#password'), 'four unrelated words');
  assert.equal(await page.isChecked('#keep'), false);
});

inBrowser('a sign-in sends what was typed as JSON, once however often it is clicked, and goes where it began', async ({ page }) => {
  api = {
    [`POST ${SIGN_IN}`]: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { status: 200, body: { status: 'VERIFIED' } };
    },
  };
  await open(PAGES.signIn);
  await page.fill('#email', 'ada@example.com');
  await page.fill('#password', 'four unrelated words');
  await page.evaluate(() => {
    for (let click = 0; click < 3; click += 1) document.querySelector('form')?.requestSubmit();
  });
  await page.waitForURL(server.origin + PAGES.dashboard);
  const sent = heard.filter(({ path }) => path === SIGN_IN);
  assert.equal(sent.length, 1);
  assert.deepEqual(JSON.parse(sent[0]?.body ?? ''), { email: 'ada@example.com', password: 'four unrelated words', keep: true });
});

inBrowser('a sign-in that needs a code goes where the answer says, and never to a script', async ({ page }) => {
  let verifyUrl = 'javascript:document.title="taken"';
  api = { [`POST ${SIGN_IN}`]: () => ({ status: 200, body: { status: 'UNVERIFIED', verifyUrl } }) };
  await open(PAGES.signIn);
  const answered = page.waitForResponse(server.origin + SIGN_IN);
  await page.click('[type=submit]');
  await answered;
  await page.waitForTimeout(100);
  assert.notEqual(await page.title(), 'taken');
  verifyUrl = PAGES.verifySignIn;
  await open(PAGES.signIn);
  await page.click('[type=submit]');
  await page.waitForURL(server.origin + PAGES.verifySignIn);
});

inBrowser('a refused sign-in says so in an alert with the focus, keeps what was typed and can be tried again', async ({ page }) => {
  api = { [`POST ${SIGN_IN}`]: () => refusal(401, 'wrong_credentials', { fields: { password: 'missing' }, retryAfter: 90 }) };
  await open(PAGES.signIn);
  await page.fill('#email', 'ada@example.com');
  for (let round = 0; round < 2; round += 1) {
    await page.click('[type=submit]');
    await page.waitForSelector('[role=alert]:focus');
    const alert = await page.innerText('[role=alert]');
    assert.ok(alert.includes(en.errors.wrong_credentials) && alert.includes('2 minutes'), alert);
    assert.equal(await page.innerText('#password-problem'), en.fields.missing);
    assert.equal(await page.inputValue('#email'), 'ada@example.com');
    assert.equal(await page.isEnabled('[type=submit]'), true);
  }
  assert.equal(heard.length, 2);
});

inBrowser('a password can be looked at, and is hidden again before it is sent', async ({ page }) => {
  api = { [`POST ${SIGN_IN}`]: () => refusal(401, 'wrong_credentials') };
  await open(PAGES.signIn);
  await page.fill('#password', 'four unrelated words');
  await page.click('.eye');
  assert.equal(await page.getAttribute('#password', 'type'), 'text');
  assert.equal(await page.getAttribute('.eye', 'aria-pressed'), 'true');
  await page.click('[type=submit]');
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.getAttribute('#password', 'type'), 'password');
});

inBrowser('a note tells that Caps Lock is on, and goes with it', async ({ page }) => {
  await open(PAGES.signIn);
  const press = (modifierCapsLock: boolean): Promise<void> =>
    page.dispatchEvent('#password', 'keydown', { key: 'a', modifierCapsLock, bubbles: true });
  await press(true);
  await page.waitForSelector(`text=${en.pages.password.capsLock}`);
  await press(false);
  await page.waitForSelector(`text=${en.pages.password.capsLock}`, { state: 'detached' });
});

inBrowser('the length of a new password is counted in characters, not in halves of an emoji', async ({ page }) => {
  await open(PAGES.signUp);
  await page.fill('#password', '🏛️'.repeat(7));
  assert.equal(await page.innerText('.meter span'), '14 of 15 characters');
  assert.equal(await page.getAttribute('.rules p', 'data-met'), 'false');
  await page.fill('#password', 'fifteen letters');
  assert.equal(await page.innerText('.meter span'), en.pages.newPassword.enough);
  assert.equal(await page.getAttribute('.rules p', 'data-met'), 'true');
});

inBrowser('a dashboard without an access token refreshes, asks who it is, and shows the account', async ({ page }) => {
  api = account;
  await open(PAGES.dashboard);
  await page.waitForSelector('text=Ada Lovelace');
  assert.equal(await page.locator('.sessions li').count(), 2);
  assert.equal(await page.locator('.sessions li').first().locator('.badge').innerText(), en.pages.dashboard.sessions.current);
  const [, refresh, me] = heard;
  assert.match(refresh?.attempt ?? '', /^0\.[A-Za-z0-9_-]{22}$/);
  assert.equal(me?.authorization, 'Bearer access-1');
});

for (const [error, status, target] of [
  ['refresh_invalid', 400, PAGES.signIn],
  ['session_ended', 400, `${PAGES.signIn}?notice=session_ended`],
  ['session_held', 403, PAGES.verifySignIn],
] as const) {
  inBrowser(`a dashboard whose refresh answers ${error} goes to ${target}`, async ({ page }) => {
    api = { ...account, [`POST ${authPath('refresh')}`]: () => refusal(status, error, { verifyUrl: PAGES.verifySignIn }) };
    await page.goto(server.origin + PAGES.dashboard);
    await page.waitForURL(server.origin + target);
  });
}

for (const [name, reply] of [
  ['503', refusal(503, 'unavailable')],
  ['a page of a gateway', { status: 502 }],
] as const) {
  inBrowser(`a dashboard that meets ${name} offers to try again and signs nobody out`, async ({ page }) => {
    api = { ...account, [`POST ${authPath('refresh')}`]: () => reply };
    await open(PAGES.dashboard);
    await page.waitForSelector('[role=alert]:focus');
    assert.equal(page.url(), server.origin + PAGES.dashboard);
    api = account;
    await page.getByRole('button', { name: en.pages.dashboard.tryAgain }).click();
    await page.waitForSelector('text=Ada Lovelace');
    const attempts = heard.filter(({ path }) => path === authPath('refresh')).map(({ attempt }) => attempt);
    assert.equal(attempts.length, 2);
    assert.equal(attempts[0], attempts[1], 'a retry is the same attempt');
  });
}

inBrowser('two tabs that open at once send the same attempt, out of one store', async ({ page }) => {
  // Both are asleep in the middle of the refresh, so neither lock nor news can help.
  let waiting: (() => void)[] = [];
  api = {
    ...account,
    [`POST ${authPath('refresh')}`]: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return grant(1);
    },
  };
  const other = await page.context().newPage();
  const opened = [page.goto(server.origin + PAGES.dashboard), other.goto(server.origin + PAGES.dashboard)];
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const go of waiting) go();
  waiting = [];
  await Promise.all(opened);
  await Promise.all([page.waitForSelector('text=Ada Lovelace'), other.waitForSelector('text=Ada Lovelace')]);
  const attempts = heard.filter(({ path }) => path === authPath('refresh')).map(({ attempt }) => attempt);
  assert.equal(attempts.length, 2);
  assert.equal(attempts[0], attempts[1]);
});

inBrowser('ending another session tells the API, says so, and the session is gone from the list', async ({ page }) => {
  const path = fillPath(authPath('mySession'), { id: 'ses_2' });
  let left = sessions;
  api = {
    ...account,
    [`GET ${authPath('mySessions')}`]: () => ({ status: 200, body: { sessions: left } }),
    [`DELETE ${path}`]: () => {
      left = sessions.slice(0, 1);
      return { status: 204 };
    },
  };
  await open(PAGES.dashboard);
  await page.click('.sessions li button');
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.innerText('.notice'), en.pages.dashboard.sessionEnded);
  await page.waitForSelector('.sessions li >> nth=1', { state: 'detached' });
  const sent = heard.find(({ method }) => method === 'DELETE');
  assert.equal(sent?.csrf, 'csrf-1');
  assert.equal(sent?.authorization, 'Bearer access-1');
});

inBrowser('a changed password empties the fields, a refused one stands at its field', async ({ page }) => {
  let reply: Reply = refusal(403, 'wrong_password');
  api = { ...account, [`POST ${authPath('myPassword')}`]: () => reply };
  await open(PAGES.dashboard);
  await page.fill('#currentPassword', 'old');
  await page.fill('#newPassword', 'a much longer new one');
  const button = page.getByRole('button', { name: en.pages.dashboard.password.submit });
  await button.click();
  await page.waitForSelector('#currentPassword-problem');
  assert.equal(await page.inputValue('#newPassword'), 'a much longer new one');
  reply = { status: 204 };
  await button.click();
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.inputValue('#currentPassword'), '');
  assert.deepEqual(JSON.parse(heard.find(({ path }) => path === authPath('myPassword'))?.body ?? ''), {
    currentPassword: 'old',
    newPassword: 'a much longer new one',
  });
});

inBrowser('on a phone three dots open a sheet that a keyboard can close, and it logs out', async ({ page }) => {
  api = { ...account, [`POST ${authPath('signOut')}`]: () => ({ status: 204 }) };
  await open(PAGES.dashboard);
  assert.equal(await page.locator('form.log-out').isVisible(), false);
  await page.focus('.dots');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'dots', 'the focus is back where it was');
  await page.click('.dots');
  await page.click(`dialog >> text=${en.pages.dashboard.cancel}`);
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await page.click('.dots');
  await page.click(`dialog >> text=${en.pages.dashboard.signOut}`);
  await page.waitForURL(`${server.origin}${PAGES.signIn}?notice=signed_out`);
  const sent = heard.filter(({ path }) => path === authPath('signOut'));
  assert.equal(sent.length, 1);
  assert.ok(sent[0]?.csrf);
});

inBrowser('on a desk the log-out button stands in the page', async ({ page }) => {
  api = account;
  await open(PAGES.dashboard);
  assert.equal(await page.locator('form.log-out').isVisible(), true);
  assert.equal(await page.locator('.dots').isVisible(), false);
}, { viewport: { width: 1280, height: 800 } });

inBrowser('whoever logs out in one tab is logged out in the other', async ({ page }) => {
  api = { ...account, [`POST ${authPath('signOut')}`]: () => ({ status: 204 }) };
  await open(PAGES.dashboard);
  await page.waitForSelector('text=Ada Lovelace');
  const other = await page.context().newPage();
  await other.goto(server.origin + PAGES.dashboard);
  await other.waitForSelector('text=Ada Lovelace');
  await page.click('.dots');
  await page.click(`dialog >> text=${en.pages.dashboard.signOut}`);
  await other.waitForURL(`${server.origin}${PAGES.signIn}?notice=signed_out`);
});

inBrowser('opening the page of a held sign-in asks for one code, and then for the code itself', async ({ page }) => {
  const waiting = { reason: 'held', maskedEmail: 'a••@example.com', codeSent: true, resendAt: Date.now() + 60_000, triesLeft: 5 };
  api = { [`POST ${authPath('resendCode')}`]: () => ({ status: 200, body: { waiting } }) };
  await open(PAGES.verifySignIn);
  await page.waitForSelector('#securityCode');
  assert.equal(heard.length, 1);
  assert.equal(await page.locator('.resend button').count(), 0, 'another code can wait');
});

inBrowser('a code is sent without its spaces and dashes, and a wrong one tells the tries left', async ({ page }) => {
  shown = { ...shown, [PAGES.verifySignIn]: 'verify-sign-up' };
  let reply = refusal(400, 'wrong_code', { triesLeft: 4 });
  api = { [`POST ${authPath('verifySignIn')}`]: () => reply };
  await open(PAGES.verifySignIn);
  await page.fill('#securityCode', ' 4081-72 63 ');
  await page.getByRole('button', { name: en.pages.verifySignIn.submit }).click();
  await page.waitForSelector('[role=alert]:focus');
  assert.ok((await page.innerText('.card')).includes('Tries left: 4'));
  assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), { securityCode: '40817263' });
  reply = { status: 200, body: { status: 'VERIFIED' } };
  await page.getByRole('button', { name: en.pages.verifySignIn.submit }).click();
  await page.waitForURL(server.origin + PAGES.dashboard);
});

/** As on three hosts, where the server that renders the page sees no cookie; the API is asked in the browser. */
const unknowing = { formsWork: false, formToken: null, csrfToken: null };

inBrowser('a landing page that knows nobody asks the API, and shows the way to the account', async ({ page }) => {
  shown = { [PAGES.landing]: { name: 'landing', view: { page: 'landing', status: null }, frame: unknowing } };
  api = account;
  await open(PAGES.landing);
  await page.waitForSelector(`a[href="${PAGES.dashboard}"]`);
  assert.ok(await page.isVisible(`a[href="${PAGES.signOut}"]`), 'whoever is signed in sees how to log out');
});

inBrowser('a code page that knows nothing asks the API why it is there', async ({ page }) => {
  const sample = sampleViews.find(({ name }) => name === 'verify-three-hosts');
  assert.ok(sample);
  shown = { ...shown, [PAGES.verifySignIn]: { ...sample, frame: unknowing } };
  const waiting = { reason: 'unusual', maskedEmail: 'a••@example.com', codeSent: true, resendAt: Date.now(), triesLeft: 2 };
  let status = 'UNVERIFIED';
  api = {
    [`GET ${authPath('session')}`]: () => ({ status: 200, body: { status, waiting } }),
    [`POST ${authPath('notMe')}`]: () => ({ status: 204 }),
  };
  await open(PAGES.verifySignIn);
  await page.waitForSelector(`text=${en.pages.verifySignIn.whyUnusual}`);
  assert.ok((await page.innerText('.card')).includes('a••@example.com'));
  await page.getByRole('button', { name: en.pages.verifySignIn.notMe }).click();
  await page.waitForURL(server.origin + PAGES.signIn);
  status = 'VERIFIED';
  await page.goto(server.origin + PAGES.verifySignIn);
  await page.waitForURL(server.origin + PAGES.dashboard);
});

inBrowser('an error page hands over its request id', async ({ page }) => {
  shown = { [PAGES.error]: 'error-503' };
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(PAGES.error);
  await page.getByRole('button', { name: en.pages.error.copy }).click();
  await page.waitForSelector(`text=${en.pages.error.copied}`);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.innerText('.request code'));
});

inBrowser('a page that comes back by the back button is ready to be sent again', async ({ page }) => {
  api = { [`POST ${SIGN_IN}`]: () => ({ status: 200, body: { status: 'VERIFIED' } }) };
  await open(PAGES.signIn);
  await page.click('[type=submit]');
  await page.waitForURL(server.origin + PAGES.dashboard);
  await page.goBack();
  await hydrated(page);
  assert.equal(await page.isEnabled('[type=submit]'), true);
});
