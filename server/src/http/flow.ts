import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { AnswerStream } from '../sessions/answer.ts';

/** Text that waits for a reader who is too slow is memory that a stranger holds: beyond this the reader is dropped. In characters. */
const UNREAD_MAX = 8 * 1024 * 1024;
/** A reader who takes nothing of what waits for this long is gone, in milliseconds. */
const TAKES_WITHIN = 10_000;

export interface Flow extends Readable {
  /** This process ends: whoever writes here says its last word. */
  leave(): void;
}

/** An answer that goes on, as a stream for the HTTP server. */
export function flow({ open }: AnswerStream): Flow {
  let stuck: NodeJS.Timeout | undefined;
  let close: () => void = () => undefined;
  let ended = false;
  const farewells: (() => void)[] = [];
  const readable = new Readable({
    // Whatever is asked for was written already; being asked shows that somebody reads.
    read: () => {
      clearTimeout(stuck);
      stuck = undefined;
    },
    destroy: (cause, done) => {
      clearTimeout(stuck);
      close();
      done(cause);
    },
  });
  const fail = () => void readable.destroy(new Error('the reader is too slow'));
  close = open({
    write: (text) => {
      if (readable.destroyed || ended) return;
      if (readable.push(text)) return;
      stuck ??= setTimeout(fail, TAKES_WITHIN).unref();
      if (readable.readableLength > UNREAD_MAX) fail();
    },
    end: () => {
      if (!readable.destroyed && !ended) readable.push(null);
      ended = true;
    },
    fail: () => void readable.destroy(new Error('the answer cannot go on')),
    onLeaving: (hear) => farewells.push(hear),
  });
  if (readable.destroyed) close();
  return Object.assign(readable, { leave: () => farewells.forEach((hear) => hear()) });
}

/** A server that ends does not wait for what has no end. The hook before closing runs while connections are still open. */
export function endFlowsAtClose(scope: FastifyInstance): void {
  const flows = new Set<Flow>();
  let closing = false;
  scope.addHook('onSend', async (_, __, payload) => {
    if (!isFlow(payload)) return payload;
    flows.add(payload);
    payload.once('close', () => flows.delete(payload));
    if (closing) payload.leave();
    return payload;
  });
  scope.addHook('preClose', (done) => {
    closing = true;
    for (const each of flows) each.leave();
    done();
  });
}

function isFlow(payload: unknown): payload is Flow {
  return payload instanceof Readable && 'leave' in payload;
}
