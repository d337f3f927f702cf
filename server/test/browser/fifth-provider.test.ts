import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AUTH_PREFIX, fillPath, PAGES } from '@portico/protocol/routes';
import type { Page } from 'playwright-core';
import { startOpenIdProvider } from '../emulators.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { onStage } from './visitor.ts';

/** A provider that Portico has never heard of costs one file and one line: this test writes both into a copy of the server. */

const FILE = `import { type OpenIdDefinition, profileFromClaims } from './definition.ts';

export const house: OpenIdDefinition = {
  protocol: 'openid',
  name: 'house',
  label: 'House',
  scope: 'openid email profile',
  addresses: [{ suffix: 'ISSUER', standard: '', sentence: 'Its OpenID issuer.' }],
  clientAuthentication: 'basic',
  issuer: ({ ISSUER: issuer }) => issuer ?? '',
  userInfo: true,
  profile: profileFromClaims,
};
`;
const LINE = "export { house } from './house.ts';\n";

const SERVER = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'portico-fifth-'));
for (const part of ['bin', 'data', 'migrations', 'src', 'package.json'])
  await cp(join(SERVER, part), join(folder, 'server', part), { recursive: true });
await symlink(join(SERVER, '..', 'node_modules'), join(folder, 'node_modules'));
const providers = join(folder, 'server', 'src', 'auth', 'auth-providers');
await writeFile(join(providers, 'house.ts'), FILE);
await writeFile(join(providers, 'index.ts'), (await readFile(join(providers, 'index.ts'), 'utf8')) + LINE);
const command = join(folder, 'server', 'bin', 'portico.js');

const port = await freePort();
const home = `http://localhost:${port}`;
const house = await startOpenIdProvider('house', { app: home, api: home });
after(async () => {
  house.close();
  await rm(folder, { recursive: true, force: true });
});
const settings = {
  PORTICO_HOUSE_CLIENT_ID: 'house-client',
  PORTICO_HOUSE_CLIENT_SECRET: 'house-secret',
  PORTICO_HOUSE_ISSUER: house.issuer,
};

async function signInAtHouse(page: Page, name: string): Promise<void> {
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.getByRole('button', { name: /continue/i }).click();
}

onStage(
  'a fifth provider, an unknown OpenID one, is a file and a line: button, settings and both flows follow',
  async (stage) => {
    const visitor = await stage.visitor();
    const { page } = visitor;
    await page.goto(stage.app + PAGES.signIn);
    await page.waitForSelector('html[data-alive]');
    assert.deepEqual(await page.locator('.providers a').allInnerTexts(), ['Continue with House']);
    await page.locator('.providers a').click();
    const back = page.waitForRequest(
      (request) => new URL(request.url()).pathname === fillPath(PAGES.authCallback, { authProvider: 'house' }),
    );
    await signInAtHouse(page, 'ada');
    await back;
    await page.getByText('ada@example.com').first().waitFor();
    assert.deepEqual(visitor.complaints, []);

    const plain = await stage.visitor({ javaScriptEnabled: false });
    await plain.page.goto(`${stage.app}${AUTH_PREFIX}/house`);
    await signInAtHouse(plain.page, 'grace');
    await plain.page.waitForURL((url) => url.pathname === PAGES.dashboard);
    await plain.page.getByText('grace@example.com').first().waitFor();

    const doctor = await runPortico(['doctor', '--json'], settings, command);
    const rows = (JSON.parse(doctor.stdout) as { settings: { name: string; value: string }[] }).settings;
    assert.deepEqual(
      rows.filter(({ name }) => name.includes('HOUSE')).map(({ name, value }) => [name, value]),
      [
        ['PORTICO_HOUSE_CLIENT_ID', 'house-client'],
        ['PORTICO_HOUSE_CLIENT_SECRET', '***'],
        ['PORTICO_HOUSE_ISSUER', house.issuer],
      ],
    );
    const half = await runPortico(['doctor'], { PORTICO_HOUSE_CLIENT_ID: 'house-client' }, command);
    assert.equal(half.code, 1);
    assert.match(half.stdout, /PORTICO_HOUSE_CLIENT_SECRET is missing: PORTICO_HOUSE_CLIENT_ID is given/);
  },
  { port, command, settings: () => settings },
);
