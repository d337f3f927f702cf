import type { ServerProcess } from './server-process.ts';

/** An answer as it came over the wire; `head` is the status line and the headers. */
export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export interface Place {
  /** A folder of this target's own, on the disk that is measured. */
  readonly folder: string;
  /** A fresh PostgreSQL database of this target's own, or null for a target on SQLite. */
  readonly databaseUrl: string | null;
  /** The core that the server is pinned to, or null where pinning is impossible. */
  readonly core: number | null;
}

export interface Running {
  readonly server: ServerProcess;
  readonly port: number;
  /** Makes grants of different users. */
  prepare(count: number): Promise<Prepared>;
}

export interface Prepared {
  /** One live refresh token for each grant. */
  readonly tokens: readonly string[];
  /** As a connection of that server's kind says of itself: a mistyped setting shows in the table. */
  readonly durability: string;
}

/** One server under measurement: how to start it, what a refresh is on its wire, where the next token stands in the answer. */
export interface Target {
  readonly name: string;
  readonly database: 'SQLite' | 'PostgreSQL';
  /** Versions, and every setting that differs from the target's defaults. */
  readonly about: string;
  /** Which of Portico's rows it is compared with: the one that does the same on the same wire. `portico` unless said otherwise. */
  readonly counterpart?: string;
  /** No race is run on one token: nothing is spent by it, or a second caller ends what the first one got. */
  readonly unraced?: true;
  /** How many tokens are made at the start beyond one a chain, where a token has no successor. */
  readonly spare?: number;
  start(place: Place): Promise<Running>;
  /** The same token always gives the same request: to send it again is a retry by the same client. */
  refreshRequest(token: string, port: number): string;
  /** The successor of `token`, or null when the answer is a refusal. */
  nextToken(answer: Answer, token: string, spare: string[]): string | null;
}

/** A complete HTTP/1.1 request as text, for a connection that stays open. */
export function postRequest(port: number, path: string, headers: readonly string[], body: string): string {
  const lines = [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** RFC 6749 6, as a public client: the shape that both OAuth peers take. */
export function oauthRefreshRequest(port: number, path: string, clientId: string, token: string): string {
  const body = `grant_type=refresh_token&client_id=${clientId}&refresh_token=${encodeURIComponent(token)}`;
  return postRequest(port, path, ['Content-Type: application/x-www-form-urlencoded', 'Accept: application/json'], body);
}

export function oauthNextToken(answer: Answer): string | null {
  if (answer.status !== 200) return null;
  const body: { refresh_token?: unknown; access_token?: unknown } = JSON.parse(answer.body);
  // An opaque access token would spare a peer the signature that the others pay for.
  if (typeof body.access_token !== 'string' || body.access_token.split('.').length !== 3) throw new Error('The access token is not a JWT.');
  return typeof body.refresh_token === 'string' ? body.refresh_token : null;
}

export const CODE_REDIRECT = 'https://site.example/callback';
/** One for all: what is measured is the server's hash of it. */
export const CODE_VERIFIER = 'a-verifier-of-the-length-that-libraries-make-43';
/** Codes for a run of the usual length at a few thousand exchanges a second. */
export const SPARE_CODES = 80_000;

/** RFC 6749 4.1.3 with PKCE, as a public client. */
export function codeRequest(port: number, path: string, clientId: string, code: string): string {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: CODE_REDIRECT,
    code_verifier: CODE_VERIFIER,
  });
  return postRequest(port, path, ['Content-Type: application/x-www-form-urlencoded', 'Accept: application/json'], body.toString());
}

/** A code is good once: the chain goes on with another one. */
export function codeExchanged(answer: Answer, _: string, spare: string[]): string | null {
  if (oauthNextToken(answer) === null) return null;
  const next = spare.pop();
  if (next === undefined) throw new Error('No code is left: run fewer rounds, or shorter ones.');
  return next;
}

/**
 * RFC 7662, by a client with a secret. What is looked at is a refresh token: the only kind that both sides look up, and that lives as long as
 * the measurement. The driver wants a successor from every answer, so a mark behind the token comes and goes.
 */
export function introspectRequest(port: number, path: string, client: { id: string; secret: string }, token: string): string {
  const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
  const headers = ['Content-Type: application/x-www-form-urlencoded', 'Accept: application/json', `Authorization: Basic ${basic}`];
  return postRequest(port, path, headers, `token=${encodeURIComponent(token.replace(MARK, ''))}`);
}

const MARK = / #$/;

export function introspected(answer: Answer, token: string): string | null {
  if (answer.status !== 200 || (JSON.parse(answer.body) as { active?: unknown }).active !== true) return null;
  return MARK.test(token) ? token.replace(MARK, '') : `${token} #`;
}

/** The value of a cookie that the answer sets. */
export function cookieFrom(answer: Answer, name: string): string | null {
  if (answer.status !== 200) return null;
  const start = answer.head.indexOf(`${name}=`);
  if (start < 0) return null;
  return answer.head.slice(start + name.length + 1, answer.head.indexOf(';', start));
}
