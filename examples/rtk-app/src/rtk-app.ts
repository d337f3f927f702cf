import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createVerifier, PorticoError, type VerifierOptions } from '@portico/server';
import { BUILT } from './build-folder.ts';
import { createScores } from './scores.ts';
import { readPages } from './static-pages.ts';

/** A single-page app and its small API. All that this server knows of sign-ins is how to verify an access token. */

export interface RtkAppOptions {
  /** Portico's origin. */
  readonly issuer: string;
  readonly clientId: string;
  /** Where this server reaches Portico, when that is not its public address. */
  readonly url?: string;
  /** Origins that the page calls besides its own: the issuer, unless the API of Portico has a host of its own. */
  readonly connect?: readonly string[];
  /** Takes a form with `returnTo`, and the cookie away by which Portico knows this browser. Without it the page says what else can be done. */
  readonly newDeviceUrl?: string;
  /** The built page. */
  readonly folder?: string;
  /** With a secret the API hears of revocations; without one a revoked token is good here until it ends, five minutes at most. */
  readonly verifier?: Pick<VerifierOptions, 'clientId' | 'clientSecret' | 'now'>;
}

export interface RtkApp {
  /** For `createServer`. */
  readonly handle: RequestListener;
  /** Ends what the API has open towards Portico. */
  close(): void;
}

/** Throws when the page is not built. */
export function createRtkApp({ issuer, clientId, url = issuer, newDeviceUrl = '', ...options }: RtkAppOptions): RtkApp {
  const verifier = createVerifier({ issuer, audience: clientId, url, warn: () => undefined, ...options.verifier });
  const pages = readPages(options.folder ?? BUILT, {
    settings: { issuer, clientId, newDeviceUrl },
    formsTo: newDeviceUrl === '' ? [] : [new URL(newDeviceUrl).origin],
    connect: options.connect ?? [issuer],
  });
  const scores = createScores();

  async function api(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const user = await verifier.verify(request);
      if (request.method === 'POST') scores.add(user.id);
      send(response, 200, { scores: scores.best(user.id) });
    } catch (error) {
      if (!(error instanceof PorticoError)) throw error;
      send(response, error.status, error.body, error.headers);
    }
  }

  return {
    handle: (request, response) => {
      if (request.url !== '/api/scores') return pages(request, response);
      void api(request, response).catch(() => send(response, 500, { error: 'internal' }));
    },
    close: () => verifier.close(),
  };
}

function send(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers })
    .end(JSON.stringify(body));
}
