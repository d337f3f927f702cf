import { HEADERS } from '@portico/protocol/cookies';
import type { ErrorCode } from '@portico/protocol/errors';
import { authPath } from '@portico/protocol/routes';
import type { Send } from '../src/ask.ts';

/** The server's rule for refresh tokens, as far as a browser can meet it, and the one cookie jar that all tabs of a browser share. */
export interface FakeApi {
  /** What the jar holds: the generation of the newest token that arrived. */
  readonly jar: { gen: number | null };
  readonly family: { gen: number; ring: readonly string[]; state: 'active' | 'held' | 'revoked' };
  readonly requests: { readonly method: string; readonly path: string; readonly attempt: string | null; readonly csrf: string | null }[];
  /** Answers other paths; the default is 200 with the access token that came. */
  other: (path: string, init: RequestInit) => Reply;
  userId: string;
  /** `GET session` cannot say how the browser stands, because only a refresh can. */
  stale: boolean;
  send: Send;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly gen?: number | null;
}

/** One way through the network: may take time, may lose the question or the answer. */
export type Network = (deliver: () => Reply) => Promise<Reply>;

const REMEMBERED = 4;

export function refused(status: number, error: ErrorCode): Reply {
  return { status, body: { error } };
}

export function createFakeApi(network: Network = async (deliver) => deliver()): FakeApi {
  const api: FakeApi = {
    jar: { gen: 0 },
    family: { gen: 0, ring: [], state: 'active' },
    requests: [],
    other: (_path, init) => ({ status: 200, body: new Headers(init.headers).get('authorization') }),
    userId: 'ada',
    stale: false,
    async send(path, init) {
      const headers = new Headers(init.headers);
      const attempt = headers.get(HEADERS.attempt);
      api.requests.push({ method: init.method ?? 'GET', path, attempt, csrf: headers.get(HEADERS.csrf) });
      const presented = api.jar.gen;
      const reply = await network(() => answer(path, init, presented, attempt));
      if (init.signal?.aborted) throw new DOMException('aborted', 'AbortError');
      if (reply.gen !== undefined) api.jar.gen = reply.gen;
      return new Response(reply.status === 204 ? null : JSON.stringify(reply.body), { status: reply.status });
    },
  };

  function answer(path: string, init: RequestInit, presented: number | null, attempt: string | null): Reply {
    switch (path) {
      case authPath('refresh'):
        return refresh(presented, attempt);
      case authPath('session'):
        if (api.stale) return { status: 409, body: { error: 'retry', gen: presented } };
        return {
          status: 200,
          body: presented === null ? { status: 'SIGNED_OUT' } : { status: 'VERIFIED', gen: presented, csrfToken: 'csrf-from-session' },
        };
      case authPath('signOut'):
        if (!new Headers(init.headers).has(HEADERS.csrf)) return refused(403, 'csrf_failed');
        api.family.state = 'revoked';
        return { status: 204, body: null, gen: null };
      default:
        return api.other(path, init);
    }
  }

  function refresh(presented: number | null, attempt: string | null): Reply {
    const { family } = api;
    if (presented === null) return refused(400, 'refresh_invalid');
    if (family.state === 'revoked') return refused(400, 'session_ended');
    if (family.state === 'held') return refused(403, 'session_held');
    if (attempt !== null && !attempt.startsWith(`${presented}.`)) return refused(409, 'retry');
    const behind = family.gen - presented;
    if (behind === 0) {
      family.gen += 1;
      family.ring = [attempt ?? 'marker', ...family.ring].slice(0, REMEMBERED);
      return granted('rotated');
    }
    if (behind > REMEMBERED) return refused(409, 'retry');
    if (family.ring[behind - 1] === (attempt ?? 'marker')) return granted('replayed');
    family.state = 'held';
    return refused(403, 'session_held');
  }

  function granted(kind: 'rotated' | 'replayed'): Reply {
    const { gen } = api.family;
    const user = { id: api.userId, email: 'ada@example.com', displayName: 'Ada', role: 'user' };
    return { status: 200, gen, body: { kind, accessToken: `access-${gen}`, expiresIn: 300, gen, csrfToken: `csrf-${gen}`, user } };
  }

  return api;
}

/** The attempts of all refreshes so far, in order. */
export function refreshesOf(api: FakeApi): readonly (string | null)[] {
  return api.requests.filter(({ path }) => path === authPath('refresh')).map(({ attempt }) => attempt);
}
