import { request } from 'node:http';

export interface Asked {
  readonly method?: string;
  readonly headers?: Headers;
  /** Sent as a form. */
  readonly body?: URLSearchParams | null;
  /** Sent as JSON. */
  readonly json?: object;
}

/** One HTTP request with exactly these headers. `fetch` would put a `Sec-Fetch-Mode` of its own in place of the browser's. */
export function send(url: URL, { method = 'GET', headers = new Headers(), body = null, json }: Asked): Promise<Response> {
  if (body !== null) headers.set('content-type', 'application/x-www-form-urlencoded');
  if (json !== undefined) headers.set('content-type', 'application/json');
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: Object.fromEntries(headers) });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const answered = new Headers();
        for (let at = 0; at < incoming.rawHeaders.length; at += 2)
          answered.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '');
        const status = incoming.statusCode ?? 0;
        const bodiless = status === 204 || status === 304;
        resolve(new Response(bodiless ? null : Buffer.concat(chunks), { status, headers: answered }));
      });
    });
    outgoing.end(json === undefined ? body?.toString() : JSON.stringify(json));
  });
}
