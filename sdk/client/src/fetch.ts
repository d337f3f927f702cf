/** What `portico.fetch` needs of the session. */
export interface Held {
  /** Goes with requests; null in the mode `site`, where cookies do. */
  readonly token: string | null;
  readonly userId: string;
}

export interface FetchDeps {
  /** Who was shown to be signed in when the request was made; null: not known yet. */
  readonly userId: () => string | null;
  /** Fresh if it can be had, else what there is; null: nobody. Never throws. */
  readonly living: () => Promise<Held | null>;
  /** After `refused` got a 401: another one, or null. Never throws. */
  readonly renewed: (refused: Held) => Promise<Held | null>;
  /** Besides the page's own. */
  readonly origins: readonly string[];
}

/**
 * As the browser's own `fetch`. The token goes to the page's own origin and to those that were named, compared exactly; on a redirect to
 * anywhere else the browser takes it off (Fetch standard, HTTP-redirect fetch step 13).
 */
export function createFetch({ userId, living, renewed, origins }: FetchDeps): typeof globalThis.fetch {
  const allowed = new Set(origins.map((origin) => new URL(origin).origin));

  return async (input, init) => {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    // What says who it is by itself stays as it is.
    if ((origin !== location.origin && !allowed.has(origin)) || request.headers.has('authorization')) return fetch(request);
    const asked = userId();
    const held = await orAbort(request.signal, living());
    // Somebody else signed in meanwhile, in another tab: what Ada began is not sent in Bob's name.
    if (held === null || (asked !== null && asked !== held.userId)) return fetch(request);
    const again = repeatable(request, input, init);
    const answer = await fetch(withToken(request, held));
    if (answer.status !== 401) return answer;
    const next = await orAbort(request.signal, renewed(held));
    if (again === null || next === null || next.userId !== held.userId) return answer;
    void answer.body?.cancel().catch(() => undefined);
    return fetch(withToken(again(), next));
  };
}

function withToken(request: Request, { token }: Held): Request {
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
  return request;
}

/** How to make the same request once more; null where its body is a stream of the caller's, which is read once only. */
function repeatable(request: Request, input: RequestInfo | URL, init: RequestInit | undefined): (() => Request) | null {
  const body = init?.body;
  if (body instanceof ReadableStream) return null;
  // A copy of a large upload would be kept in memory until the answer is there; these are read anew instead.
  if (typeof body === 'string' || body instanceof Blob || body instanceof FormData || body instanceof URLSearchParams)
    return () => new Request(input, init);
  const copy = request.clone();
  return () => copy;
}

/** Whoever gives up need not wait for a refresh, which goes on for the others. */
function orAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
