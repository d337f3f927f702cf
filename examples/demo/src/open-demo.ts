import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { DEMO_NOTICE, type DemoApp, type DemoNews, type DemoNotice, type DemoOrder } from '@portico/protocol/demo';
import type { OpenOrder } from './apps.ts';
import { type OpenPorts, openPorts } from './ports.ts';
import { type Listeners, startApps } from './start-apps.ts';

/** Answers what to do with each order: first the ports, which Portico must know to register the apps, then the apps. */
export function openDemo(tell: (news: DemoNews) => void): (order: DemoOrder) => Promise<void> {
  const opened = Promise.withResolvers<DemoNotice>();
  const started = Promise.withResolvers<Listeners>();
  let open: { readonly order: OpenOrder; readonly ports: OpenPorts } | null = null;

  /** Who comes too early waits: Portico is busy with the registration, some milliseconds. */
  const answer =
    (app: DemoApp): RequestListener =>
    (request, response) => {
      const said =
        request.url === DEMO_NOTICE ? opened.promise.then((notice) => sendJson(response, notice)) : handOn(app, request, response);
      said.catch(() => response.destroy());
    };
  const handOn = async (app: DemoApp, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    (await started.promise)[app](request, response);
  };

  return async (order) => {
    if (order.kind === 'open') {
      const found = await openPorts(order, answer);
      const { origins, ports } = found;
      if (!('servers' in found)) return tell({ kind: 'elsewhere', origins, ports });
      open = { order, ports: found };
      opened.resolve({ issuer: order.issuer, origins, ports });
      return tell({ kind: 'opened', origins, ports });
    }
    if (open === null) throw new Error('told to serve before it had its ports');
    started.resolve(await startApps(open.order, open.ports.origins, order.secrets));
    tell({ kind: 'serving' });
  };
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}
