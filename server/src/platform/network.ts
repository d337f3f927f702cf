import { createPost, type LookUp, OutgoingRefused, type OutgoingRules, PUBLIC_ONLY } from './outgoing.ts';

/** Calls to services that are not ours: bounded in time and size, never led elsewhere, and told apart from answers. */
export interface Network {
  /**
   * One call. Throws NetworkTrouble when there is no answer in time, none at all, too long a one, or one of status 5xx. Redirects are
   * answered, not followed: an address that an answer names is no address of ours.
   */
  readonly ask: (url: string, init: RequestInit, until?: AbortSignal) => Promise<Response>;
  /** Ends what takes too long over several calls. */
  readonly patience: () => AbortSignal;
  /**
   * Posts a form to an address that somebody registered, inside the rules of `outgoing.ts`, and answers the status, whatever it is.
   * Throws NetworkTrouble when nobody answers in time, and when the address may not be called.
   */
  readonly post: (url: string, form: URLSearchParams) => Promise<number>;
  /** What others publish about themselves, kept for a while. Failures are not kept. */
  readonly remember: <T>(key: string, make: () => Promise<T>) => Promise<T>;
}

/** Nobody answered. Never the caller's fault, and never a word of what was sent. */
export class NetworkTrouble extends Error {
  readonly reason: string;
  /** Nobody was asked: the address is not one that may be called. */
  readonly refused: boolean;

  constructor(url: string, reason: string, refused = false) {
    super(`${URL.parse(url)?.host ?? 'a service'}: ${reason}`);
    this.name = 'NetworkTrouble';
    this.reason = reason;
    this.refused = refused;
  }
}

/** Milliseconds for one call, and for a whole sign-in of several: a provider that is silent is told of within three seconds. */
export const CALL_WITHIN = 2_500;
export const FLOW_WITHIN = 2_500;
/** For a site that is told something, which nobody waits for. */
const POST_WITHIN = 5_000;
const REMEMBERED_FOR = 3_600_000;
const BYTES_MAX = 1_048_576;

export interface NetworkOptions {
  readonly fetch?: typeof globalThis.fetch;
  readonly callWithin?: number;
  readonly flowWithin?: number;
  readonly outgoing?: OutgoingRules;
  readonly lookUp?: LookUp;
}

export function createNetwork({
  fetch = globalThis.fetch,
  callWithin,
  flowWithin = FLOW_WITHIN,
  outgoing = PUBLIC_ONLY,
  lookUp,
}: NetworkOptions = {}): Network {
  const post = createPost(outgoing, callWithin ?? POST_WITHIN, lookUp);
  const kept = new Map<string, { readonly at: number; readonly value: Promise<unknown> }>();
  return {
    ask: async (url, init, until) => {
      const limits = [AbortSignal.timeout(callWithin ?? CALL_WITHIN), ...(until === undefined ? [] : [until])];
      const signal = AbortSignal.any(limits);
      try {
        const response = await fetch(url, { ...init, redirect: 'manual', signal });
        if (response.status >= 500) throw new NetworkTrouble(url, `status ${response.status}`);
        return new Response(await readBounded(url, response, signal), { status: response.status, headers: response.headers });
      } catch (cause) {
        throw cause instanceof NetworkTrouble ? cause : new NetworkTrouble(url, reasonOf(cause));
      }
    },
    post: (url, form) =>
      post(url, form).catch((cause: unknown) => {
        throw new NetworkTrouble(url, reasonOf(cause), cause instanceof OutgoingRefused);
      }),
    patience: () => AbortSignal.timeout(flowWithin),
    remember: <T>(key: string, make: () => Promise<T>): Promise<T> => {
      const known = kept.get(key);
      if (known !== undefined && known.at + REMEMBERED_FOR > Date.now()) return known.value as Promise<T>;
      const value = make();
      kept.set(key, { at: Date.now(), value });
      value.catch(() => kept.delete(key));
      return value;
    },
  };
}

/** The time-out covers the body too, and nobody fills our memory with one. */
async function readBounded(url: string, response: Response, signal: AbortSignal): Promise<string | null> {
  if (response.body === null || [204, 205, 304].includes(response.status)) return null;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    size += part.value.length;
    if (size > BYTES_MAX) {
      await reader.cancel();
      throw new NetworkTrouble(url, 'the answer is too long');
    }
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks).toString();
}

function reasonOf(cause: unknown): string {
  if (cause instanceof OutgoingRefused) return cause.message;
  if (!(cause instanceof Error)) return 'no answer';
  if (cause.name === 'TimeoutError' || cause.name === 'AbortError') return 'no answer in time';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.cause === undefined ? 'no answer' : reasonOf(cause.cause);
}
