import { PorticoError } from './errors.ts';

/** A `Request`, what Node, Express or Fastify call a request, or the token itself. */
export type Asker = string | AskingRequest;

interface AskingRequest {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of Node: names and values as they came. */
  readonly rawHeaders?: readonly string[];
  /** Of Fastify: Node's own request. */
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

const SCHEME = 'bearer ';

/** The token that came with a request: in its header, and nowhere else (RFC 9700 4.3.2: never in the address). Throws PorticoError. */
export function tokenOf(asker: Asker): string {
  if (typeof asker === 'string') return asker === '' ? refuse('token_missing') : asker;
  const header = headerOf(asker.headers);
  // Node shows the first of two headers, another server in the way may have looked at the second.
  if (typeof header === 'object' || cameTwice(asker.rawHeaders ?? asker.raw?.rawHeaders ?? [])) return refuse('token_invalid');
  if (header === undefined || header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return refuse('token_missing');
  let from = SCHEME.length;
  while (header[from] === ' ') from += 1;
  return from === header.length ? refuse('token_missing') : header.slice(from);
}

function headerOf(headers: AskingRequest['headers']): string | readonly string[] | undefined {
  return typeof headers.get === 'function'
    ? (headers.get('authorization') ?? undefined)
    : (headers as Record<string, string>)['authorization'];
}

function cameTwice(raw: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at];
    if (name?.length === 'authorization'.length && name.toLowerCase() === 'authorization') count += 1;
  }
  return count > 1;
}

function refuse(code: 'token_missing' | 'token_invalid'): never {
  throw new PorticoError(code);
}
