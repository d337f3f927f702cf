import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Config } from '../config.ts';
import type { Answer, SetCookie } from '../sessions/answer.ts';
import { cookieName, cookiesAreSecure } from './caller.ts';
import { flow } from './flow.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Writes an answer as JSON. */
export function sendAnswer(config: Config, reply: FastifyReply, answer: Answer): FastifyReply {
  writeCookies(config, reply, answer);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  if (answer.redirectTo !== undefined) return reply.code(302).header('location', answer.redirectTo).send();
  reply.code(answer.status ?? 200);
  if (answer.download !== undefined) {
    reply.header('content-disposition', `attachment; filename="${answer.download.name}"`).type(answer.download.type ?? JSON_TYPE);
    return reply.send(Readable.from(answer.download.pieces));
  }
  if (answer.stream !== undefined) return reply.type(answer.stream.type).send(flow(answer.stream));
  return answer.body === undefined ? reply.send() : reply.type(JSON_TYPE).send(answer.body);
}

/** Writes an answer as what a plain form expects: the next page. */
export function sendRedirect(
  config: Config,
  reply: FastifyReply,
  answer: Pick<Answer, 'cookies' | 'clearSiteData'>,
  to: string,
): FastifyReply {
  writeCookies(config, reply, answer);
  return reply.code(303).header('location', to).send();
}

export function writeCookies(config: Config, reply: FastifyReply, answer: Pick<Answer, 'cookies' | 'clearSiteData'>): void {
  if (answer.cookies !== undefined && answer.cookies.length > 0) {
    reply.header(
      'set-cookie',
      answer.cookies.map((cookie) => cookieLine(config, cookie)),
    );
  }
  // Without `cookies`: the known device must survive a sign-out.
  if (answer.clearSiteData === true) reply.header('clear-site-data', '"storage"');
}

/** Every value is base64url or dots, so nothing needs escaping. */
function cookieLine(config: Config, { name, value, maxAge, readable }: SetCookie): string {
  const age = maxAge === null ? '' : `; Max-Age=${maxAge}`;
  const secure = cookiesAreSecure(config) ? '; Secure' : '';
  const httpOnly = readable === true ? '' : '; HttpOnly';
  return `${cookieName(config, name)}=${value}; Path=/${age}${httpOnly}${secure}; SameSite=Lax`;
}
