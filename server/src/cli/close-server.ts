import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** From being asked to end until the last answer, in milliseconds. */
const ANSWER_PATIENCE = 7000;
/**
 * Behind a proxy, connections stay open this long after the last one was taken, in milliseconds. A proxy that has learned that nobody takes
 * connections here asks elsewhere, and only then can an idle one be closed without a request being on its way through it: proxies do not
 * send a POST twice (nginx answers 502).
 */
const IDLE_GRACE = 1500;
/** A connection that arrives between two looks at the listening socket is lost with it, so it is closed in a quick turn; after this many tries, anyway. */
const TURNS_TRIED = 50;
const QUICK_TURN = 0.3;

/**
 * Call before the server listens; answers how to close it: no new connections, every answer under way is finished and the last one of its
 * connection, then all connections go. Node alone would close idle connections at once and wait for those on which nothing was ever asked.
 * `drainDelay`: for how long it has been said already that the end is near, in milliseconds; 0: there is no proxy.
 */
export function watchAnswers(server: Server): (app: FastifyInstance, drainDelay: number) => Promise<void> {
  let underWay = 0;
  let leaving = false;
  server.prependListener('request', (_, response) => {
    underWay += 1;
    if (leaving) response.setHeader('connection', 'close');
    response.once('close', () => {
      underWay -= 1;
    });
  });
  return async (app, drainDelay) => {
    const deadline = performance.now() + ANSWER_PATIENCE - drainDelay;
    await waitForQuickTurn();
    leaving = true;
    NetServer.prototype.close.call(server);
    if (drainDelay > 0) await sleep(IDLE_GRACE);
    // Streams, which have no end of their own, are ended by this.
    const closed = app.close();
    while (underWay > 0 && performance.now() < deadline) await sleep(20);
    server.closeAllConnections();
    await closed;
  };
}

async function waitForQuickTurn(): Promise<void> {
  for (let tries = 0; tries < TURNS_TRIED; tries += 1) {
    const began = performance.now();
    await nextTurn();
    if (performance.now() - began < QUICK_TURN) return;
  }
}
