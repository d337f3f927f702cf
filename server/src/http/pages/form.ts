import { FORM_FIELDS } from '@portico/protocol/cookies';
import { Refusal } from '@portico/protocol/errors';
import type { FormState } from '@portico/ui/views';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { transactionCookie } from '../../sessions/answer.ts';
import { checkFormToken, makeFormToken } from '../../sessions/csrf.ts';
import { asRefusal } from '../errors.ts';
import { ownPages } from '../guards.ts';
import { writeCookies } from '../send.ts';

/** A plain HTML form as it arrived: names and texts, nothing repeated. */
export type Form = Readonly<Record<string, string>>;

export const EMPTY_FORM: FormState = { values: {}, error: null, fields: {}, retryAfter: null };

/** The fields of the body. A field that came twice is refused: which of two would count? */
export function readForm(request: FastifyRequest): Form {
  const body = (request.body ?? {}) as Record<string, unknown>;
  for (const value of Object.values(body)) if (typeof value !== 'string') throw new Refusal('bad_request');
  return body as Form;
}

/**
 * The token of a form for people who are not signed in, and the cookie that it is bound to: one random value per browser, set only when
 * absent, so that two tabs and a page from two hours ago both work.
 */
export function issueFormToken(deps: Deps, caller: Caller, reply: FastifyReply): string {
  const transaction = caller.cookies.transaction ?? deps.random(16).toString('base64url');
  if (caller.cookies.transaction === null) writeCookies(deps.config, reply, { cookies: [transactionCookie(transaction)] });
  return makeFormToken(deps, transaction);
}

/** Login CSRF: a stranger's page must not sign a visitor into the stranger's account. */
export async function requireFormToken(deps: Deps, caller: Caller, form: Form): Promise<void> {
  await ownPages(deps, caller);
  const token = form[FORM_FIELDS.form];
  const bound = caller.cookies.transaction !== null && token !== undefined && checkFormToken(deps, token, caller.cookies.transaction);
  if (!bound) throw new Refusal('csrf_failed');
}

/** What the page shows again after a refusal: what was typed, except passwords and codes. `longest`: characters of a field. */
export function refusedForm(
  error: unknown,
  form: Form,
  keep: readonly string[],
  longest = 320,
): { status: number; state: FormState; refusal: Refusal } {
  const refusal = asRefusal(error);
  // Our own trouble is not the form's: the error page says so.
  if (refusal.code === 'internal') throw error;
  const values = Object.fromEntries(keep.flatMap((name) => (form[name] === undefined ? [] : [[name, form[name].slice(0, longest)]])));
  return {
    refusal,
    status: refusal.status,
    state: {
      values,
      error: refusal.code,
      fields: refusal.fields ?? {},
      ...(refusal.about === undefined ? {} : { about: refusal.about }),
      retryAfter: refusal.retryAfter ?? null,
    },
  };
}

/** A name as one line; the JSON schema refuses what a form field merely loses. */
export function cleanName(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
    .trim()
    .slice(0, 80);
}
