import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { PAGES } from '@portico/protocol/routes';
import { byPage, byRedirect, fakeProviders, PROVIDER_NAMES } from '../fake-providers.ts';
import { inWorld, ORIGIN } from '../world.ts';

const fake = await fakeProviders();
const options = { config: { providers: fake.access }, deps: { network: fake.network } };

inWorld(
  'each provider, by both flows: the first time makes the account, the second finds it',
  async (world) => {
    for (const [at, name] of PROVIDER_NAMES.entries()) {
      const person = { subject: String(1000 + at), email: `${name}@example.com` };
      const first = await byPage(fake, world.browser(), name, person, { returnTo: '/dashboard/security' });
      assert.equal(first.body['status'], 'VERIFIED', `${name} ${first.text}`);
      assert.equal(first.body['returnTo'], PAGES.dashboardSecurity);
      assert.deepEqual((first.body['user'] as { email: string }).email, person.email);
      const browser = world.browser();
      const second = await byRedirect(fake, browser, name, person);
      assert.deepEqual([second.status, second.headers['location']], [302, ORIGIN + PAGES.dashboard], second.text);
      assert.deepEqual((await browser.call('me')).body['id'], (first.body['user'] as { id: string }).id);
      assert.equal(browser.cookie(COOKIES.lastWay), name);
    }
  },
  options,
);
