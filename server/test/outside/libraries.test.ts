import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { authlib } from './clients/authlib.ts';
import { type Connected, type Library, reasonOf } from './clients/library.ts';
import { newAssertionKey, oauth4webapi } from './clients/oauth4webapi.ts';
import { openidClient } from './clients/openid-client.ts';
import type { Person } from './person.ts';
import { programPath, reasonToSkip } from './programs.ts';
import type { AuthServer, ClientWish } from './servers/auth-server.ts';
import { SERVERS } from './servers/both.ts';

/** Client libraries that none of us wrote, each through a whole visit; the certified provider stands beside Portico to show that it is the same visit. */

const key = await newAssertionKey();
const withoutAuthlib = reasonToSkip('authlib');

interface Case {
  readonly library: Library;
  readonly skip: string | false;
  readonly wish: Partial<ClientWish>;
}
const cases: readonly Case[] = [
  { library: openidClient, skip: false, wish: { sendsSecret: 'basic' } },
  { library: oauth4webapi(key.privateKey), skip: false, wish: { jwks: key.jwks } },
  { library: authlib(programPath('authlib')), skip: withoutAuthlib, wish: { sendsSecret: 'post' } },
];

/** Nobody needs to answer there: the address is handed to the library. */
const REDIRECT_URI = 'http://localhost:9/auth/callback';
const POST_LOGOUT_URI = 'http://localhost:9/signed-out';
const isBack = (url: URL) => url.href.startsWith(REDIRECT_URI);
const isOut = (url: URL) => url.href.startsWith(POST_LOGOUT_URI);

for (const { at, start } of SERVERS) {
  describe(at, () => {
    let server: AuthServer;
    before(async () => {
      server = await start();
    });
    after(() => server?.close());

    for (const { library, skip, wish } of cases) {
      test(`${library.name} signs somebody in at ${at}, refreshes and signs them out`, { skip }, async (t) => {
        const id = `site-${library.name.toLowerCase()}`;
        const client = await server.add({ id, kind: 'web', redirectUris: [REDIRECT_URI], postLogoutUris: [POST_LOGOUT_URI], ...wish });
        const site = await library.connect(server, client);
        t.after(() => site.close());
        await wholeVisit(site, server.person());
      });
    }
  });
}

async function wholeVisit(site: Connected, person: Person): Promise<void> {
  const begun = await site.begin();
  const stranger = await person.open(begun.address, { stopAt: isBack, signsIn: false });
  assert.ok(stranger.status === 200 && !isBack(stranger.url), 'nobody comes back without having signed in');

  const back = await person.open(begun.address, { stopAt: isBack });
  assert.ok(isBack(back.url), `came back, not to ${back.url.href} (${back.status})`);
  const first = await site.finish(begun, back.url);
  const claims = await site.userinfo(first);
  assert.equal(claims['sub'], first.subject);
  assert.equal(claims['email'], person.email);

  const second = await site.refresh(first);
  assert.equal(second.subject, first.subject);
  assert.notEqual(second.refreshToken, first.refreshToken);
  assert.notEqual(second.accessToken, first.accessToken);
  assert.equal((await site.userinfo(second))['sub'], first.subject);

  // Signed in once is signed in: no form on the way, nor with prompt=none.
  for (const extra of [{}, { prompt: 'none' }]) {
    const again = await site.begin(extra);
    const silently = await person.open(again.address, { stopAt: isBack, signsIn: false, saysYes: false });
    assert.ok(isBack(silently.url), silently.url.href);
    assert.equal((await site.finish(again, silently.url)).subject, first.subject);
  }

  const out = await person.open(await site.signOutAddress(second, 'state-of-the-sign-out'), { stopAt: isOut });
  assert.ok(isOut(out.url), `signed out, not at ${out.url.href} (${out.status})`);
  assert.equal(out.url.searchParams.get('state'), 'state-of-the-sign-out');
  assert.match(await refusalOf(site.refresh(second)), /invalid_grant/);
  assert.match(await refusalOf(site.userinfo(second)), /invalid_token|\b401\b/);
  const signedOut = await person.open((await site.begin()).address, { stopAt: isBack, signsIn: false });
  assert.ok(!isBack(signedOut.url), 'signed out at the site is signed out at the server');
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => 'nothing was refused', reasonOf);
}
