import assert from 'node:assert/strict';
import { SYSTEM } from '@portico/protocol/routes';
import { setClientDisabled } from '../../src/clients/client.ts';
import type { Answered } from '../browser.ts';
import { addSecondary, SECONDARY_ORIGIN } from '../secondaries.ts';
import { addSite } from '../sites.ts';
import { inWorld, ORIGIN, type World } from '../world.ts';
import { addApp } from './apps.ts';

/** What a page is told of how its app holds a sign-in. */

interface Page {
  readonly origin?: string | undefined;
  readonly site?: string | undefined;
}

async function read(world: World, query: string, { origin, site }: Page = {}): Promise<Answered> {
  return world.browser().send('GET', `${SYSTEM.portico}${query}`, undefined, { headers: { origin, 'sec-fetch-site': site } });
}

async function clientFor(world: World, id: string, page: Page): Promise<unknown> {
  return (await read(world, `?client_id=${encodeURIComponent(id)}`, page)).body['client'];
}

inWorld('an app is told `cookie` where its page is on the same site, and `pkce` where it is not', async (world) => {
  const { origin } = await addApp(world, 'notes', {
    name: 'Notes',
    redirectUris: ['https://elsewhere.example/', 'http://localhost:5173/in'],
  });
  const cookie = { id: 'notes', name: 'Notes', mode: 'cookie', redirectUri: 'http://localhost:5173/in' };
  for (const site of ['same-site', 'same-origin', undefined])
    assert.deepEqual(await clientFor(world, 'notes', { origin, site }), cookie, String(site));
  for (const site of ['cross-site', 'none', 'SAME-SITE', ''])
    assert.deepEqual(await clientFor(world, 'notes', { origin, site }), { ...cookie, mode: 'pkce' }, site);
  const far = await addApp(world, 'far', { origin: 'https://far.example.net' });
  const pkce = { id: 'far', name: 'far', mode: 'pkce', redirectUri: 'https://far.example.net/' };
  assert.deepEqual(await clientFor(world, 'far', { origin: far.origin, site: undefined }), pkce, 'an old browser, and another host');
});

inWorld('a site with a backend is told `site`, at its own pages', async (world) => {
  await addSite(world, 'shop', {
    name: 'Shop',
    redirectUris: ['https://shop.example.net/auth/callback'],
    origins: ['https://m.example.net'],
  });
  for (const origin of ['https://shop.example.net', 'https://m.example.net'])
    assert.deepEqual(await clientFor(world, 'shop', { origin, site: 'cross-site' }), { id: 'shop', name: 'Shop', mode: 'site' });
});

inWorld('a stranger learns no name, and not whether there is such a client', async (world) => {
  await addApp(world, 'notes');
  await addSite(world, 'shop');
  await addSecondary(world, 'game');
  await addSite(world, 'snake', { kind: 'native', redirectUris: ['http://127.0.0.1/'] });
  const gone = await addApp(world, 'gone', { origin: 'http://localhost:5174' });
  await setClientDisabled(world.deps.db, 'gone', 1);
  const nothing = (await read(world, '', {})).text;
  const asks: readonly (readonly [string, Page])[] = [
    ['notes', {}],
    ['notes', { origin: 'null' }],
    ['notes', { origin: 'https://evil.example', site: 'cross-site' }],
    ['notes', { origin: 'http://localhost:5173/', site: 'same-site' }],
    ['notes', { origin: 'http://localhost:51733', site: 'same-site' }],
    ['notes', { origin: ORIGIN, site: 'same-origin' }],
    ['shop', {}],
    ['shop', { origin: 'https://evil.example' }],
    ['shop', { origin: 'http://localhost:5173', site: 'same-site' }],
    ['game', { origin: SECONDARY_ORIGIN, site: 'same-site' }],
    ['snake', { origin: 'http://127.0.0.1' }],
    ['gone', { origin: gone.origin, site: 'same-site' }],
    ['portico', { origin: ORIGIN, site: 'same-origin' }],
    ['nobody', { origin: 'http://localhost:5173', site: 'same-site' }],
    ["' or 1=1", { origin: 'http://localhost:5173', site: 'same-site' }],
  ];
  for (const [id, page] of asks)
    assert.equal((await read(world, `?client_id=${encodeURIComponent(id)}`, page)).text, nothing, `${id} ${page.origin}`);
  assert.equal(
    (await read(world, '?client_id=notes&client_id=notes', { origin: 'http://localhost:5173', site: 'same-site' })).text,
    nothing,
  );
});

inWorld('the answer is kept privately for an hour, apart for each page; what may change in a minute is not kept', async (world) => {
  const { origin } = await addApp(world);
  const headersOf = async (query: string, page: Page = {}) => {
    const { headers } = await read(world, query, page);
    return [headers['cache-control'], headers['vary'], headers['access-control-allow-origin'], headers['access-control-allow-credentials']];
  };
  const kept = ['private, max-age=3600', 'Origin, Sec-Fetch-Site', '*', undefined];
  assert.deepEqual(await headersOf('?client_id=notes', { origin, site: 'same-site' }), kept);
  assert.deepEqual(await headersOf(''), kept);
  assert.deepEqual(await headersOf('?client_id=nobody', { origin, site: 'same-site' }), ['no-store', ...kept.slice(1)]);
});
