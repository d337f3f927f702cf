import { type ErrorCode, type FieldProblem, type Fields, Refusal } from '@portico/protocol/errors';
import { chooseTexts } from '@portico/protocol/texts';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../platform/log.ts';
import type { Tally } from '../platform/tally.ts';

/** The one place where a failure becomes HTTP: JSON for programs, the error page for people, by `Accept`. */

export type ErrorPage = (request: FastifyRequest, reply: FastifyReply, refusal: Refusal) => FastifyReply;

export function sendError(
  world: { log: Log; tally: Tally; page: ErrorPage },
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = asRefusal(error);
  world.tally.count('refusals', { code: refusal.code });
  logFailure(world.log, refusal, error, request);
  const retryAfter = refusal.retryAfter ?? defaultRetryAfter(refusal.status);
  if (retryAfter !== null) reply.header('retry-after', String(retryAfter));
  reply.code(statusOf(error, refusal));
  return wantsPage(request)
    ? world.page(request, reply, refusal)
    : reply.type('application/json; charset=utf-8').send(errorBody(request, refusal));
}

export interface ErrorBody {
  readonly error: ErrorCode;
  readonly message: string;
  readonly requestId: string;
  /** Field -> what is wrong with it, as a code. */
  readonly fields?: Fields;
  /** Field -> which of its entries, where it is a list and one alone is wrong. */
  readonly about?: Readonly<Record<string, string>>;
}

export function errorBody(request: FastifyRequest, refusal: Refusal): ErrorBody {
  const texts = chooseTexts(request.headers['accept-language']);
  return {
    error: refusal.code,
    message: texts.errors[refusal.code],
    requestId: request.id,
    ...(refusal.fields === undefined ? {} : { fields: refusal.fields }),
    ...(refusal.about === undefined || Object.keys(refusal.about).length === 0 ? {} : { about: refusal.about }),
    ...refusal.extra,
  };
}

/** Anything that was thrown, as a code of the table. What nobody foresaw is `internal`, and says nothing more (ASVS 16.5.1). */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { validation, validationContext, code, statusCode } = error as Partial<FastifyError>;
  // A part of the address that no such thing could have: there is nothing there.
  if (validation !== undefined && validationContext === 'params') return new Refusal('not_found', { cause: error });
  if (validation !== undefined) return new Refusal('invalid_fields', { fields: fieldsOf(validation), cause: error });
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || [413, 414, 431].includes(statusCode ?? 0)) return new Refusal('too_large', { cause: error });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || statusCode === 415) return new Refusal('unsupported_media_type', { cause: error });
  if (statusCode === 408) return new Refusal('request_timeout', { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Refusal('bad_request', { cause: error });
  return new Refusal('internal', { cause: error });
}

/** What is too long before the body begins has statuses of its own (RFC 9110 15.5.15, RFC 6585 5). */
function statusOf(error: unknown, refusal: Refusal): number {
  const { statusCode } = error as Partial<FastifyError>;
  return statusCode === 414 || statusCode === 431 ? statusCode : refusal.status;
}

function fieldsOf(validation: NonNullable<FastifyError['validation']>): Record<string, FieldProblem> {
  const problems: Record<string, FieldProblem> = {};
  for (const { keyword, instancePath, params } of validation) {
    const at = instancePath.split('/')[1];
    if (keyword === 'required') problems[String(params['missingProperty'])] = 'missing';
    else if (keyword === 'additionalProperties') problems[String(params['additionalProperty']).slice(0, 64)] = 'unknown';
    else if (at !== undefined) problems[at] ??= 'malformed';
  }
  return problems;
}

/** In seconds, where a refusal names none. */
export function defaultRetryAfter(status: number): number | null {
  return status === 429 ? 60 : status === 503 ? 2 : null;
}

function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('text/html') && !accept.startsWith('application/json');
}

/** Refused access is worth a line, our own trouble an error with its cause; the path as registered, never as sent. */
function logFailure(log: Log, refusal: Refusal, error: unknown, request: FastifyRequest): void {
  const facts = { requestId: request.id, code: refusal.code, method: request.method, route: request.routeOptions.url ?? 'none' };
  if (refusal.status >= 500) log.error({ ...facts, err: refusal.cause ?? error }, 'request failed');
  else if (refusal.status === 401 || refusal.status === 403 || refusal.status === 429) log.info(facts, 'request refused');
}
