import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';

/** The backend of a client site that wants to be told of sign-outs, as somebody else would write it. */
export interface ListeningSite {
  readonly port: number;
  readonly uri: string;
  /** Every form that came. */
  readonly heard: readonly URLSearchParams[];
  /** How it answers from now on: a status, or not at all. */
  answer(status: number | 'silent', headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export async function listeningSite(port = 0): Promise<ListeningSite> {
  const heard: URLSearchParams[] = [];
  let say: { status: number | 'silent'; headers: Readonly<Record<string, string>> } = { status: 200, headers: {} };
  const listen = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    if (request.method === 'POST' && request.headers['content-type'] === 'application/x-www-form-urlencoded')
      heard.push(new URLSearchParams(body));
    if (say.status !== 'silent') response.writeHead(say.status, say.headers).end();
  };
  const server = createServer((request, response) => void listen(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const at = (server.address() as AddressInfo).port;
  return {
    port: at,
    uri: `http://127.0.0.1:${at}/backchannel-logout`,
    heard,
    answer: (status, headers = {}) => {
      say = { status, headers };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a careful site checks (Back-Channel Logout 1.0, 2.6), with a library of somebody else and the keys that are published. */
export async function readLogoutToken(
  form: URLSearchParams | undefined,
  { jwks, issuer, audience, now }: { jwks: JWTVerifyGetKey; issuer: string; audience: string; now: number },
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(form?.get('logout_token') ?? '', jwks, {
    issuer,
    audience,
    typ: 'logout+jwt',
    currentDate: new Date(now),
    requiredClaims: ['iat', 'exp', 'jti', 'events', 'sub', 'sid'],
  });
  return payload;
}
