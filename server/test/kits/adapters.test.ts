import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveClientRoles } from '../../src/clients/client-role.ts';
import { freshDatabase } from '../databases.ts';
import { FRAMEWORKS } from './frameworks.ts';
import { openSiteStage, said, sitePath } from './site-stage.ts';

/** One list for every framework: what a site answers must not depend on what it is built with. */

for (const [name, start] of Object.entries(FRAMEWORKS))
  test(`a site on ${name}: signs in, guards, renews, hears, signs out`, async (t) => {
    const database = await freshDatabase('sqlite');
    const stage = await openSiteStage(database.db);
    t.after(async () => {
      await stage.close();
      await database.drop();
    });
    await stage.run({ start });
    const ada = await stage.visitor('ada@example.com');
    const { jar, ask } = ada;

    // Nobody yet.
    assert.match(await said(await ask('/notes')), /^401/);
    assert.equal(await said(await ask(sitePath('me'))), '401 signed_out');
    assert.equal((await ask('/auth/other')).status, 404, 'what is not the site’s own is the app’s');
    assert.equal((await ask('/elsewhere')).status, 404);

    // In, by one redirect, and to where it was asked for.
    const done = await ada.signIn(`${sitePath('signIn')}?returnTo=${encodeURIComponent('/notes?page=2#last')}`);
    assert.deepEqual([done.status, done.headers.get('location')], [302, '/notes?page=2#last']);
    assert.equal(done.headers.get('cache-control'), 'no-store');
    assert.deepEqual([...jar.keys()].sort(), ['notes_at', 'notes_rt', 'notes_who']);
    for (const line of done.headers.getSetCookie()) assert.match(line, /^notes_\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
    const me = (await (await ask(sitePath('me'))).json()) as { user: { id: string; email: string }; expiresIn: number; expiresAt: number };
    assert.deepEqual([me.user.email, me.expiresIn > 200 && me.expiresIn <= 300], ['ada@example.com', true]);
    assert.ok(me.expiresAt > stage.world.clock.now() + 29 * 86_400_000);

    // CSRF: by the app's own routes too.
    const add = (headers: Readonly<Record<string, string | undefined>>) => ask('/notes', { method: 'POST', headers });
    assert.deepEqual(await (await add({})).json(), { addedBy: me.user.id });
    for (const from of ['cross-site', 'same-site', 'none']) assert.equal((await add({ 'sec-fetch-site': from })).status, 403, from);
    assert.equal((await add({ 'sec-fetch-site': 'cross-site', origin: stage.base })).status, 403);
    const old = { 'sec-fetch-site': undefined };
    assert.equal((await add(old)).status, 403);
    assert.equal((await add({ ...old, origin: 'null' })).status, 403);
    assert.equal((await add({ ...old, origin: `${stage.base}.evil.example` })).status, 403);
    assert.equal((await add({ ...old, origin: stage.base })).status, 200);

    // A role that is missing, and one that was given: it comes with the next token, and so does its end.
    const remove = async () => (await ask('/notes', { method: 'DELETE' })).status;
    const roles = (given: string[]) =>
      saveClientRoles(stage.world.deps.db, { userId: me.user.id, clientId: 'notes', roles: given, now: stage.world.clock.now() });
    assert.equal(await remove(), 403);
    await roles(['editor']);
    const refreshed = await ask(sitePath('refresh'), { method: 'POST' });
    const answer = (await refreshed.json()) as Record<string, unknown>;
    assert.deepEqual(Object.keys(answer).sort(), ['expiresAt', 'expiresIn', 'gen', 'kind', 'user']);
    assert.deepEqual([answer['kind'], answer['gen']], ['rotated', 1]);
    assert.equal(await remove(), 200);

    // Expired, the token is renewed on the way, in three cookies of their own lines; and the proof is no longer fresh.
    stage.advance(6 * 60_000);
    const renewed = await ask('/notes');
    assert.equal(renewed.status, 200);
    assert.deepEqual(
      renewed.headers.getSetCookie().map((line) => line.split('=')[0]),
      ['notes_at', 'notes_rt', 'notes_who'],
    );
    assert.equal(await remove(), 403, 'a fresh proof is asked for');

    // The forms and limits of the site's own calls.
    const post = (call: 'refresh' | 'signOut' | 'backchannelLogout', body: string | URLSearchParams, type?: string) =>
      ask(sitePath(call), { method: 'POST', body, headers: type === undefined ? {} : { 'content-type': type } });
    assert.equal(await said(await post('signOut', '{"everywhere":', 'application/json')), '400 invalid_fields');
    assert.equal(await said(await post('signOut', '{"everywhere":true,"local":true}', 'application/json')), '400 invalid_fields');
    assert.equal(await said(await post('signOut', 'x'.repeat(70_000), 'text/plain')), '413 too_large');
    assert.equal(await said(await post('backchannelLogout', new URLSearchParams({ logout_token: 'x' }))), '400 invalid_fields');
    const wrong = await ask(sitePath('signOut'));
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST']);
    for (const call of ['refresh', 'signOut'] as const) {
      const foreign = await ask(sitePath(call), { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } });
      assert.equal(await said(foreign), '403 origin_refused');
    }
    assert.equal((await ask('/notes')).status, 200, 'none of it signed anybody out');

    // Out, by a plain form; the copy of the jar is out too.
    const copy = ada.copy();
    const out = await post('signOut', new URLSearchParams({ returnTo: '/bye' }));
    assert.deepEqual([out.status, out.headers.get('location')], [303, '/bye']);
    assert.deepEqual([...jar.keys()], []);
    assert.match(await said(await copy.ask('/notes')), /^401/);
    assert.equal((await ada.portico.call('session')).body['status'], 'SIGNED_OUT');
    await ada.portico.signIn('ada@example.com', 'correct horse battery staple');
    assert.equal((await ada.signIn()).status, 302);
    const byScript = await post('signOut', '{"local":true}', 'application/json');
    assert.deepEqual([byScript.status, jar.size], [204, 0]);
    assert.equal((await ada.portico.call('session')).body['status'], 'VERIFIED', 'Portico and its other sites go on');
  });
