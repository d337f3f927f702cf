import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../portico-process.ts';
import { guardedWish, startGuardedSite } from './clients/guarded-site.ts';
import { programPath, reasonToSkip } from './programs.ts';
import { startRunningPortico } from './servers/running-portico.ts';

const skip = reasonToSkip('nginx');

test('nginx lets in whom the verifier knows, and nobody whose sign-in has ended elsewhere', { skip }, async (t) => {
  const server = await startRunningPortico();
  t.after(() => server.close());
  const port = await freePort();
  const site = await startGuardedSite(programPath('nginx'), port, server, await server.add(guardedWish(port)));
  t.after(() => site.close());
  await site.verifier.ready;
  const [person, stayer] = [server.person(), server.person()];
  const inside = `${site.origin}/protected/`;

  const door = await person.open(inside, { signsIn: false });
  assert.equal(door.url.origin, server.issuer);
  for (const visitor of [person, stayer]) {
    const seen = await visitor.open(inside);
    assert.equal(seen.text, 'inside', `${seen.url.href} ${seen.text}`);
    assert.ok(seen.headers.get('x-user'));
  }

  const before = person.jar.header(new URL(inside));
  assert.equal((await person.open(`${site.origin}/refresh`)).text, 'inside');
  assert.notEqual(person.jar.header(new URL(inside)), before);

  // Not at this site: its cookie with the unexpired token stays where it is.
  await person.open(server.signOutAddress, { signsIn: false });
  for (const deadline = performance.now() + 60_000; (await person.ask(inside)).status === 200; await sleep(25))
    assert.ok(performance.now() < deadline, 'nginx still lets in who has signed out');
  assert.match(person.jar.header(new URL(inside)), /site_access=ey/);
  assert.equal((await person.open(inside, { signsIn: false })).url.origin, server.issuer);

  assert.equal((await stayer.ask(inside)).status, 200, 'only the session that was ended');
  const out = await stayer.open(`${site.origin}/logout`);
  assert.equal(out.text, 'signed out');
  for (const deadline = performance.now() + 60_000; (await stayer.ask(inside)).status === 200; await sleep(25))
    assert.ok(performance.now() < deadline, 'nginx still lets in who has signed out');
});
