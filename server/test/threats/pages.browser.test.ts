import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { AUTH_PREFIX, authPath, fillPath, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { onStage, PASSWORD, type Stage, typeCode, type Visitor } from '../browser/visitor.ts';

/** What only a real browser can show: forms and scripts from elsewhere, and fields as people and their password managers use them. */

const EMAIL = 'ada@example.com';

/** A stranger's site on another port; as 127.0.0.1 it is another site for the browser than localhost. */
async function strangersSite(t: TestContext, html: (path: string) => string): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(html(request.url ?? '/'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

async function signedUp(stage: Stage): Promise<Visitor> {
  const visitor = await stage.visitor();
  await visitor.signUp(EMAIL);
  await typeCode(stage, visitor, EMAIL);
  return visitor;
}

async function isSignedIn({ page }: Visitor, stage: Stage): Promise<boolean> {
  await page.goto(stage.app + PAGES.dashboard);
  return new URL(page.url()).pathname === PAGES.dashboard && ((await page.textContent('body')) ?? '').includes(EMAIL);
}

onStage('a form or a script on another site signs nobody in, out or up, changes no password and ends no session', async (stage, t) => {
  const app = stage.app;
  const forms: readonly (readonly [string, Record<string, string>, string])[] = [
    [PAGES.signIn, { email: 'eve@example.com', password: PASSWORD }, 'application/x-www-form-urlencoded'],
    [PAGES.signOut, { everywhere: 'on' }, 'application/x-www-form-urlencoded'],
    [PAGE_FORMS.dashboardEndOthers, {}, 'application/x-www-form-urlencoded'],
    [PAGE_FORMS.dashboardPassword, { currentPassword: PASSWORD, newPassword: 'the password of the attacker' }, 'multipart/form-data'],
    [authPath('signOut'), { '{"everywhere":true,"x":"': '"}' }, 'text/plain'],
    [fillPath(authPath('signIn'), { authProvider: 'credential' }), { '{"email":"eve@example.com","x":"': '"}' }, 'text/plain'],
    [authPath('refresh'), {}, 'text/plain'],
  ];
  const site = await strangersSite(t, (path) => {
    const [action, fields, type] = forms[Number(path.slice(1))] ?? ['', {}, ''];
    const inputs = Object.entries(fields).map(([name, value]) => `<input name='${name}' value='${value}'>`);
    return `<form method="post" enctype="${type}" action="${app}${action}">${inputs.join('')}</form>`;
  });
  const visitor = await signedUp(stage);
  for (const origin of [site, site.replace('127.0.0.1', 'localhost')]) {
    for (const [n, [action]] of forms.entries()) {
      await visitor.page.goto(`${origin}/${n}`);
      const answered = visitor.page.waitForResponse((response) => response.url().startsWith(app + action));
      await visitor.page.evaluate(() => document.querySelector('form')?.submit());
      const status = (await answered).status();
      await visitor.page.waitForURL((url) => url.href.startsWith(app), { waitUntil: 'load' });
      assert.ok(status >= 400, `${action} from ${origin}: ${status}`);
    }
    await visitor.page.goto(`${origin}/0`);
    const read = await visitor.page.evaluate(
      async (urls) =>
        Promise.all(
          urls.map((url) =>
            fetch(url, { credentials: 'include' }).then(
              () => url,
              () => 'refused',
            ),
          ),
        ),
      [app + authPath('session'), app + authPath('me'), app + PAGES.dashboard, `${app}${AUTH_PREFIX}/me/sessions`],
    );
    assert.deepEqual(new Set(read), new Set(['refused']), `a script from ${origin} reads something`);
    assert.equal(await isSignedIn(visitor, stage), true, `after ${origin}`);
  }
  const other = await stage.visitor();
  await other.signIn(EMAIL);
  assert.equal(await isSignedIn(other, stage), true, 'the password is the old one');
});

onStage('passwords are typed into fields that hide them, that take what is pasted, and that a password manager knows', async (stage) => {
  const { page } = await stage.visitor();
  for (const [path, autocomplete] of [
    [PAGES.signIn, 'current-password'],
    [PAGES.signUp, 'new-password'],
  ] as const) {
    await page.goto(stage.app + path);
    const field = page.locator('input[name=password]');
    assert.equal(await field.getAttribute('type'), 'password');
    assert.equal(await field.getAttribute('autocomplete'), autocomplete);
    assert.match((await page.locator('input[name=email]').getAttribute('autocomplete')) ?? '', /username|email/);
    assert.equal(await field.getAttribute('maxlength'), null, 'nothing is cut off');
    await field.focus();
    const long = '😀 correct horse battery staple '.repeat(4);
    await field.evaluate((input, text) => {
      const data = new DataTransfer();
      data.setData('text/plain', text);
      const go = input.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
      if (go) (input as HTMLInputElement).value = text;
    }, long);
    assert.equal(await field.inputValue(), long, 'a paste is not stopped');
  }
});
