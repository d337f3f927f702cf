import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Answers under way get this long to be finished, in milliseconds. */
const ANSWER_PATIENCE = 7000;

/**
 * Call before the server listens; answers how to close it: no new connections, every answer under way is finished, then all connections go.
 * Node alone would wait for connections on which nothing was ever asked, and browsers open such ones in advance.
 */
export function countAnswers(server: Server): (app: FastifyInstance) => Promise<void> {
  let underWay = 0;
  server.on('request', (_, response) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
    });
  });
  return async (app) => {
    const closed = app.close();
    const deadline = performance.now() + ANSWER_PATIENCE;
    while (underWay > 0 && performance.now() < deadline) await sleep(20);
    server.closeAllConnections();
    await closed;
  };
}
