import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { demoOrigins, openApp, registered, signInAt, WITH_DEMO } from './demo-stage.ts';
import { onStage } from './visitor.ts';

/** What the apps of the demo are for, besides signing in. */

async function addLine(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
  await page.locator('.lines li', { hasText: text }).waitFor();
}

const linesOf = (page: Page) => page.locator('.lines li').allTextContents();

/** Straight into the wall. */
async function playToTheEnd(page: Page): Promise<string> {
  await page.click('#start');
  await page.waitForFunction(() => /Sign in|saved/.test(document.querySelector('#score')?.textContent ?? ''));
  return (await page.textContent('#score')) ?? '';
}

onStage(
  'a note is its writer’s own, a line of the wiki everybody’s, and only who is signed in writes one',
  async (stage) => {
    const at = await demoOrigins(stage);
    const ada = await registered(stage, 'ada@example.com');
    await ada.signIn('ada@example.com');
    await signInAt(ada.page, 'notes', at.notes);
    await addLine(ada.page, 'Feed <b>the</b> cat');
    const { status } = await ada.page.evaluate(async () => {
      const body = JSON.stringify({ text: 'x'.repeat(201) });
      return fetch('/api/lines', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((answer) => ({
        status: answer.status,
      }));
    });
    assert.equal(status, 400);
    await signInAt(ada.page, 'wiki', at.wiki);
    await addLine(ada.page, 'Cats eat at six');

    const bob = await registered(stage, 'bob@example.com');
    await openApp(bob.page, at.wiki);
    await bob.page.locator('.lines li').waitFor();
    assert.deepEqual(await linesOf(bob.page), ['somebody: Cats eat at six']);
    assert.ok(!(await bob.page.isVisible('#text')));
    const refused = await bob.page.evaluate(async () => (await fetch('/api/lines', { method: 'POST', body: '{}' })).status);
    assert.ok(refused >= 400, String(refused));
    await bob.signIn('bob@example.com');
    await signInAt(bob.page, 'notes', at.notes);
    await addLine(bob.page, 'Buy milk');
    assert.deepEqual(await linesOf(bob.page), ['Buy milk']);
    await openApp(ada.page, at.notes);
    await ada.page.locator('.lines li').first().waitFor();
    assert.deepEqual(await linesOf(ada.page), ['Feed <b>the</b> cat']);
  },
  WITH_DEMO,
);

onStage(
  'the game is played by keys and without an account; a score is saved for who is signed in, and only a possible one',
  async (stage) => {
    const at = await demoOrigins(stage);
    const ada = await registered(stage, 'ada@example.com');
    const { page } = ada;
    await openApp(page, at.snake);
    assert.match(await playToTheEnd(page), /^\d+ apples\. Sign in/);
    assert.ok(await page.isVisible('#nobody'));
    await ada.signIn('ada@example.com');
    await signInAt(page, 'snake', at.snake);
    const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/scores'));
    await page.click('#start');
    await page.keyboard.press('ArrowUp');
    await page.waitForSelector('#board[data-way=up]');
    await page.click('[data-turn=left]');
    await page.waitForSelector('#board[data-way=left]');
    const { authorization = '' } = await (await sent).allHeaders();
    await page.locator('#best li').waitFor();
    assert.match((await page.textContent('#best li')) ?? '', /^somebody: \d+$/);

    const api = `${at.snake.replace('snake.localhost', '127.0.0.1')}/api/scores`;
    const post = async (body: unknown, headers: Record<string, string>) =>
      (await fetch(api, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }))
        .status;
    assert.equal(await post({ points: 7 }, { authorization }), 201);
    for (const points of [254, -1, 1.5, '7', null, Number.POSITIVE_INFINITY])
      assert.equal(await post({ points }, { authorization }), 400, String(points));
    assert.equal(await post({ points: 8 }, {}), 401);
    assert.equal(await post({ points: 8 }, { authorization: authorization.slice(0, -9) }), 401);
    assert.deepEqual(await (await fetch(api)).json(), [{ name: 'somebody', points: 7 }]);
  },
  WITH_DEMO,
);
