import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type ServerType, serve } from '@hono/node-server';
import type { SiteOptions } from '@portico/server/site';
import { createApp as createExpress } from '../../../examples/snippets/site/express.ts';
import { createApp as createFastify } from '../../../examples/snippets/site/fastify.ts';
import { createApp as createHono } from '../../../examples/snippets/site/hono.ts';
import { createApp as createNode } from '../../../examples/snippets/site/node.ts';
import { createHooks } from '../../../examples/snippets/site/sveltekit.ts';
import { sendResponse, toRequest } from '../../../sdk/server/src/node-http.ts';
import { error, isHttpError } from '../../../sdk/server/test/sveltekit.ts';

/** Starts the site of the docs at a port; answers how to stop it. */
export type Start = (options: SiteOptions, port: number) => Promise<() => Promise<void>>;

export async function listening(server: Server | ServerType, site: { close(): void }): Promise<() => Promise<void>> {
  if (!server.listening) await once(server, 'listening');
  return async () => {
    site.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
}

/** SvelteKit's own server is not built here: its hook and its endpoints are driven with the requests that it would hand them. */
const sveltekit: Start = async (options, port) => {
  const { site, handle, ...endpoints } = createHooks(options, error);
  const server = createServer((incoming, outgoing) => {
    const event = { request: toRequest(incoming, options.baseUrl) ?? new Request(options.baseUrl), locals: {} };
    const resolve = async () => {
      const act = endpoints[incoming.method as keyof typeof endpoints];
      if (incoming.url !== '/notes' || act === undefined) return new Response('Not found', { status: 404 });
      try {
        return await act(event);
      } catch (thrown) {
        if (!isHttpError(thrown)) throw thrown;
        return Response.json(thrown.body, { status: thrown.status });
      }
    };
    void handle({ event, resolve }).then((response) => sendResponse(response, outgoing));
  });
  return listening(server.listen(port, '127.0.0.1'), site);
};

export const FRAMEWORKS: Readonly<Record<string, Start>> = {
  node: async (options, port) => {
    const { app, site } = createNode(options);
    return listening(app.listen(port, '127.0.0.1'), site);
  },
  express: async (options, port) => {
    const { app, site } = createExpress(options);
    return listening(app.listen(port, '127.0.0.1'), site);
  },
  hono: async (options, port) => {
    const { app, site } = createHono(options);
    return listening(serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }), site);
  },
  sveltekit,
  fastify: async (options, port) => {
    const app = await createFastify(options);
    await app.listen({ port, host: '127.0.0.1' });
    return async () => app.close();
  },
};
