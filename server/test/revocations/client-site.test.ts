import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSite } from '@portico/example-client-site';
import { OAUTH } from '@portico/protocol/routes';
import type { Browser } from '../browser.ts';
import { forEachDatabase } from '../databases.ts';
import { freePort } from '../portico-process.ts';
import { addSite } from '../sites.ts';
import { openWorld, type World } from '../world.ts';
import { untilAnswered } from './verifiers.ts';

/** A person's browser at the example site: a jar of its own for that host, and Portico's in `portico`. */
interface Visitor {
  readonly jar: Map<string, string>;
  get(path: string): Promise<Response>;
  post(path: string): Promise<Response>;
  /** Goes to Portico; answers the path, with a code, that Portico sends the browser back to. */
  toPortico(): Promise<string>;
  /** The same, and back again. Answers how the site answers its callback. */
  signIn(): Promise<Response>;
}

function visitorAt(base: string, world: World, portico: Browser): Visitor {
  const jar = new Map<string, string>();
  const ask = async (method: string, path: string) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(base + path, { method, redirect: 'manual', headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  const visitor: Visitor = {
    jar,
    get: (path) => ask('GET', path),
    post: (path) => ask('POST', path),
    toPortico: async () => {
      const away = new URL((await ask('GET', '/login')).headers.get('location') ?? '');
      assert.equal(away.origin + away.pathname, world.deps.config.origin + OAUTH.authorize);
      const answered = await portico.send('GET', away.pathname + away.search, undefined, { headers: { accept: 'text/html' } });
      const back = new URL(String(answered.headers['location']));
      assert.equal(back.origin, base, `${answered.status} ${back.href}`);
      return back.pathname + back.search;
    },
    signIn: async () => visitor.get(await visitor.toPortico()),
  };
  return visitor;
}

forEachDatabase(
  'a person signs in at the example site by one redirect, is renewed there, and signed out there by Portico and by the site',
  async (open) => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead, advance: (by: number) => void (ahead += by) };
    const world = await openWorld(await open(), { clock, config: { origin, appOrigin: origin, apiOrigin: origin } });
    await world.app.listen({ host: '127.0.0.1', port });
    const base = `http://127.0.0.1:${await freePort()}`;
    const redirectUris = [`${base}/callback`];
    const site = await addSite(world, 'notes', { redirectUris, postLogoutUris: [`${base}/`], confirmation: 'auto' });
    const { server, ready } = createSite({
      issuer: origin,
      clientId: 'notes',
      clientSecret: String(site.secret),
      baseUrl: base,
      now: clock.now,
    });
    server.listen(Number(new URL(base).port), '127.0.0.1');
    await once(server, 'listening');
    try {
      await ready;
      const ada = await world.signedUp('ada@example.com');
      const visitor = visitorAt(base, world, ada);
      assert.equal((await visitor.get('/me')).status, 401);
      const done = await visitor.signIn();
      assert.deepEqual([done.status, done.headers.get('location')], [302, '/']);
      const me = await visitor.get('/me');
      assert.equal(me.status, 200);
      const { id } = (await me.json()) as { id: string };
      for (const line of done.headers.getSetCookie()) assert.match(line, /; HttpOnly; SameSite=Lax/);

      // Twenty parts of a page at once, with a token that has just expired.
      clock.advance(6 * 60_000);
      const parts = await Promise.all(Array.from({ length: 20 }, () => visitor.get('/me')));
      assert.deepEqual(new Set(parts.map(({ status }) => status)), new Set([200]));
      for (const part of parts) assert.equal(((await part.json()) as { id: string }).id, id);

      // A code that was made for a stranger's browser opens nothing in this one.
      const stranger = visitorAt(base, world, await world.signedUp('eve@example.com'));
      const planted = await stranger.toPortico();
      assert.equal((await visitor.get(planted)).status, 400, 'this browser began nothing');
      await visitor.get('/login');
      assert.equal((await visitor.get(planted)).status, 400, 'or something else');
      assert.equal(((await (await visitor.get('/me')).json()) as { id: string }).id, id);

      await ada.act('signOut');
      await untilAnswered('401', async () => String((await visitor.get('/me')).status));
      assert.deepEqual(
        [...visitor.jar.keys()].filter((name) => name !== 'notes_tx'),
        [],
        'and it keeps nothing',
      );

      await ada.signIn('ada@example.com', 'correct horse battery staple');
      assert.equal((await visitor.signIn()).status, 302);
      assert.equal((await visitor.get('/me')).status, 200);
      const out = await visitor.post('/logout');
      assert.equal(out.status, 303);
      assert.ok((out.headers.get('location') ?? '').startsWith(`${origin}${OAUTH.logout}?`));
      assert.equal((await visitor.get('/me')).status, 401);
    } finally {
      server.closeAllConnections();
      server.close();
      await world.close();
    }
  },
);
