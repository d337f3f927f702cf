import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { atLogin, endTokenOf, openApp, scorePoint, showsUser, signedUp, startApp } from './rtk-apps.ts';
import { onStage, PASSWORD } from './visitor.ts';

/** Seed 003 in a real browser, step by step: once with the SDK, once with the interceptor that everybody writes. */

const ADA = 'ada@example.com';
const APPS = [
  { kind: 'sdk', name: 'with the SDK' },
  { kind: 'byHand', name: 'with an interceptor written by hand' },
] as const;

for (const { kind, name } of APPS)
  onStage(
    `${name}: a start and a reload refresh first; a 401 refreshes and repeats; a refused refresh leads to the sign-in page`,
    async (stage, t) => {
      const app = await startApp(stage, t, kind);
      const visitor = await signedUp(stage, ADA);
      const { page, answers } = await openApp(visitor.context, app, ADA);
      assert.equal(page.url(), `${app.origin}/`, 'nothing is left in the address');
      assert.deepEqual(answers.taken().slice(-2), ['POST refresh 200', 'GET scores 200']);

      await page.reload();
      await showsUser(page, ADA);
      assert.deepEqual(answers.taken(), ['POST refresh 200', 'GET scores 200']);

      await scorePoint(page);
      await page.getByText('1', { exact: true }).waitFor();
      assert.deepEqual(answers.taken(), ['POST scores 200', 'GET scores 200'], 'no refresh without need');

      await endTokenOf(page, app);
      await scorePoint(page);
      await page.getByText('2', { exact: true }).waitFor();
      assert.deepEqual(answers.taken(), ['POST scores 401', 'POST refresh 200', 'POST scores 200', 'GET scores 200']);

      await visitor.page.goto(stage.app + PAGES.dashboard);
      await visitor.page.locator('form#log-out button').click();
      await visitor.page.waitForURL(atLogin);
      await endTokenOf(page, app);
      await scorePoint(page);
      await page.waitForURL(atLogin);
      assert.deepEqual(answers.taken(), ['POST scores 401', 'POST refresh 400']);

      await page.fill('input[name=email]', ADA);
      await page.fill('input[name=password]', PASSWORD);
      await page.press('input[name=password]', 'Enter');
      await page.waitForURL(`${app.origin}/`);
      await showsUser(page, ADA);
      assert.deepEqual(answers.taken(), ['POST refresh 200', 'GET scores 200'], 'back in the app, which starts as ever');
      assert.deepEqual(visitor.complaints, []);
    },
  );

onStage(
  'five requests at once refresh five times where nobody thought of it: with one token, and all five are answered',
  async (stage, t) => {
    const app = await startApp(stage, t, 'byHand');
    const visitor = await signedUp(stage, ADA);
    const { page, answers } = await openApp(visitor.context, app, ADA);
    answers.taken();
    await endTokenOf(page, app, 5);
    await page.evaluate(() => {
      for (let press = 0; press < 5; press += 1) document.querySelector<HTMLButtonElement>('#score')?.click();
    });
    await page.getByText('5', { exact: true }).waitFor();
    const sent = answers.taken();
    for (const answer of ['POST scores 401', 'POST refresh 200', 'POST scores 200'])
      assert.equal(sent.filter((each) => each === answer).length, 5, `${answer}: ${sent.join(', ')}`);
    await page.reload();
    await showsUser(page, ADA);
  },
);
