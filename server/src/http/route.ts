import { HEADERS } from '@portico/protocol/cookies';
import { AUTH_PATHS, REVOCATIONS } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { readCaller } from './caller.ts';
import type { Guard } from './guards.ts';
import type { ObjectSchema } from './schemas.ts';
import { sendAnswer } from './send.ts';

/** What pages of another origin that may call with cookies send, and read, besides what browsers always allow. */
export const SENT_HEADERS: readonly string[] = ['content-type', 'authorization', HEADERS.attempt, HEADERS.csrf];
export const READABLE_HEADERS: readonly string[] = ['retry-after', HEADERS.requestId];

/** What a handler gets of the request, validated by the route's schemas. */
export interface Input<Body, Query, Params> {
  readonly body: Body;
  readonly query: Query;
  readonly params: Params;
}

/** One row of the table in `app.ts`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly guardName: string;
  readonly limit: string;
  readonly summary: string;
  readonly schema: { readonly body?: ObjectSchema; readonly querystring?: ObjectSchema; readonly params?: ObjectSchema };
  readonly readableAt: ReadableAt | null;
  readonly preflight: boolean;
  readonly handle: (deps: Deps, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** Whether pages of this origin may read the answer to a call that brings cookies along. */
export type ReadableAt = (deps: Deps, origin: string) => Promise<boolean>;

export interface RouteSpec<Proof, Body, Query, Params> {
  readonly guard: Guard<Proof>;
  /** Which counters stand before it; `none` where nothing can be guessed or mailed. */
  readonly limit: string;
  readonly summary: string;
  readonly body?: ObjectSchema;
  readonly query?: ObjectSchema;
  readonly params?: ObjectSchema;
  /** None but our own pages, unless given. */
  readonly readableAt?: ReadableAt;
  /** Those pages send headers of ours along, which browsers ask about first. */
  readonly preflight?: boolean;
  readonly run: (deps: Deps, caller: Caller, proof: Proof, input: Input<Body, Query, Params>) => Promise<Answer>;
}

/** A JSON route. The guard's proof is the handler's third argument, so a handler cannot be reached without it. */
export function route<Proof, Body = unknown, Query = unknown, Params = unknown>(
  method: Route['method'],
  path: string,
  spec: RouteSpec<Proof, Body, Query, Params>,
): Route {
  return {
    method,
    path,
    guardName: spec.guard.name,
    limit: spec.limit,
    summary: spec.summary,
    schema: {
      ...(spec.body === undefined ? {} : { body: spec.body }),
      ...(spec.query === undefined ? {} : { querystring: spec.query }),
      ...(spec.params === undefined ? {} : { params: spec.params }),
    },
    readableAt: spec.readableAt ?? null,
    preflight: spec.preflight ?? false,
    handle: async (deps, request, reply) => {
      const caller = readCaller(deps.config, request);
      const proof = await spec.guard(deps, caller);
      const answer = await spec.run(deps, caller, proof, {
        body: request.body as Body,
        query: request.query as Query,
        params: request.params as Params,
      });
      return sendAnswer(deps.config, reply, answer);
    },
  };
}

/** Registers the table below one prefix. */
export function registerRoutes(app: FastifyInstance, deps: Deps, routes: readonly Route[]): void {
  const remembered = new Map<ReadableAt, ReadableAt>();
  for (const { method, path, schema, summary, readableAt: asked, preflight, handle } of routes) {
    const readableAt = asked === null ? null : (remembered.get(asked) ?? rememberReadable(asked));
    if (asked !== null && readableAt !== null) remembered.set(asked, readableAt);
    // A look that wants no answer (HEAD) must not spend a provider's code, nor wait for news.
    const exposeHeadRoute = path !== AUTH_PATHS.providerCallback && path !== REVOCATIONS.stream && path !== REVOCATIONS.poll;
    app.route({
      method,
      url: path,
      exposeHeadRoute,
      schema: { ...schema, summary },
      // Before anything is looked at: a page that may read the answer may read a refusal, and learn what to do.
      ...(readableAt === null
        ? {}
        : {
            onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
              await allowToRead(deps, request, reply, readableAt);
            },
          }),
      handler: (request, reply) => handle(deps, request, reply),
    });
    if (preflight && readableAt !== null) answerPreflight(app, deps, path, readableAt);
  }
}

/** While the database is away, whoever could read the answers before may read that: 503 and `Retry-After`, not a lost network. */
function rememberReadable(readableAt: ReadableAt): ReadableAt {
  const known = new Set<string>();
  return async (deps, origin) => {
    try {
      const isReadable = await readableAt(deps, origin);
      if (isReadable) known.add(origin);
      else known.delete(origin);
      return isReadable;
    } catch (cause) {
      if (known.has(origin)) return true;
      throw cause;
    }
  };
}

/** Names that one origin, exactly. A stranger gets no header at all, and a cache must not mix the two up. */
async function allowToRead(deps: Deps, request: FastifyRequest, reply: FastifyReply, readableAt: ReadableAt): Promise<boolean> {
  reply.header('vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !(await readableAt(deps, origin))) return false;
  reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true');
  reply.header('access-control-expose-headers', READABLE_HEADERS.join(', '));
  return true;
}

function answerPreflight(app: FastifyInstance, deps: Deps, path: string, readableAt: ReadableAt): void {
  app.options(path, { schema: { hide: true } }, async (request, reply) => {
    if (await allowToRead(deps, request, reply, readableAt)) {
      reply.header('access-control-allow-methods', 'GET, POST').header('access-control-max-age', '600');
      reply.header('access-control-allow-headers', SENT_HEADERS.join(', '));
    }
    return reply.code(204).send();
  });
}
