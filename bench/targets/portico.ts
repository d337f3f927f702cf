import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { authPath, OAUTH, SYSTEM } from '@portico/protocol/routes';
import { openConnection } from '../connection.ts';
import { type ServerProcess, spawnServer } from '../server-process.ts';
import {
  type Answer,
  codeExchanged,
  codeRequest,
  cookieFrom,
  introspected,
  introspectRequest,
  oauthNextToken,
  oauthRefreshRequest,
  type Place,
  type Prepared,
  postRequest,
  type Running,
  SPARE_CODES,
  type Target,
} from '../target.ts';
import { preparedFrom } from './start-driven.ts';

const SERVER = join(import.meta.dirname, '../../server/bin/portico.js');
const SIGN_INS = join(import.meta.dirname, '../servers/portico-sign-ins.ts');
const START_WAIT_MS = 20_000;

/** Where the generation stands in the bytes of a refresh token, behind the key id and the family id. */
const TOKEN_PREFIX = 'ptr_';
const GENERATION_AT = 17;

/** Whose refresh tokens are measured: the browser's own, or those of a site. */
type Holder = 'browser' | 'public' | 'confidential' | 'codes';

const wire = { name: 'portico', start: (place: Place) => start(place), refreshRequest, nextToken } satisfies Partial<Target>;
const ABOUT =
  'the whole server in production mode: device-bound cookie call with an attempt, claims and rights read again; set: PORTICO_LOG_LEVEL=warn';

export const porticoOnSqlite: Target = { ...wire, database: 'SQLite', about: ABOUT };
export const porticoOnPostgres: Target = { ...wire, database: 'PostgreSQL', about: ABOUT };

/** On the wire of the OAuth peers: a public client, without attempts. */
export const porticoByOAuth: Target = {
  name: 'portico-oauth',
  database: 'SQLite',
  about: 'the same server, asked at /oauth/token by a public client that names itself',
  counterpart: 'portico-oauth',
  start: (place) => start(place, 'public'),
  refreshRequest: (token, port) => oauthRefreshRequest(port, OAUTH.token, 'bench', token),
  nextToken: oauthNextToken,
};

export const porticoIntrospecting: Target = {
  name: 'portico-introspect',
  database: 'SQLite',
  about: 'the same server, asked at /oauth/introspect by a client with a secret; family, session, user and client are read each time',
  counterpart: 'portico-introspect',
  unraced: true,
  start: (place) => start(place, 'confidential'),
  refreshRequest: (token, port) => {
    const [refresh = '', secret = ''] = token.split(' ');
    return introspectRequest(port, OAUTH.introspect, { id: 'bench', secret }, refresh);
  },
  nextToken: introspected,
};

/** The first call of every sign-in at a site: a code becomes a family, an access token and a refresh token. */
export const porticoExchanging: Target = {
  name: 'portico-code',
  database: 'SQLite',
  about: 'the same server, asked at /oauth/token by a public client with codes and PKCE; the codes were made before',
  counterpart: 'portico-code',
  unraced: true,
  spare: SPARE_CODES,
  start: (place) => start(place, 'codes'),
  refreshRequest: (token, port) => codeRequest(port, OAUTH.token, 'bench', token),
  nextToken: codeExchanged,
};

async function start({ folder, databaseUrl, core }: Place, holder: Holder = 'browser'): Promise<Running> {
  const port = await freePort();
  const env = {
    NODE_ENV: 'production',
    PORTICO_ORIGIN: originOf(port),
    PORTICO_HOST: '127.0.0.1',
    PORTICO_PORT: String(port),
    PORTICO_DATA_DIR: folder,
    PORTICO_DATABASE_URL: databaseUrl ?? '',
    PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
    PORTICO_LOG_LEVEL: 'warn',
    // Production asks for one. No letter leaves: nobody signs in anew while it is measured.
    PORTICO_SMTP_URL: 'smtp://127.0.0.1:1',
  };
  const server = spawnServer({ script: SERVER, args: ['start'], env, core });
  await untilHealthy(server, port);
  return {
    server,
    port,
    prepare: (count) => signIn(count, holder, env),
  };
}

/** People sign in through the server's own functions, so that a thousand passwords need not be hashed first. */
async function signIn(count: number, holder: Holder, env: Readonly<Record<string, string>>): Promise<Prepared> {
  const child = spawnServer({ script: SIGN_INS, args: [String(count), holder], env, core: null });
  try {
    return preparedFrom(await child.message());
  } finally {
    await child.stop();
  }
}

/** A token of this target is the refresh token and the device cookie that it is bound to. */
function refreshRequest(token: string, port: number): string {
  const [refresh = '', device = ''] = token.split(' ');
  const bytes = Buffer.from(refresh.slice(TOKEN_PREFIX.length), 'base64url');
  // A browser picks 128 random bits for a generation and keeps them for its retries; a part of the secret serves as well, and is kept for free.
  const attempt = `${bytes.readUInt32BE(GENERATION_AT)}.${bytes.toString('base64url', 25, 41)}`;
  return postRequest(
    port,
    authPath('refresh'),
    [
      `Origin: ${originOf(port)}`,
      'Sec-Fetch-Site: same-origin',
      `${HEADERS.attempt}: ${attempt}`,
      `Cookie: ${COOKIES.refresh}=${refresh}; ${COOKIES.device}=${device}`,
    ],
    '',
  );
}

function nextToken(answer: Answer, token: string): string | null {
  const refresh = cookieFrom(answer, COOKIES.refresh);
  return refresh === null ? null : `${refresh} ${token.split(' ')[1]}`;
}

async function untilHealthy(server: ServerProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_WAIT_MS;
  while (!(await isHealthy(port))) {
    if (!server.isRunning() || performance.now() > deadline) {
      await server.stop();
      throw new Error(`Portico did not start:\n${server.output()}`);
    }
    await sleep(50);
  }
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const connection = await openConnection(port);
    const answer = await connection.send(`GET ${SYSTEM.ready} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    connection.close();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Portico's settings take a port from 1 on, so the system is asked for a free one first. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}

function originOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}
