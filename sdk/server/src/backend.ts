import { EXTERNAL_PATHS, EXTERNAL_PREFIX, SYSTEM } from '@portico/protocol/routes';
import type { Settings } from './options.ts';

/** What a backend asks Portico with its secret, in plain JSON. */

export type Said =
  | { readonly kind: 'done'; readonly body: Readonly<Record<string, unknown>> }
  /** Portico's own word: its code, and what stands beside it. */
  | { readonly kind: 'refused'; readonly code: string; readonly body: Readonly<Record<string, unknown>> };

export interface Backend {
  /** Throws `PorticoUnavailable`. */
  call(name: keyof typeof EXTERNAL_PATHS, body: object): Promise<Said>;
  /** Where browsers are sent to sign in. Throws `PorticoUnavailable`. */
  authorizeUrl(): Promise<string>;
}

/** Portico cannot be reached, is in trouble, or does not know this backend: none of it says anything about anybody's sign-in. */
export class PorticoUnavailable extends Error {
  constructor(cause: unknown) {
    super('Portico cannot be asked at this moment', { cause });
    this.name = 'PorticoUnavailable';
  }
}

/** Milliseconds. */
const ANSWER_WITHIN = 5000;

export function createBackend({ issuer, url, credentials, fetch, warn }: Settings): Backend {
  if (credentials === null) throw new TypeError('clientSecret or clientSecretFile: a site with a backend proves itself');
  let authorizing: Promise<string> | null = null;

  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(url + path, { ...init, redirect: 'error', signal: AbortSignal.timeout(ANSWER_WITHIN) });
    if (answer.status === 401) warn('Portico refuses the client secret');
    return answer;
  };
  const discover = async (): Promise<string> => {
    const answer = await ask(SYSTEM.openIdConfiguration, {});
    const found = (await answer.json()) as { readonly issuer?: unknown; readonly authorization_endpoint?: unknown };
    // RFC 8414 3.3: a document of another issuer would send people, and their codes, to somebody else.
    if (!answer.ok || found.issuer !== issuer || typeof found.authorization_endpoint !== 'string')
      throw new Error(`${url} is not the issuer ${issuer}`);
    return found.authorization_endpoint;
  };

  return {
    call: async (name, body) => {
      try {
        const answer = await ask(EXTERNAL_PREFIX + EXTERNAL_PATHS[name], {
          method: 'POST',
          headers: { authorization: credentials.authorization, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const said = (answer.status === 204 ? {} : await answer.json()) as Readonly<Record<string, unknown>>;
        if (answer.ok) return { kind: 'done', body: said };
        const code = String(said['error']);
        // 401 is about our own secret, 429 and 5xx about nobody; only "come back in a moment" is about this token.
        const isAnswer = [400, 403, 409].includes(answer.status) || code === 'refresh_busy';
        if (!isAnswer) throw new Error(`Portico answered ${answer.status} ${code}`);
        return { kind: 'refused', code, body: said };
      } catch (cause) {
        throw new PorticoUnavailable(cause);
      }
    },
    authorizeUrl: async () => {
      authorizing ??= discover();
      try {
        return await authorizing;
      } catch (cause) {
        // The next one tries again.
        authorizing = null;
        throw new PorticoUnavailable(cause);
      }
    },
  };
}
