import assert from 'node:assert/strict';
import { authPath, fillPath, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { hydrated } from './browser.ts';
import { sampleViews } from './sample-views.ts';
import { type Reply, refusal, setStage } from './stage.ts';

/** The pages before sign-in, once their script runs. The real server behind them is tested elsewhere. */
const stage = setStage();
const SIGN_IN = fillPath(authPath('signIn'), { authProvider: 'credential' });

stage.test('what was typed before the script came is still there after it', async (page) => {
  let release = (): void => {};
  const late = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/assets\/.*\.js/, async (route) => {
    await late;
    await route.continue();
  });
  await page.goto(stage.origin + PAGES.signIn, { waitUntil: 'commit' });
  await page.fill('#email', 'ada@example.com');
  await page.fill('#password', 'four unrelated words');
  await page.uncheck('#keep');
  release();
  await hydrated(page);
  assert.equal(await page.inputValue('#email'), 'ada@example.com');
  assert.equal(await page.inputValue('#password'), 'four unrelated words');
  assert.equal(await page.isChecked('#keep'), false);
});

stage.test('a sign-in sends what was typed as JSON, once however often it is clicked, and goes where it began', async (page) => {
  stage.play({
    [`POST ${SIGN_IN}`]: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { status: 200, body: { status: 'VERIFIED' } };
    },
  });
  await stage.open(page, PAGES.signIn);
  await page.fill('#email', 'ada@example.com');
  await page.fill('#password', 'four unrelated words');
  await page.evaluate(() => {
    for (let click = 0; click < 3; click += 1) document.querySelector('form')?.requestSubmit();
  });
  await page.waitForURL(stage.origin + PAGES.dashboard);
  const sent = stage.heard.filter(({ path }) => path === SIGN_IN);
  assert.equal(sent.length, 1);
  assert.deepEqual(JSON.parse(sent[0]?.body ?? ''), { email: 'ada@example.com', password: 'four unrelated words', keep: true });
});

stage.test('a sign-in that needs a code goes where the answer says, and never to a script', async (page) => {
  let verifyUrl = 'javascript:document.title="taken"';
  stage.play({ [`POST ${SIGN_IN}`]: () => ({ status: 200, body: { status: 'UNVERIFIED', verifyUrl } }) });
  await stage.open(page, PAGES.signIn);
  const answered = page.waitForResponse(stage.origin + SIGN_IN);
  await page.click('[type=submit]');
  await answered;
  await page.waitForTimeout(100);
  assert.notEqual(await page.title(), 'taken');
  verifyUrl = PAGES.verifySignIn;
  await stage.open(page, PAGES.signIn);
  await page.click('[type=submit]');
  await page.waitForURL(stage.origin + PAGES.verifySignIn);
});

stage.test('a sign-in that began elsewhere leads back there, past the code', async (page) => {
  const returnTo = '/dashboard?notice=others_ended';
  const sample = sampleViews.find(({ name }) => name === 'sign-in');
  assert.ok(sample?.view.page === 'sign-in');
  stage.show({ [PAGES.signIn]: { ...sample, view: { ...sample.view, returnTo } } });
  let reply: Reply = { status: 200, body: { status: 'VERIFIED' } };
  stage.play({ [`POST ${SIGN_IN}`]: () => reply });
  await stage.open(page, PAGES.signIn);
  await page.click('[type=submit]');
  await page.waitForURL(stage.origin + returnTo);
  reply = { status: 200, body: { status: 'UNVERIFIED', verifyUrl: stage.origin + PAGES.verifySignIn } };
  await stage.open(page, PAGES.signIn);
  await page.click('[type=submit]');
  await page.waitForURL(`${stage.origin}${PAGES.verifySignIn}?returnTo=${encodeURIComponent(returnTo)}`);
});

stage.test('a refused sign-in says so in an alert with the focus, keeps what was typed and can be tried again', async (page) => {
  stage.play({ [`POST ${SIGN_IN}`]: () => refusal(401, 'wrong_credentials', { fields: { password: 'missing' }, retryAfter: 90 }) });
  await stage.open(page, PAGES.signIn);
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
  assert.equal(stage.heard.length, 2);
});

stage.test('a password can be looked at, and is hidden again before it is sent', async (page) => {
  stage.play({ [`POST ${SIGN_IN}`]: () => refusal(401, 'wrong_credentials') });
  await stage.open(page, PAGES.signIn);
  await page.fill('#password', 'four unrelated words');
  await page.click('.eye');
  assert.equal(await page.getAttribute('#password', 'type'), 'text');
  assert.equal(await page.getAttribute('.eye', 'aria-pressed'), 'true');
  await page.click('[type=submit]');
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.getAttribute('#password', 'type'), 'password');
});

stage.test('a note tells that Caps Lock is on, and goes with it', async (page) => {
  await stage.open(page, PAGES.signIn);
  const press = (modifierCapsLock: boolean): Promise<void> =>
    page.dispatchEvent('#password', 'keydown', { key: 'a', modifierCapsLock, bubbles: true });
  await press(true);
  await page.waitForSelector(`text=${en.pages.password.capsLock}`);
  await press(false);
  await page.waitForSelector(`text=${en.pages.password.capsLock}`, { state: 'detached' });
});

stage.test('the length of a new password is counted in characters, not in halves of an emoji', async (page) => {
  await stage.open(page, PAGES.signUp);
  await page.fill('#password', '🏛️'.repeat(7));
  assert.equal(await page.innerText('.meter span'), '14 of 15 characters');
  assert.equal(await page.getAttribute('.rules p', 'data-met'), 'false');
  await page.fill('#password', 'fifteen letters');
  assert.equal(await page.innerText('.meter span'), en.pages.newPassword.enough);
  assert.equal(await page.getAttribute('.rules p', 'data-met'), 'true');
});

stage.test('a page that comes back by the back button is ready to be sent again', async (page) => {
  stage.play({ [`POST ${SIGN_IN}`]: () => ({ status: 200, body: { status: 'VERIFIED' } }) });
  await stage.open(page, PAGES.signIn);
  await page.click('[type=submit]');
  await page.waitForURL(stage.origin + PAGES.dashboard);
  await page.goBack();
  await hydrated(page);
  assert.equal(await page.isEnabled('[type=submit]'), true);
});
stage.test('opening the page of a held sign-in asks for one code, and then for the code itself', async (page) => {
  stage.play({
    [`POST ${authPath('resendCode')}`]: () => ({ status: 200, body: { status: 'HELD', triesLeft: 5, resendAt: Date.now() + 60_000 } }),
  });
  await stage.open(page, PAGES.verifySignIn);
  await page.waitForSelector('#securityCode');
  assert.equal(stage.heard.length, 1);
  assert.ok((await page.innerText('.card')).includes('Tries left: 5'));
  assert.equal(await page.locator('.resend button').count(), 0, 'another code can wait');
});

stage.test('a held sign-in whose code was sent a moment ago still shows where to type it', async (page) => {
  stage.play({ [`POST ${authPath('resendCode')}`]: () => refusal(429, 'too_many_requests', { retryAfter: 30 }) });
  await stage.open(page, PAGES.verifySignIn);
  await page.waitForSelector('#securityCode');
});

stage.test('where nothing waits any more, asking for a code leads back to the sign-in', async (page) => {
  stage.show({ [PAGES.verifySignIn]: 'verify-wrong-code' });
  stage.play({ [`POST ${authPath('resendCode')}`]: () => refusal(410, 'code_expired') });
  await stage.open(page, PAGES.verifySignIn);
  await page.getByRole('button', { name: en.pages.verifySignIn.resend }).click();
  await page.waitForURL(stage.origin + PAGES.signIn);
});

stage.test('a code is sent without its spaces and dashes, and a wrong one tells the tries left', async (page) => {
  stage.show({ [PAGES.verifySignIn]: 'verify-sign-up' });
  let reply = refusal(400, 'wrong_code', { triesLeft: 4 });
  stage.play({ [`POST ${authPath('verifySignIn')}`]: () => reply });
  await stage.open(page, PAGES.verifySignIn);
  await page.fill('#securityCode', ' 4081-72 63 ');
  await page.getByRole('button', { name: en.pages.verifySignIn.submit }).click();
  await page.waitForSelector('[role=alert]:focus');
  assert.ok((await page.innerText('.card')).includes('Tries left: 4'));
  assert.deepEqual(JSON.parse(stage.heard[0]?.body ?? ''), { securityCode: '40817263' });
  reply = { status: 200, body: { status: 'VERIFIED' } };
  await page.getByRole('button', { name: en.pages.verifySignIn.submit }).click();
  await page.waitForURL(stage.origin + PAGES.dashboard);
});

/** As on three hosts, where the server that renders the page sees no cookie; the API is asked in the browser. */
const unknowing = { formsWork: false, formToken: null, csrfToken: null };

stage.test('a landing page that knows nobody is a page for everybody, and asks nothing', async (page) => {
  stage.show({ [PAGES.landing]: { name: 'landing', view: { page: 'landing', status: null }, frame: unknowing } });
  stage.play({});
  await stage.open(page, PAGES.landing);
  assert.ok(await page.isVisible(`a[href="${PAGES.signIn}"]`));
  assert.equal(stage.heard.length, 0);
});

stage.test('a code page that knows nothing asks the API how this browser stands', async (page) => {
  const sample = sampleViews.find(({ name }) => name === 'verify-three-hosts');
  assert.ok(sample);
  stage.show({ [PAGES.verifySignIn]: { ...sample, frame: unknowing } });
  let reply: Reply = { status: 200, body: { status: 'HELD' } };
  stage.play({
    [`GET ${authPath('session')}`]: () => reply,
    [`POST ${authPath('resendCode')}`]: () => ({ status: 200, body: { status: 'HELD', triesLeft: 5, resendAt: Date.now() } }),
    [`POST ${authPath('notMe')}`]: () => ({ status: 200, body: { status: 'SIGNED_OUT' } }),
  });
  await stage.open(page, PAGES.verifySignIn);
  await page.waitForSelector(`text=${en.pages.verifySignIn.whyHeld}`);
  await page.waitForSelector('#securityCode');
  await page.getByRole('button', { name: en.pages.verifySignIn.notMe }).click();
  await page.waitForURL(stage.origin + PAGES.signIn);
  const unusual = { device: 'Firefox on Windows', at: Date.now(), reasons: ['new_device', 'new_network'] };
  reply = { status: 200, body: { status: 'UNVERIFIED', unusual } };
  await page.goto(stage.origin + PAGES.verifySignIn);
  await page.waitForSelector(`text=${en.unusual.new_network}`);
  assert.ok(await page.isVisible('text=New sign-in: Firefox on Windows'));
  await page.getByRole('button', { name: en.pages.verifySignIn.notMe }).click();
  await page.waitForURL(`${stage.origin}${PAGES.signIn}?notice=not_me`);
  for (const [next, target] of [
    [{ status: 200, body: { status: 'SIGNED_OUT' } }, PAGES.signIn],
    [{ status: 200, body: { status: 'VERIFIED' } }, PAGES.dashboard],
    [refusal(409, 'retry'), PAGES.dashboard],
  ] as const) {
    reply = next;
    await page.goto(stage.origin + PAGES.verifySignIn);
    await page.waitForURL(stage.origin + target);
  }
});

stage.test('an error page hands over its request id', async (page) => {
  stage.show({ [PAGES.error]: 'error-503' });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await stage.open(page, PAGES.error);
  await page.getByRole('button', { name: en.pages.error.copy }).click();
  await page.waitForSelector(`text=${en.pages.error.copied}`);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.innerText('.request code'));
});
