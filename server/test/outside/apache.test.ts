import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../portico-process.ts';
import { type ApacheSite, apacheWish, startApache } from './clients/apache.ts';
import type { Person } from './person.ts';
import { programPath, reasonToSkip } from './programs.ts';
import type { AuthServer } from './servers/auth-server.ts';
import { SERVERS } from './servers/both.ts';

/** A site behind Apache's mod_auth_openidc, which has been in the field for ten years and was written by nobody of ours. */

const skip = reasonToSkip('apache');

for (const { at, start } of SERVERS) {
  test(`mod_auth_openidc signs somebody in at ${at}, refreshes and signs them out`, { skip }, async (t) => {
    const { server, site } = await stage(t, start);
    const person = server.person();
    const first = await comeIn(site, person);
    assert.equal(first.userinfo.email, person.email);

    await site.refresh(person, first);
    const second = await site.whoIs(person);
    assert.ok(second !== null);
    assert.notEqual(second.access_token, first.access_token);
    assert.notEqual(second.refresh_token, first.refresh_token);

    const out = await person.open(site.signOutAddress);
    assert.equal(out.url.href.split('?')[0], site.signedOutAddress, site.printed());
    assert.equal(await site.whoIs(person), null);
    const again = await person.open(`${site.origin}/protected/`, { signsIn: false });
    assert.equal(again.url.origin, server.issuer, 'signed out at the site is signed out at the server');
  });

  test(`mod_auth_openidc lets nobody in any more whom a back-channel logout of ${at} named`, { skip }, async (t) => {
    const { server, site } = await stage(t, start);
    const [leaver, stayer] = [server.person(), server.person()];
    await comeIn(site, leaver);
    await comeIn(site, stayer);

    await leaver.open(server.signOutAddress, { signsIn: false });
    for (const deadline = performance.now() + 60_000; (await site.whoIs(leaver)) !== null; await sleep(50))
      assert.ok(performance.now() < deadline, `nothing told Apache: ${site.printed()}`);
    assert.ok((await site.whoIs(stayer)) !== null, 'only the session that was ended');
  });
}

async function stage(t: TestContext, start: () => Promise<AuthServer>): Promise<{ server: AuthServer; site: ApacheSite }> {
  const server = await start();
  t.after(() => server.close());
  const port = await freePort();
  const site = await startApache(programPath('apache'), port, server, await server.add(apacheWish(port)));
  t.after(() => site.close());
  return { server, site };
}

/** Nobody gets in without a sign-in at the server; then this person. */
async function comeIn(site: ApacheSite, person: Person) {
  const door = await person.open(`${site.origin}/protected/`, { signsIn: false });
  assert.notEqual(door.text, 'inside');
  const seen = await person.open(`${site.origin}/protected/`);
  assert.equal(seen.text, 'inside', `${seen.url.href}: ${seen.text.slice(0, 300)} ${site.printed()}`);
  const inside = await site.whoIs(person);
  assert.ok(inside !== null);
  return inside;
}
