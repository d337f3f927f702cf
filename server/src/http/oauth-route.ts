import { ERRORS, type OAuthErrorCode, OAuthRefusal, type Refusal } from '@portico/protocol/errors';
import type { OAUTH } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../caller.ts';
import { listClientsAtOrigin } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Parameters } from '../oauth/parameters.ts';
import type { Answer } from '../sessions/answer.ts';
import { readCaller } from './caller.ts';
import { asRefusal } from './errors.ts';
import { sendAnswer } from './send.ts';

export type { Parameters };

/** One row of the table in `routes/oauth.ts`. */
export interface OAuthRoute {
  readonly method: 'GET' | 'POST';
  readonly path: (typeof OAUTH)[keyof typeof OAUTH];
  /** Who may call: `client` proves or names itself in the request, `bearer` brings an access token, `browser` is somebody's. */
  readonly asker: 'client' | 'bearer' | 'browser';
  readonly limit: string;
  readonly summary: string;
  /** Pages of registered origins may call it from a browser. */
  readonly crossOrigin: boolean;
  readonly run: (deps: Deps, caller: Caller, parameters: Parameters) => Promise<Answer>;
}

const PARAMETER_MAX = 8192;

/** Registers the endpoints that speak OAuth: forms in, JSON out, refusals in OAuth's own words. */
export function registerOAuth(app: FastifyInstance, deps: Deps, routes: readonly OAuthRoute[]): void {
  // A form is what every OAuth client sends; JSON would bring values that are no texts.
  app.removeContentTypeParser('application/json');
  app.setErrorHandler((error, request, reply) => sendOAuthError(deps, error, request, reply));
  for (const { method, path, summary, crossOrigin, run } of routes.filter(({ asker }) => asker !== 'browser')) {
    app.route({
      method,
      url: path,
      exposeHeadRoute: false,
      schema: { summary },
      handler: async (request, reply) => {
        if (crossOrigin) await allowRegisteredOrigin(deps, request, reply);
        const answer = await run(deps, readCaller(deps.config, request), readParameters(request));
        return sendAnswer(deps.config, reply, answer);
      },
    });
  }
  for (const path of new Set(routes.filter(({ crossOrigin }) => crossOrigin).map((route) => route.path))) {
    app.options(path, async (request, reply) => {
      const allowed = await allowRegisteredOrigin(deps, request, reply);
      if (allowed) reply.header('access-control-allow-methods', 'GET, POST').header('access-control-max-age', '600');
      if (allowed) reply.header('access-control-allow-headers', 'authorization, content-type, dpop, portico-attempt');
      return reply.code(204).send();
    });
  }
}

/** No cookie counts here, so what a page of another site could read is only what it brought the proof for. Still nobody else gets a header. */
async function allowRegisteredOrigin(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  reply.header('vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || (await listClientsAtOrigin(deps.db, origin)).length === 0) return false;
  reply.header('access-control-allow-origin', origin).header('cross-origin-resource-policy', 'cross-origin');
  // None is told to scripts by itself, and a client must see them: when to come back, what was wrong with its token, and what time it is
  // here, for the proof of its key, where its own clock is wrong.
  reply.header('access-control-expose-headers', 'date, retry-after, www-authenticate');
  return true;
}

/** From the query of a GET and the form of a POST. A parameter that comes twice is two requests in one (CVE-2026-9689). */
export function readParameters(request: FastifyRequest): Parameters {
  const source = (request.method === 'GET' ? request.query : request.body) as Record<string, unknown> | null | undefined;
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(source ?? {})) {
    if (typeof value !== 'string') throw new OAuthRefusal('invalid_request', 'a parameter came more than once');
    if (value.length > PARAMETER_MAX || /[\u0000]/.test(value)) throw new OAuthRefusal('invalid_request', 'a parameter is malformed');
    // RFC 6749 3.1: a parameter without a value counts as omitted.
    if (value !== '') read[name] = value;
  }
  return read;
}

function sendOAuthError(deps: Deps, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = asOAuthRefusal(error);
  deps.tally.count('refusals', { code: refusal.code });
  if (refusal.status >= 500) deps.log.error({ requestId: request.id, code: refusal.code, err: error }, 'request failed');
  if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
  if (refusal.code === 'invalid_client' && request.headers.authorization !== undefined)
    reply.header('www-authenticate', 'Basic realm="portico", charset="UTF-8"');
  const isAsked = refusal.code === 'invalid_token' || refusal.code === 'insufficient_scope';
  if (isAsked) reply.header('www-authenticate', bearerChallenge(request, refusal));
  return reply
    .code(refusal.status)
    .type('application/json; charset=utf-8')
    .send({ error: refusal.code, error_description: refusal.message, ...refusal.extra });
}

/** RFC 6750 3: which token is asked for, and, to whoever brought one, what is wrong with it. */
function bearerChallenge(request: FastifyRequest, refusal: OAuthRefusal): string {
  const { access_token: inForm } = (request.body ?? {}) as { readonly access_token?: unknown };
  if (inForm === undefined && !/^Bearer\b/i.test(request.headers.authorization ?? '')) return 'Bearer realm="portico"';
  const scope = refusal.code === 'insufficient_scope' ? ', scope="openid"' : '';
  return `Bearer realm="portico", error="${refusal.code}", error_description="${refusal.message}"${scope}`;
}

/** Our own refusals in OAuth's words: trouble is `temporarily_unavailable`, never `invalid_grant`, or a client would sign its user out. */
function asOAuthRefusal(error: unknown): OAuthRefusal {
  if (error instanceof OAuthRefusal) return error;
  const refusal: Refusal = asRefusal(error);
  const code: OAuthErrorCode =
    refusal.status === ERRORS.unavailable || refusal.status === ERRORS.too_many_requests
      ? 'temporarily_unavailable'
      : refusal.status >= 500
        ? 'server_error'
        : 'invalid_request';
  const retryAfter = refusal.retryAfter ?? (code === 'temporarily_unavailable' ? 2 : undefined);
  return new OAuthRefusal(code, refusal.code, { ...(retryAfter === undefined ? {} : { retryAfter }), cause: error });
}
