import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { hmac, sameText } from '../platform/crypto.ts';
import { type BrowserClient, OUR_PAGES } from './browser-client.ts';

/**
 * Two keyed texts without storage: the CSRF token of a signed-in session, and the token of the sign-in forms, which stops a stranger's
 * page from signing a visitor into the stranger's account (login CSRF).
 */

/** A form left open since this morning still works. In milliseconds. */
export const FORM_TOKEN_LIFE = 24 * 3_600_000;

type Keys = Pick<Deps, 'keys' | 'now' | 'random'>;

export interface CsrfSession {
  readonly sid: string;
  readonly csrfFrom: number;
  /** Our own pages unless given. */
  readonly client?: BrowserClient;
}

/** Of one session and, in it, of one browser client: what an app was given is worth nothing at our own pages. */
export function makeCsrfToken(deps: Keys, sid: string, client: BrowserClient = OUR_PAGES): string {
  return makeToken(deps, csrfSubject(sid, client));
}

/**
 * True when the token was made for this session and not before `csrfFrom`, or one access life after it at the latest: other tabs hold
 * the older token until their next refresh.
 */
export function checkCsrfToken(deps: Keys, token: string, session: CsrfSession, accessTokenLife: number): boolean {
  const issuedAt = checkToken(deps, token, csrfSubject(session.sid, session.client));
  return issuedAt !== null && (issuedAt >= session.csrfFrom || deps.now() < session.csrfFrom + accessTokenLife);
}

/** Throws `csrf_failed` unless the header (or form field) fits the session. */
export function requireCsrf(deps: Keys & Pick<Deps, 'config'>, caller: Pick<Caller, 'csrfHeader'>, session: CsrfSession): void {
  const good = caller.csrfHeader !== null && checkCsrfToken(deps, caller.csrfHeader, session, deps.config.accessTokenLife);
  if (!good) throw new Refusal('csrf_failed');
}

/** Bound to the browser's transaction cookie. */
export function makeFormToken(deps: Keys, transaction: string): string {
  return makeToken(deps, `form ${transaction}`);
}

export function checkFormToken(deps: Keys, token: string, transaction: string): boolean {
  const issuedAt = checkToken(deps, token, `form ${transaction}`);
  return issuedAt !== null && issuedAt + FORM_TOKEN_LIFE > deps.now();
}

function csrfSubject(sid: string, { app }: BrowserClient = OUR_PAGES): string {
  return app === null ? `csrf ${sid}` : `csrf ${sid} ${app.id}`;
}

function makeToken(deps: Keys, subject: string): string {
  const now = deps.now();
  const key = deps.keys.currentChain(now);
  const head = `${key.id}.${now.toString(36)}.${deps.random(16).toString('base64url')}`;
  return `${head}.${hmac(key.csrf, head, '.', subject).toString('base64url')}`;
}

/** The moment it was issued, or null. */
function checkToken(deps: Keys, token: string, subject: string): number | null {
  const found = /^((\d{1,2})\.([0-9a-z]{1,9})\.[A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/.exec(token);
  if (found === null) return null;
  const [, head = '', id = '', issuedAt = '', mac = ''] = found;
  const key = deps.keys.chain(Number(id));
  // As text: the last letter of a base64url code has bits to spare, so as bytes one code would have four spellings.
  if (key === null || !sameText(hmac(key.csrf, head, '.', subject).toString('base64url'), mac)) return null;
  return Number.parseInt(issuedAt, 36);
}
