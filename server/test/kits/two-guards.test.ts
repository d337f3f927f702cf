import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX } from '@portico/protocol/routes';
import { createPorticoSite } from '@portico/server/site';
import { siteForExpress } from '@portico/server/site/express';
import { porticoSite } from '@portico/server/site/fastify';
import { siteForHono } from '@portico/server/site/hono';
import { siteForNode } from '@portico/server/site/node';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { freePort } from '../portico-process.ts';
import { listening, type Start } from './frameworks.ts';
import { onSite } from './site-stage.ts';

/** Sites whose page stands behind two guards, as one that wants a user in general and more for this page. */
const GUARDED: Readonly<Record<string, Start>> = {
  node: async (options, port) => {
    const site = createPorticoSite(options);
    const { requireUser } = siteForNode(site);
    const server = createServer((request, response) => {
      void requireUser(request, response)
        .then(async (user) => user && (await requireUser(request, response, { scope: 'openid' })))
        .then((user) => user && response.end('in'));
    });
    return listening(server.listen(port, '127.0.0.1'), site);
  },
  express: async (options, port) => {
    const site = createPorticoSite(options);
    const { requireUser } = siteForExpress(site);
    const app = express();
    // Below a router that cuts off a part of the address, too.
    const inner = express.Router().get('/page', requireUser({ scope: 'openid' }), (_, response) => void response.send('in'));
    app.use(siteForExpress(site).routes).use('/inner', requireUser(), inner);
    return listening(app.listen(port, '127.0.0.1'), site);
  },
  hono: async (options, port) => {
    const site = createPorticoSite(options);
    const { requireUser } = siteForHono(site);
    const app = new Hono().get('/inner/page', requireUser(), requireUser({ scope: 'openid' }), (c) => c.text('in'));
    return listening(serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }), site);
  },
  fastify: async (options, port) => {
    const app = Fastify();
    await app.register(porticoSite, options);
    const { requireUser } = app.porticoSite;
    app.get('/inner/page', { preHandler: [requireUser(), requireUser({ scope: 'openid' })] }, async () => 'in');
    await app.listen({ port, host: '127.0.0.1' });
    return async () => app.close();
  },
};

onSite('a page behind two guards renews once, and its answer carries each cookie once', async (stage) => {
  await stage.run();
  const ada = await stage.visitor('ada@example.com');
  assert.equal((await ada.signIn()).status, 302);
  for (const [name, start] of Object.entries(GUARDED)) {
    const base = await stage.run({ at: await freePort(), start });
    stage.advance(6 * 60_000);
    const before = stage.wire.asked.length;
    const answer = await ada.ask('/inner/page', { base });
    assert.deepEqual([name, answer.status, await answer.text()], [name, 200, 'in']);
    const names = answer.headers.getSetCookie().map((line) => line.split('=')[0]);
    assert.deepEqual([name, ...names], [name, 'notes_at', 'notes_rt', 'notes_who']);
    const refreshes = stage.wire.asked.slice(before).filter((path) => path === EXTERNAL_PREFIX + EXTERNAL_PATHS.refresh);
    assert.equal(refreshes.length, 1, name);
  }
});
