import type { IncomingMessage, ServerResponse } from 'node:http';

/** Node's own requests and answers as the web's, and back. */

/** Bytes of a body. Nothing that these kits read is longer. */
export const BODY_MAX = 64 * 1024;

/** What was sent is longer than `BODY_MAX`: answer 413. */
export class BodyTooLarge extends Error {
  constructor() {
    super(`the body has more than ${BODY_MAX} bytes`);
    this.name = 'BodyTooLarge';
  }
}

/** Methods that the web's Request refuses to carry. */
const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * The same request, its body unread until somebody reads it, and cut off after `BODY_MAX` bytes. `baseUrl` is this server's own origin: the
 * Host header is written by whoever asks, and a link or a check that is made of it is theirs. Null: a method that no Request can have.
 */
export function toRequest(incoming: IncomingMessage, baseUrl: string): Request | null {
  const { method = 'GET' } = incoming;
  if (FORBIDDEN_METHODS.has(method.toUpperCase())) return null;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const init: RequestInit & { readonly duplex?: 'half' } = {
    method,
    headers: headersOf(incoming),
    ...(hasBody ? { body: bodyOf(incoming), duplex: 'half' } : {}),
  };
  return new Request(urlOf(incoming.url ?? '/', baseUrl), init);
}

/** Joined, not resolved: `//evil.example/` is a path here, and to a parser of references another host. */
function urlOf(target: string, baseUrl: string): string {
  const { origin } = new URL(baseUrl);
  if (target.startsWith('/')) return origin + target;
  // The absolute form (RFC 9112 3.2.2) names a host too, which counts as little as the header.
  const absolute = URL.parse(target);
  return absolute === null ? `${origin}/` : origin + absolute.pathname + absolute.search;
}

function headersOf({ headers }: IncomingMessage): Headers {
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // The pseudo headers of HTTP/2.
    if (value === undefined || name.startsWith(':')) continue;
    for (const one of [value].flat()) sent.append(name, one);
  }
  return sent;
}

/** Reads only when it is read. A parser that came before has left what it made of the body in `body`. */
function bodyOf(incoming: IncomingMessage & { readonly body?: unknown }): ReadableStream<Uint8Array> {
  let bytes = 0;
  let pieces: AsyncIterator<unknown> | null = null;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        pieces ??= piecesOf(incoming);
        const { done = false, value } = await pieces.next();
        if (done) return controller.close();
        const piece = typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array);
        bytes += piece.length;
        if (bytes <= BODY_MAX) return controller.enqueue(piece);
        controller.error(new BodyTooLarge());
        // What else comes is thrown away, so that the answer can be sent on this connection.
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

async function* piecesOf(incoming: IncomingMessage & { readonly body?: unknown }): AsyncGenerator<unknown> {
  if (!incoming.readableEnded) return yield* incoming.iterator({ destroyOnReturn: false });
  const { body, headers } = incoming;
  if (body === undefined || body === null) return;
  if (typeof body === 'string' || body instanceof Uint8Array) return yield body;
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  yield isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body);
}

/** Sends it, beside the headers and cookies that are set already. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value);
  addCookies(outgoing, response.headers.getSetCookie());
  outgoing.end(response.body === null ? undefined : new Uint8Array(await response.arrayBuffer()));
}

/** Each cookie is a line of its own: joined by commas they are one broken cookie. */
export function addCookies(outgoing: ServerResponse, lines: readonly string[]): void {
  for (const line of lines) outgoing.appendHeader('set-cookie', line);
}
