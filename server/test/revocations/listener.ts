import { REVOCATIONS } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import { basicOf, type Site } from '../sites.ts';

/** One connection to the stream, read by hand: what stands on the wire, not what our own verifier makes of it. */
export interface Heard {
  readonly event: string;
  readonly data: unknown;
}

export interface Listener {
  readonly status: number;
  readonly headers: Headers;
  /** Everything heard so far. */
  readonly heard: readonly Heard[];
  /** Waits for the next event of this name that was not waited for yet; null: the stream ended first. */
  next(event: string): Promise<Heard | null>;
  /** Resolves when the stream is over. */
  readonly over: Promise<void>;
  close(): void;
}

export async function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 });
}

export async function openStream(origin: string, site: Site | { authorization: string }): Promise<Listener> {
  const stop = new AbortController();
  const authorization = 'authorization' in site ? site.authorization : basicOf(site);
  const answer = await fetch(origin + REVOCATIONS.stream, { headers: { authorization }, signal: stop.signal });
  const heard: Heard[] = [];
  const waiting: { event: string; resolve: (heard: Heard | null) => void }[] = [];
  const taken = new Map<string, number>();
  let ended = false;

  const take = (event: string): Heard | undefined => {
    const found = heard.filter((one) => one.event === event)[taken.get(event) ?? 0];
    if (found !== undefined) taken.set(event, (taken.get(event) ?? 0) + 1);
    return found;
  };
  const serve = () => {
    for (const waiter of waiting.splice(0)) {
      const found = take(waiter.event);
      if (found !== undefined) waiter.resolve(found);
      else if (ended) waiter.resolve(null);
      else waiting.push(waiter);
    }
  };
  const read = async () => {
    let text = '';
    for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        heard.push({ event, data: JSON.parse(data) });
        text = text.slice(end + 2);
      }
      serve();
    }
  };
  const over = (answer.ok ? read() : answer.arrayBuffer().then(() => undefined))
    .catch(() => undefined)
    .then(() => {
      ended = true;
      serve();
    });
  return {
    status: answer.status,
    headers: answer.headers,
    heard,
    next: (event) =>
      new Promise((resolve) => {
        waiting.push({ event, resolve });
        serve();
      }),
    over,
    close: () => stop.abort(),
  };
}
