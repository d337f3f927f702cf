import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSite } from '@portico/example-client-site';
import { onSite, sitePath, visitorAt } from '../kits/site-stage.ts';
import { untilAnswered } from './verifiers.ts';

onSite(
  'a person signs in at the example site by one redirect, is renewed there, and signed out there by Portico and by the site',
  async (stage) => {
    const { server, ready } = createSite(stage.options);
    server.listen(stage.port, '127.0.0.1');
    await once(server, 'listening');
    stage.defer(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    await ready;
    const visitor = await stage.visitor('ada@example.com');
    const { portico: ada, ask } = visitor;
    const me = () => ask(sitePath('me'));
    const idOf = async (answer: Response) => ((await answer.json()) as { user: { id: string } }).user.id;
    assert.equal((await me()).status, 401);
    assert.equal((await ask('/notes')).status, 401);
    const done = await visitor.signIn();
    assert.deepEqual([done.status, done.headers.get('location')], [302, '/']);
    for (const line of done.headers.getSetCookie()) assert.match(line, /; HttpOnly; SameSite=Lax/);
    const id = await idOf(await me());
    assert.equal((await ask('/notes')).status, 200);

    // Twenty parts of a page at once, with a token that has just expired.
    stage.advance(6 * 60_000);
    const parts = await Promise.all(Array.from({ length: 20 }, me));
    assert.deepEqual(new Set(parts.map(({ status }) => status)), new Set([200]));
    for (const part of parts) assert.equal(await idOf(part), id);

    // A code that was made for a stranger's browser opens nothing in this one.
    const stranger = visitorAt(stage.base, stage.world, await stage.world.signedUp('eve@example.com'));
    const planted = await stranger.toPortico();
    assert.equal((await ask(planted)).status, 400, 'this browser began nothing');
    await ask(sitePath('signIn'));
    assert.equal((await ask(planted)).status, 400, 'or something else');
    assert.equal(await idOf(await me()), id);

    await ada.act('signOut');
    await untilAnswered('401', async () => String((await me()).status));

    await ada.signIn('ada@example.com', 'correct horse battery staple');
    assert.equal((await visitor.signIn()).status, 302);
    assert.equal((await me()).status, 200);
    const out = await ask(sitePath('signOut'), { method: 'POST' });
    assert.equal(out.status, 204);
    assert.equal((await me()).status, 401);
    assert.equal((await ada.call('session')).body['status'], 'SIGNED_OUT');
  },
);
