import assert from 'node:assert/strict';
import { authPath, fillPath, PAGES } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { granted, notes, type Reply, refusal, setStage, signedIn, waysIn } from './stage.ts';

/** The other pages of an account once their script runs: ways in, activity, name and data, the proof. */
const stage = setStage();
const words = en.pages;
const proofUrl = (from: string) => `${stage.origin}${PAGES.dashboardProof}?returnTo=${encodeURIComponent(from)}`;

stage.test('a changed password empties the fields, a refused one stands at its field', async (page) => {
  let reply: Reply = refusal(403, 'wrong_password');
  stage.play({ ...signedIn, [`POST ${authPath('myPassword')}`]: () => reply });
  await stage.open(page, PAGES.dashboardSecurity);
  await page.fill('#currentPassword', 'old');
  await page.fill('#newPassword', 'a much longer new one');
  const button = page.getByRole('button', { name: words.security.password.submit });
  await button.click();
  await page.waitForSelector('#currentPassword-problem');
  assert.equal(await page.inputValue('#newPassword'), 'a much longer new one');
  reply = { ...granted, body: { ...granted.body, status: 'VERIFIED', accessToken: 'access-2' } };
  await button.click();
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.inputValue('#currentPassword'), '');
  assert.equal(stage.heard.at(-1)?.authorization, 'Bearer access-2', 'the new session is used at once');
  assert.deepEqual(JSON.parse(stage.heard.find(({ path }) => path === authPath('myPassword'))?.body ?? ''), {
    currentPassword: 'old',
    newPassword: 'a much longer new one',
  });
});

stage.test('unlinking tells the API, says so, and the service is gone from the list', async (page) => {
  const path = fillPath(authPath('myIdentity'), { authProvider: 'github' });
  let items = waysIn.items;
  stage.play({
    ...signedIn,
    [`GET ${authPath('myIdentities')}`]: () => ({ status: 200, body: { ...waysIn, items } }),
    [`DELETE ${path}`]: () => {
      items = [];
      return { status: 204 };
    },
  });
  await stage.open(page, PAGES.dashboardSecurity);
  await page.getByRole('button', { name: 'Unlink GitHub' }).click();
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.innerText('.notice'), words.security.unlinked);
  await page.getByText(words.security.services.none).waitFor();
});

stage.test('linking goes where the API says, and asks to come back here', async (page) => {
  const path = fillPath(authPath('myIdentity'), { authProvider: 'google' });
  stage.play({ ...signedIn, [`POST ${path}`]: () => ({ status: 200, body: { oAuthUrl: `${stage.origin}${PAGES.signIn}?at=google` } }) });
  await stage.open(page, PAGES.dashboardSecurity);
  await page.getByRole('button', { name: 'Link Google' }).click();
  await page.waitForURL(`${stage.origin}${PAGES.signIn}?at=google`);
  const sent = stage.heard.find((heard) => heard.path === path);
  assert.deepEqual(JSON.parse(sent?.body ?? ''), { returnTo: `${PAGES.dashboardSecurity}?notice=linked` });
});

stage.test('a changed address is asked for, and the page says where the letter went', async (page) => {
  stage.play({ ...signedIn, [`POST ${authPath('myEmail')}`]: () => ({ status: 204 }) });
  await stage.open(page, PAGES.dashboardSecurity);
  await page.fill('#email', 'ada@new.example');
  await page.getByRole('button', { name: words.security.email.submit }).click();
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.innerText('.notice'), words.security.email.sent);
  assert.equal(await page.inputValue('#email'), '');
});

stage.test('where the proof is too old the page asks for it first, and leads there and back', async (page) => {
  stage.play({
    ...signedIn,
    [`GET ${authPath('me')}`]: () => ({
      status: 200,
      body: { id: 'usr_1', email: 'a@b.example', displayName: '', createdAt: 1, freshUntil: 1 },
    }),
  });
  await stage.open(page, PAGES.dashboardAccount);
  await page.locator('#displayName').waitFor();
  assert.equal(await page.locator('#confirm').count(), 0, 'nothing to type in vain');
  await page.getByRole('link', { name: words.room.confirm }).first().click();
  await page.waitForURL(proofUrl(PAGES.dashboardAccount));
});

stage.test('a proof that ran out while the page was open leads to the same place', async (page) => {
  stage.play({ ...signedIn, [`DELETE ${authPath('me')}`]: () => refusal(403, 'fresh_signin_required') });
  await stage.open(page, PAGES.dashboardAccount);
  await page.fill('#confirm', 'ada@example.com');
  await page.getByRole('button', { name: words.account.delete.submit }).click();
  await page.waitForURL(proofUrl(PAGES.dashboardAccount));
});

stage.test('deleting sends what was typed, shows what is wrong with it, and ends at the sign-in', async (page) => {
  let reply: Reply = refusal(400, 'invalid_fields', { fields: { confirm: 'confirm_differs' } });
  stage.play({ ...signedIn, [`DELETE ${authPath('me')}`]: () => reply });
  await stage.open(page, PAGES.dashboardAccount);
  await page.fill('#confirm', 'somebody@else.example');
  const button = page.getByRole('button', { name: words.account.delete.submit });
  await button.click();
  await page.waitForSelector('#confirm-problem');
  reply = { status: 204 };
  await page.fill('#confirm', 'ada@example.com');
  await button.click();
  await page.waitForURL(`${stage.origin}${PAGES.signIn}?notice=account_deleted`);
  const bodies = stage.heard.filter(({ method }) => method === 'DELETE').map(({ body }) => JSON.parse(body) as unknown);
  assert.deepEqual(bodies, [{ confirm: 'somebody@else.example' }, { confirm: 'ada@example.com' }]);
});

stage.test('a new name is saved, and the page says so', async (page) => {
  stage.play({ ...signedIn, [`PATCH ${authPath('me')}`]: () => ({ status: 200, body: {} }) });
  await stage.open(page, PAGES.dashboardAccount);
  await page.fill('#displayName', 'Countess');
  await page.getByRole('button', { name: words.account.name.submit }).click();
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.innerText('.notice'), words.account.nameChanged);
  assert.deepEqual(JSON.parse(stage.heard.find(({ method }) => method === 'PATCH')?.body ?? ''), { displayName: 'Countess' });
});

stage.test('the proof by password goes on to where it was needed', async (page) => {
  let reply: Reply = refusal(403, 'wrong_password', { fields: { password: 'malformed' } });
  stage.play({ ...signedIn, [`POST ${authPath('myProof')}`]: () => reply });
  await stage.open(page, PAGES.dashboardProof);
  await page.fill('#password', 'wrong');
  await page.press('#password', 'Enter');
  await page.waitForSelector('[role=alert]:focus');
  reply = { status: 204 };
  await page.fill('#password', 'right');
  await page.press('#password', 'Enter');
  await page.waitForURL(stage.origin + PAGES.dashboardAccount);
});

stage.test('the proof by code: one is mailed, a wrong one says how many tries are left, the right one goes on', async (page) => {
  let reply: Reply = refusal(400, 'wrong_code', { triesLeft: 4 });
  stage.play({
    ...signedIn,
    [`POST ${authPath('myProofCode')}`]: () => ({ status: 200, body: { triesLeft: 5, resendAt: Date.now() + 60_000 } }),
    [`POST ${authPath('myProof')}`]: () => reply,
  });
  await stage.open(page, PAGES.dashboardProof);
  await page.getByRole('button', { name: words.confirm.request }).click();
  await page.fill('#securityCode', '1234 5678');
  assert.equal(await page.getByRole('button', { name: words.confirm.resend }).count(), 0, 'not within the minute');
  await page.press('#securityCode', 'Enter');
  await page.getByText('Tries left: 4').waitFor();
  reply = { status: 204 };
  await page.fill('#securityCode', '87654321');
  await page.press('#securityCode', 'Enter');
  await page.waitForURL(stage.origin + PAGES.dashboardAccount);
  const bodies = stage.heard.filter(({ path }) => path === authPath('myProof')).map(({ body }) => JSON.parse(body) as unknown);
  assert.deepEqual(bodies, [{ securityCode: '12345678' }, { securityCode: '87654321' }]);
});

stage.test('the activity is asked for, and a page that finds somebody else signed in loads itself anew', async (page) => {
  const item = { id: 'e', at: 1, action: 'signin.failed', reason: null, address: '203.0.113.x', device: 'Chrome on Linux', current: false };
  stage.play({ ...signedIn, [`GET ${authPath('myActivity')}`]: () => ({ status: 200, body: { items: [item], next: null } }) });
  await stage.open(page, PAGES.dashboardActivity);
  await page.getByText(en.activity.actions['signin.failed']).waitFor();

  const reply = { ...granted, body: { ...granted.body, user: { id: 'usr_2', email: 'eve@example.com', displayName: '', role: 'user' } } };
  let refreshes = 0;
  stage.show({ [PAGES.dashboardSecurity]: 'security' });
  stage.play({
    ...signedIn,
    [`POST ${authPath('refresh')}`]: () => {
      refreshes += 1;
      stage.show({});
      return reply;
    },
  });
  await page.goto(stage.origin + PAGES.dashboardSecurity);
  await page.waitForFunction(() => performance.getEntriesByType('navigation').length > 0);
  while (refreshes < 2) await page.waitForTimeout(50);
  assert.ok(refreshes >= 2, 'the page that belonged to Ada is gone');
});

stage.test('signing out of a site tells the API, says so, and an empty list says what would stand there', async (page) => {
  let left = [notes];
  stage.play({
    ...signedIn,
    [`GET ${authPath('mySites')}`]: () => ({ status: 200, body: { items: left } }),
    [`DELETE ${fillPath(authPath('mySite'), { clientId: 'notes' })}`]: () => {
      left = [];
      return { status: 204 };
    },
  });
  await stage.open(page, PAGES.dashboardSites);
  await page.getByText(en.scopes.openid).waitFor();
  await page.getByRole('button', { name: 'Sign out of Notes' }).click();
  await page.waitForSelector('.notice:focus');
  assert.equal(await page.innerText('.notice'), en.pages.sites.left);
  await page.getByText(en.pages.sites.empty).waitFor();
  assert.equal(stage.heard.find(({ method }) => method === 'DELETE')?.csrf, 'csrf-1');
});
