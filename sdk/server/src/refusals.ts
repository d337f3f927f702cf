import { ERRORS, type ErrorCode } from '@portico/protocol/errors';
import { PorticoUnavailable } from './backend.ts';
import { PorticoError } from './errors.ts';
import { BodyTooLarge } from './node-http.ts';
import { reply } from './replies.ts';

/** Why a kit does not do what it was asked; for developers. */
const HINTS = {
  signed_out: 'Nobody is signed in at this site.',
  session_held: 'The sign-in waits for a mailed code: send the user to verifyUrl.',
  session_ended: 'The sign-in has ended: sign in again.',
  refresh_invalid: 'This browser has no sign-in that could be renewed: sign in again.',
  retry: 'Another request is renewing this sign-in: ask again in a moment.',
  origin_refused: 'Only a page of this site may ask for this.',
  request_expired: 'This browser began no such sign-in, or more than ten minutes ago: begin again.',
  grant_refused: 'Portico refused the code: begin again.',
  ticket_refused: 'Portico refused the ticket: begin again.',
  invalid_fields: 'What was sent is not what this takes.',
  method_not_allowed: 'Not with this method.',
  too_large: 'Too much was sent.',
  unavailable: 'Portico cannot be asked at this moment. Ask again.',
} as const satisfies Partial<Record<ErrorCode, string>>;

export type SiteCode = keyof typeof HINTS;

/** A refusal of this site, or one of Portico's that it hands on. */
export class SiteRefusal extends Error {
  readonly code: SiteCode;
  readonly status: number;
  readonly extra: Readonly<Record<string, string>>;

  constructor(code: SiteCode, extra: Readonly<Record<string, string>> = {}) {
    super(`${code}: ${HINTS[code]}`);
    this.name = 'SiteRefusal';
    this.code = code;
    this.status = ERRORS[code];
    this.extra = extra;
  }
}

/** The answer to give. It clears no cookie: trouble is no sign-out, and a late no must not undo a newer sign-in. Rethrows what is a defect. */
export function refused(error: unknown): Response {
  if (error instanceof SiteRefusal) {
    const { code, status, extra } = error;
    const soon: Record<string, string> = status === 503 || status === 409 ? { 'retry-after': '1' } : {};
    return reply(status, { body: { error: code, message: HINTS[code], ...extra }, headers: soon });
  }
  if (error instanceof PorticoError) return reply(error.status, { body: error.body, headers: error.headers });
  if (error instanceof PorticoUnavailable) return refused(new SiteRefusal('unavailable'));
  if (error instanceof BodyTooLarge) return refused(new SiteRefusal('too_large'));
  throw error;
}

/** For a person whose browser was sent here: the same in plain words, with a way on. */
export function refusedPage(error: unknown, signInPath: string): Response {
  const { status } = refused(error);
  const sentence = status >= 500 ? 'The sign-in cannot be finished at this moment.' : 'The sign-in could not be finished.';
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign-in</title><h1>${sentence}</h1><p><a href="${signInPath}">Sign in again</a></p></html>`;
  return reply(status, { html, ...(status === 503 ? { headers: { 'retry-after': '1' } } : {}) });
}
