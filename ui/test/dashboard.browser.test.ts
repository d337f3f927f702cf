import assert from 'node:assert/strict';
import { authPath, fillPath, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { granted, refusal, sessions, sessionsReply, setStage, signedIn } from './stage.ts';

/** The account page once its script runs: how it finds out who is signed in, and what its buttons do. */
const stage = setStage();

stage.test('a dashboard without an access token refreshes, asks who it is, and shows the account', async (page) => {
  stage.play(signedIn);
  await stage.open(page, PAGES.dashboard);
  await page.waitForSelector('text=Ada Lovelace');
  assert.equal(await page.locator('.sessions li').count(), 2);
  assert.equal(await page.locator('.sessions li').first().locator('.badge').innerText(), en.pages.dashboard.sessions.current);
  const [, refresh, me] = stage.heard;
  assert.match(refresh?.attempt ?? '', /^0\.[A-Za-z0-9_-]{22}$/);
  assert.equal(me?.authorization, 'Bearer access-1');
});

for (const [error, status, target] of [
  ['refresh_invalid', 400, PAGES.signIn],
  ['session_ended', 400, `${PAGES.signIn}?notice=session_ended`],
  ['session_held', 403, PAGES.verifySignIn],
] as const) {
  stage.test(`a dashboard whose refresh answers ${error} goes to ${target}`, async (page) => {
    stage.play({ ...signedIn, [`POST ${authPath('refresh')}`]: () => refusal(status, error, { verifyUrl: PAGES.verifySignIn }) });
    await page.goto(stage.origin + PAGES.dashboard);
    await page.waitForURL(stage.origin + target);
  });
}

for (const [name, reply] of [
  ['503', refusal(503, 'unavailable')],
  ['a page of a gateway', { status: 502 }],
] as const) {
  stage.test(`a dashboard that meets ${name} offers to try again and signs nobody out`, async (page) => {
    stage.play({ ...signedIn, [`POST ${authPath('refresh')}`]: () => reply });
    await stage.open(page, PAGES.dashboard);
    await page.waitForSelector('[role=alert]:focus');
    assert.equal(page.url(), stage.origin + PAGES.dashboard);
    stage.play(signedIn);
    await page.getByRole('button', { name: en.pages.room.tryAgain }).click();
    await page.waitForSelector('text=Ada Lovelace');
    const attempts = stage.heard.filter(({ path }) => path === authPath('refresh')).map(({ attempt }) => attempt);
    assert.equal(attempts.length, 2);
    assert.equal(attempts[0], attempts[1], 'a retry is the same attempt');
  });
}

stage.test('two tabs that open at once send the same attempt, out of one store', async (page) => {
  // Both are asleep in the middle of the refresh, so neither lock nor news can help.
  let waiting: (() => void)[] = [];
  stage.play({
    ...signedIn,
    [`POST ${authPath('refresh')}`]: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return granted;
    },
  });
  const other = await page.context().newPage();
  const opened = [page.goto(stage.origin + PAGES.dashboard), other.goto(stage.origin + PAGES.dashboard)];
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const go of waiting) go();
  waiting = [];
  await Promise.all(opened);
  await Promise.all([page.waitForSelector('text=Ada Lovelace'), other.waitForSelector('text=Ada Lovelace')]);
  const attempts = stage.heard.filter(({ path }) => path === authPath('refresh')).map(({ attempt }) => attempt);
  assert.equal(attempts.length, 2);
  assert.equal(attempts[0], attempts[1]);
});

stage.test('a list of sessions that comes in pages is shown whole', async (page) => {
  stage.play({
    ...signedIn,
    [`GET ${authPath('mySessions')}`]: () => ({ status: 200, body: { items: [sessions.here], next: 'ses_1' } }),
    [`GET ${authPath('mySessions')}?cursor=ses_1`]: () => sessionsReply(sessions.elsewhere),
  });
  await stage.open(page, PAGES.dashboard);
  await page.waitForSelector('text=Safari on iPhone');
  assert.equal(await page.locator('.sessions li').count(), 2);
});

stage.test('ending another session tells the API, says so, and the session is gone from the list', async (page) => {
  const path = fillPath(authPath('mySession'), { id: 'ses_2' });
  let left = [sessions.here, sessions.elsewhere];
  stage.play({
    ...signedIn,
    [`GET ${authPath('mySessions')}`]: () => sessionsReply(...left),
    [`DELETE ${path}`]: () => {
      left = [sessions.here];
      return { status: 204 };
    },
  });
  await stage.open(page, PAGES.dashboard);
  await page.click('.sessions li button');
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.innerText('.notice'), en.pages.dashboard.sessionEnded);
  await page.waitForSelector('.sessions li >> nth=1', { state: 'detached' });
  const sent = stage.heard.find(({ method }) => method === 'DELETE');
  assert.equal(sent?.csrf, 'csrf-1');
  assert.equal(sent?.authorization, 'Bearer access-1');
});

stage.test('on a phone three dots open a sheet that a keyboard can close, and it logs out', async (page) => {
  stage.play({ ...signedIn, [`POST ${authPath('signOut')}`]: () => ({ status: 204 }) });
  await stage.open(page, PAGES.dashboard);
  assert.equal(await page.locator('form.log-out').isVisible(), false);
  await page.focus('.dots');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'dots', 'the focus is back where it was');
  await page.click('.dots');
  await page.click(`dialog >> text=${en.pages.room.cancel}`);
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await page.click('.dots');
  await page.click(`dialog >> text=${en.pages.room.signOut}`);
  await page.waitForURL(`${stage.origin}${PAGES.signIn}?notice=signed_out`);
  const sent = stage.heard.filter(({ path }) => path === authPath('signOut'));
  assert.equal(sent.length, 1);
  assert.ok(sent[0]?.csrf);
});

stage.test(
  'on a desk the log-out button stands in the page',
  async (page) => {
    stage.play(signedIn);
    await stage.open(page, PAGES.dashboard);
    assert.equal(await page.locator('form.log-out').isVisible(), true);
    assert.equal(await page.locator('.dots').isVisible(), false);
  },
  { viewport: { width: 1280, height: 800 } },
);

stage.test('whoever logs out in one tab is logged out in the other', async (page) => {
  stage.play({ ...signedIn, [`POST ${authPath('signOut')}`]: () => ({ status: 204 }) });
  await stage.open(page, PAGES.dashboard);
  await page.waitForSelector('text=Ada Lovelace');
  const other = await page.context().newPage();
  await other.goto(stage.origin + PAGES.dashboard);
  await other.waitForSelector('text=Ada Lovelace');
  await page.click('.dots');
  await page.click(`dialog >> text=${en.pages.room.signOut}`);
  await other.waitForURL(`${stage.origin}${PAGES.signIn}?notice=signed_out`);
});
