import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serve } from '@hono/node-server';

/** Serves what listens at nothing by itself: a handler of `Request`s, or a built SvelteKit app as its adapter for Node does. */

const [path = '', kind = ''] = process.argv.slice(2);
const port = Number(process.env['PORT']);
const hostname = '127.0.0.1';

if (kind === 'sveltekit') await serveSvelteKit(path);
else serve({ fetch: ((await import(pathToFileURL(path).href)) as { handle(request: Request): Promise<Response> }).handle, port, hostname });

interface KitServer {
  init(options: { env: NodeJS.ProcessEnv }): Promise<void>;
  respond(request: Request, options: { getClientAddress(): string; platform: { req: IncomingMessage } }): Promise<Response>;
}

interface KitNode {
  getRequest(given: { request: IncomingMessage; base: string }): Request;
  setResponse(response: ServerResponse, answer: Response): Promise<void>;
}

async function serveSvelteKit(folder: string): Promise<void> {
  const built = (name: string) => import(pathToFileURL(join(folder, '.svelte-kit/output/server', name)).href) as Promise<unknown>;
  const { Server } = (await built('index.js')) as { Server: new (manifest: unknown) => KitServer };
  const { manifest } = (await built('manifest.js')) as { manifest: unknown };
  const node = join(folder, 'node_modules/@sveltejs/kit/src/exports/node/index.js');
  const { getRequest, setResponse } = (await import(pathToFileURL(node).href)) as KitNode;
  const kit = new Server(manifest);
  await kit.init({ env: process.env });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = getRequest({ request, base: `http://${hostname}:${port}` });
    await setResponse(response, await kit.respond(asked, { getClientAddress: () => hostname, platform: { req: request } }));
  };
  createServer((request, response) => void answer(request, response)).listen(port, hostname);
}
