import assert from 'node:assert/strict';
import { appRefreshCookie, COOKIES } from '@portico/protocol/cookies';
import { authPath, OAUTH, PAGES } from '@portico/protocol/routes';
import type { BrowserContext } from 'playwright-core';
import { endTokenOf, openApp, type RunningApp, scorePoint, showsUser, signedUp, startApp } from './rtk-apps.ts';
import { onStage, type Stage, typeCode } from './visitor.ts';

/** The refresh cookie of an app, copied out of the jar and used on another machine, before its owner uses it again. */

const ADA = 'ada@example.com';

interface Thief {
  /** What the whole jar gives: another token each time, as long as it gives anything. */
  refresh(): Promise<{ readonly status: number; readonly error?: string; readonly accessToken?: string }>;
}

/** No browser, another user agent, and all that the owner's browser had: the token of the app, that of Portico's pages, the device cookie. */
async function steal(stage: Stage, app: RunningApp, context: BrowserContext): Promise<Thief> {
  const jar = new Map((await context.cookies(stage.app)).map(({ name, value }) => [name, value]));
  for (const name of [appRefreshCookie(app.id), COOKIES.device]) assert.ok(jar.has(name), `${name} was there to be copied`);
  return {
    refresh: async () => {
      const answer = await fetch(`http://127.0.0.1:${stage.portico.port}${authPath('refresh')}`, {
        method: 'POST',
        headers: {
          cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
          origin: app.origin,
          'sec-fetch-site': 'same-site',
          'user-agent': 'another machine',
        },
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.set(name, value);
      }
      const body = (await answer.json()) as { error?: string; accessToken?: string };
      return { status: answer.status, ...body };
    },
  };
}

/** The thief is served: nothing tells a copy from its original yet. */
async function isServed(thief: Thief): Promise<void> {
  const { status, accessToken } = await thief.refresh();
  assert.deepEqual([status, typeof accessToken], [200, 'string']);
}

async function isRefused(thief: Thief, status: number, code: string): Promise<void> {
  const answer = await thief.refresh();
  assert.deepEqual([answer.status, answer.error, answer.accessToken], [status, code, undefined]);
}

onStage(
  'a copied token of the app ends with the owner’s next refresh; the owner is back by one redirect, the copy is not',
  async (stage, t) => {
    const app = await startApp(stage, t, 'sdk');
    const owner = await signedUp(stage, ADA);
    const { page, answers } = await openApp(owner.context, app, ADA);
    const thief = await steal(stage, app, owner.context);
    await isServed(thief);
    answers.taken();

    await endTokenOf(page, app);
    // To the sign-in page, where Portico knows the owner: straight back.
    await Promise.all([page.waitForRequest((request) => request.url().includes(OAUTH.authorize)), scorePoint(page)]);
    await showsUser(page, ADA);
    assert.deepEqual(answers.taken(), ['POST scores 401', 'POST refresh 400', 'POST refresh 200', 'GET scores 200']);
    await isRefused(thief, 400, 'session_ended');
    await page.reload();
    await showsUser(page, ADA);
  },
);

onStage(
  'a copied token of an app that is worth the whole session holds it: for both, until the owner types the mailed code',
  async (stage, t) => {
    const app = await startApp(stage, t, 'sdk', { reuseEnds: 'session' });
    const owner = await signedUp(stage, ADA);
    const { page, answers } = await openApp(owner.context, app, ADA);
    const thief = await steal(stage, app, owner.context);
    await isServed(thief);
    answers.taken();

    await endTokenOf(page, app);
    await scorePoint(page);
    await page.getByRole('link', { name: 'Type the code' }).click();
    await page.waitForURL((url) => url.pathname === PAGES.verifySignIn);
    assert.deepEqual(answers.taken(), ['POST scores 401', 'POST refresh 403']);
    await isRefused(thief, 403, 'session_held');

    // One that was mailed since: the sign-up's would be no new one.
    await typeCode(stage, { page }, ADA);
    await page.goto(app.origin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await showsUser(page, ADA);
    assert.deepEqual(answers.taken().at(-1), 'GET scores 200');
    await isRefused(thief, 400, 'session_ended');
  },
);
