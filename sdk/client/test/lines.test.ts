import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AUTH_PATHS, AUTH_PREFIX, SYSTEM } from '@portico/protocol/routes';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Page } from 'playwright-core';
import { launchChromium, openPage, reasonToSkip } from '../../../ui/test/browser.ts';
import { bundle, showPage } from './bundle.ts';
import { fakeUser, HOUR } from './fake-portico.ts';

/** What the README says: its lines are files, which the type check of the repository reads too. */
const LINES = join(import.meta.dirname, 'lines');
const ISSUER = 'https://auth.example.com';
const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

async function bundled(file: string): Promise<string> {
  const warnings: string[] = [];
  const plugin = svelte({ configFile: false, onwarn: ({ message }) => warnings.push(message) });
  const script = await bundle(join(import.meta.dirname, file), { plugins: [plugin] });
  assert.deepEqual(warnings, []);
  return script;
}

for (const file of readdirSync(LINES).filter((name) => name !== 'portico.ts'))
  test(`the README shows ${file} as it is checked, and a bundler takes it`, async () => {
    const lines = readFileSync(join(LINES, file), 'utf8');
    const language = file.slice(file.lastIndexOf('.') + 1);
    assert.ok(readme.includes(`\`\`\`${language}\n${lines}\`\`\`\n`), 'the README says something else');
    assert.notEqual(await bundled(join('lines', file)), '');
  });

/** Portico as these lines meet it, of which the test decides whether the browser has a sign-in. */
async function playPortico(page: Page, isSignedIn: () => boolean, signOut: () => void): Promise<void> {
  const user = fakeUser('ada');
  const grant = { kind: 'rotated', accessToken: 'token', expiresIn: 300, gen: 1, csrfToken: 'csrf', user, expiresAt: Date.now() + HOUR };
  const answers: Readonly<Record<string, () => object | null>> = {
    [SYSTEM.portico]: () => ({
      issuer: ISSUER,
      app: ISSUER,
      api: ISSUER + AUTH_PREFIX,
      jwks_uri: ISSUER + SYSTEM.jwks,
      client: { id: 'space-snake', name: 'Space Snake', mode: 'cookie', redirectUri: 'https://app.example.com/' },
    }),
    [AUTH_PREFIX + AUTH_PATHS.session]: () => (isSignedIn() ? { status: 'VERIFIED', gen: 0, csrfToken: 'csrf' } : { status: 'SIGNED_OUT' }),
    [AUTH_PREFIX + AUTH_PATHS.refresh]: () => (isSignedIn() ? grant : { error: 'refresh_invalid' }),
    [AUTH_PREFIX + AUTH_PATHS.signOut]: () => (signOut(), null),
    [AUTH_PREFIX + AUTH_PATHS.extendSoft]: () => null,
  };
  await page.route(`${ISSUER}/**`, (route) => {
    const headers = {
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'content-type, portico-attempt, portico-csrf',
    };
    const answer = route.request().method() === 'OPTIONS' ? undefined : answers[new URL(route.request().url()).pathname];
    const body = answer?.() ?? null;
    if (body === null) return route.fulfill({ status: 204, headers });
    return route.fulfill({ status: 'error' in body ? 400 : 200, headers, json: body });
  });
}

for (const name of ['react', 'svelte'])
  test(`the lines for ${name} sign out and show it, with the SDK itself`, { skip: reasonToSkip() }, async (t) => {
    const browser = await launchChromium();
    t.after(() => browser.close());
    const { page, complaints } = await openPage(browser, {});
    let signedIn = true;
    await playPortico(
      page,
      () => signedIn,
      () => {
        signedIn = false;
      },
    );
    await showPage(page, await bundled(`pages/lines-${name}.ts`));
    await page.getByRole('button', { name: 'Sign out ada' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.equal(signedIn, false);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.deepEqual(complaints, []);
  });
