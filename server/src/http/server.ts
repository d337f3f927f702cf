import fastifyCors from '@fastify/cors';
import { HEADERS } from '@portico/protocol/cookies';
import { Refusal } from '@portico/protocol/errors';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { dropSlowReaders } from '../platform/slow-clients.ts';
import { boundAnswers } from './bound-answers.ts';
import { type ErrorPage, sendError } from './errors.ts';
import { requestIds } from './request-ids.ts';
import { READABLE_HEADERS, SENT_HEADERS } from './route.ts';
import { apiHeaders } from './security-headers.ts';
import { AJV, compileAtFirstUse } from './validation.ts';
import { watchRequests } from './watch-requests.ts';

/** The largest request body, in bytes: a password of 4 kB and its neighbours, escaped. */
export const BODY_LIMIT = 65_536;

/** Of a request line and its headers together, in bytes; the parser answers 431 by itself. */
const HEADER_BYTES_MAX = 16_384;
/** A browser sends some twenty, proxies a few more. Node would drop what is beyond its own limit without a word. */
const HEADERS_MAX = 100;
/** In characters. Requests of client sites that are longer come in a form, or are pushed before. */
const URL_MAX = 8_192;
/** Then the connection is made anew: nobody keeps one for ever, and balancers get their chance. */
const REQUESTS_A_CONNECTION = 1_000;
/** Whoever sends by single bytes: headers and bodies have to be there within this, and it is looked each second. In milliseconds. */
const HEADERS_WITHIN = 5_000;
const REQUEST_WITHIN = 10_000;

/** Fastify as Portico uses it: strict input, one error handler, security headers on everything, no cache for anything dynamic. */
export async function createServer(
  deps: Deps,
  errorPage: ErrorPage,
  logger: FastifyServerOptions['loggerInstance'] | false,
): Promise<FastifyInstance> {
  const { config } = deps;
  const app: FastifyInstance = Fastify({
    ...(logger === false || logger === undefined ? { logger: false } : { loggerInstance: withoutChildren(logger) }),
    logController: new LogController({ disableRequestLogging: true }),
    // A header from a peer that nobody declared says nothing about where a request comes from.
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_WITHIN,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_WITHIN,
      requestTimeout: REQUEST_WITHIN,
      connectionsCheckingInterval: 1_000,
    },
    maxRequestsPerSocket: REQUESTS_A_CONNECTION,
    connectionTimeout: 30_000,
    genReqId: requestIds(deps),
    requestIdHeader: false,
    exposeHeadRoutes: true,
    // Whoever still has a connection is served on it, and told that it was the last time.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: 128 },
    ajv: AJV,
    schemaController: { compilersFactory: { buildValidator: compileAtFirstUse } },
  });

  const known = rememberRoutes(app);
  watchRequests(app, deps);
  if (config.appOrigin !== config.apiOrigin) await allowAppOrigin(app, config);

  const headers = apiHeaders(config);
  boundAnswers(app);
  // Unlimited here, because it is counted below.
  app.server.maxHeadersCount = 0;
  const stopLooking = dropSlowReaders(app.server);
  app.addHook('onClose', async () => stopLooking());
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header(HEADERS.requestId, request.id);
    const status = request.raw.rawHeaders.length > 2 * HEADERS_MAX ? 431 : request.url.length > URL_MAX ? 414 : null;
    if (status === null) return done();
    reply.header('connection', 'close');
    done(Object.assign(new Error('too much before the body'), { statusCode: status }));
  });
  acceptOnlyJson(app);
  const edge = { log: deps.log, tally: deps.tally, page: errorPage };
  app.setErrorHandler((error, request, reply) => sendError(edge, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsFor(known, request.url);
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    const refusal = new Refusal(allowed.length > 0 ? 'method_not_allowed' : 'not_found');
    return sendError(edge, refusal, request, reply);
  });
  return app;
}

/** Three hosts: the app's origin, exactly, may call the API with cookies. Nobody else gets a header at all. */
async function allowAppOrigin(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(fastifyCors, {
    origin: (origin, callback) => callback(null, origin === config.appOrigin ? config.appOrigin : false),
    credentials: true,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: [...SENT_HEADERS],
    exposedHeaders: [...READABLE_HEADERS],
    maxAge: 600,
    strictPreflight: false,
  });
}

/**
 * One logger for all requests: a child for each costs more than all its security headers, and failures name their request anyway. Not by
 * `childLoggerFactory`, whose every answer Fastify examines.
 */
function withoutChildren(logger: FastifyBaseLogger): FastifyBaseLogger {
  const single: FastifyBaseLogger = Object.create(logger, { child: { value: () => single } });
  return single;
}

/** API bodies are JSON or absent. `__proto__` and its like are refused by the parser. */
function acceptOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
  app.addHook('preValidation', (request, _, done) => {
    // A call without a body is a call with no fields.
    if ((request.body === undefined || request.body === null) && request.method !== 'GET' && request.method !== 'HEAD') request.body = {};
    done();
  });
}

interface KnownRoute {
  readonly method: string;
  readonly pattern: RegExp;
}

/** Remembers every route as it is registered, so that a wrong method can be told from a wrong address. */
function rememberRoutes(app: FastifyInstance): KnownRoute[] {
  const known: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    // A wildcard serves whatever file is there; it says nothing about one address.
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`);
    for (const name of [method].flat()) known.push({ method: name, pattern });
  });
  return known;
}

function methodsFor(known: readonly KnownRoute[], url: string): string[] {
  const path = url.split('?')[0] ?? url;
  return [...new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
}
