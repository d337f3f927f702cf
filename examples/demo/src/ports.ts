import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { DEMO_APPS, DEMO_NOTICE, type DemoApp, type DemoNotice, type DemoPlaces } from '@portico/protocol/demo';
import { hostOf, type OpenOrder } from './apps.ts';

export interface OpenPorts extends DemoPlaces {
  readonly servers: Readonly<Record<DemoApp, Server>>;
}

/** So many taken ports in a row are no accident. */
const TRIES = 40;
/** Milliseconds. */
const NOTICE_PATIENCE = 2000;

/**
 * Each app at its own port, or, where that is taken, at the next free one after all of them. The port of the first app decides between two
 * servers of one Portico that start at once: one can have it, and the other is told where the demo is.
 */
export async function openPorts(order: OpenOrder, answer: (app: DemoApp) => RequestListener): Promise<OpenPorts | DemoNotice> {
  const servers: Partial<Record<DemoApp, Server>> = {};
  let spare = order.firstPort + DEMO_APPS.length;
  for (const [at, app] of DEMO_APPS.entries()) {
    let port = order.firstPort + at;
    for (let tries = 0; ; tries += 1) {
      const server = createServer(answer(app));
      if (await isListening(server, port)) {
        servers[app] = server;
        break;
      }
      const there = at === 0 ? await readNotice(port) : null;
      if (there?.issuer === order.issuer) return there;
      if (tries === TRIES) throw new Error(`no port is free for ${app} from ${order.firstPort} on`);
      port = spare;
      spare += 1;
    }
  }
  const open = servers as Record<DemoApp, Server>;
  const ports = byApp((app) => portOf(open[app]));
  return { servers: open, ports, origins: byApp((app) => `http://${hostOf(app, order.api)}:${ports[app]}`) };
}

/** Only this machine reaches the demo. */
async function isListening(server: Server, port: number): Promise<boolean> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw cause;
  }
}

/** Null: what listens there is no demo. */
async function readNotice(port: number): Promise<DemoNotice | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${DEMO_NOTICE}`, {
      redirect: 'error',
      signal: AbortSignal.timeout(NOTICE_PATIENCE),
    });
    const said = (await answer.json()) as DemoNotice | null;
    return DEMO_APPS.every((app) => typeof said?.origins?.[app] === 'string') ? said : null;
  } catch {
    return null;
  }
}

function byApp<T>(make: (app: DemoApp) => T): Record<DemoApp, T> {
  return Object.fromEntries(DEMO_APPS.map((app) => [app, make(app)])) as Record<DemoApp, T>;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server of the demo has no port');
  return address.port;
}
