import type { ErrorCode, Fields } from '@portico/protocol/errors';

/** What is decided in the browser itself: it got no answer, the answer came too late, or somebody else is signed in by now. */
export type LocalTrouble = 'offline' | 'dropped' | 'user_changed';

export interface Trouble {
  readonly error: ErrorCode | LocalTrouble;
  readonly fields?: Fields;
  readonly triesLeft?: number;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly verifyUrl?: string;
  /** Comes with `retry`: the generation of the refresh cookie, for pages that cannot read it. */
  readonly gen?: number;
}

export type Answer<T> =
  | { readonly ok: true; readonly status: number; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly trouble: Trouble };

export type Send = (url: string, init: RequestInit) => Promise<Response>;

export interface Question {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const ANSWER_WITHIN = 20_000;
const JSON_TYPE = 'application/json';

export function failed(error: Trouble['error'], status = 0): Answer<never> {
  return { ok: false, status, trouble: { error } };
}

/** Asks the API. Never throws: a lost network and a gateway's own page are `offline`, which signs nobody out. */
export async function ask<T>(send: Send, question: Question): Promise<Answer<T>> {
  const unsafe = question.method !== 'GET';
  const limit = AbortSignal.timeout(ANSWER_WITHIN);
  try {
    const response = await send(question.url, {
      method: question.method,
      credentials: 'include',
      cache: 'no-store',
      headers: { accept: JSON_TYPE, ...(unsafe ? { 'content-type': JSON_TYPE } : {}), ...question.headers },
      signal: question.signal === undefined ? limit : AbortSignal.any([question.signal, limit]),
      ...(unsafe ? { body: JSON.stringify(question.body ?? {}) } : {}),
    });
    const text = await response.text();
    const body: unknown = text === '' ? null : JSON.parse(text);
    if (response.ok) return { ok: true, status: response.status, body: body as T };
    return { ok: false, status: response.status, trouble: troubleOf(body) };
  } catch {
    return failed('offline');
  }
}

function troubleOf(body: unknown): Trouble {
  return typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string'
    ? (body as Trouble)
    : { error: 'offline' };
}
