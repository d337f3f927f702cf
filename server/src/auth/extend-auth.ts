import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Answer, sessionCookies } from '../sessions/answer.ts';
import { appCookie, refreshed } from '../sessions/app-answer.ts';
import { type BrowserClient, refreshTokenOf } from '../sessions/browser-client.ts';
import { requireCsrf } from '../sessions/csrf.ts';
import { keptCsrfToken } from '../sessions/kept-csrf-token.ts';
import { findNamedFamily, requirePeekedCookie } from '../sessions/proof-by-cookie.ts';
import { browserCaller } from '../sessions/refresh-caller.ts';
import { slideFamilyIdle } from '../sessions/refresh-token.ts';
import { findSession, restartCsrf } from '../sessions/session.ts';
import { spendRefreshToken } from '../sessions/spend-refresh-token.ts';
import { readAttempt, requireSpent } from '../sessions/spent-or-refused.ts';

/**
 * POST extend-auth-soft: the same cookies with a new Max-Age and the same CSRF token; the idle end moves, the absolute end does not.
 * Answers nothing, so a page may fire it at its start and forget it.
 */
export async function extendSoft(deps: Deps, caller: Caller, by: BrowserClient): Promise<Answer> {
  const peeked = await requirePeekedCookie(deps, caller, by);
  const idleAt = peeked.provedAt + (by.app?.idleLife ?? deps.config.sessionIdle);
  await slideFamilyIdle(deps.db, peeked.family.id, peeked.provedAt, idleAt);
  // A cookie that was just replaced by another tab's refresh is not set again, or the browser would fall back to it.
  const refreshToken = refreshTokenOf(caller, by);
  if (!peeked.isNewest || refreshToken === null) return { status: 204 };
  const issued = { grant: peeked.grant, gen: peeked.family.gen, refreshToken, idleAt, provedAt: peeked.provedAt };
  const cookies = by.app === null ? sessionCookies(issued, keptCsrfToken(deps, caller, peeked)) : [appCookie(by, issued)];
  return { status: 204, cookies };
}

/**
 * POST extend-auth-hard, with a CSRF token: rotates as a refresh does, and starts the CSRF tokens anew. Tokens from before die one
 * access life later, so that other tabs have time to learn of it.
 */
export async function extendHard(deps: Deps, caller: Caller, by: BrowserClient): Promise<Answer> {
  const attempt = readAttempt(caller);
  const token = refreshTokenOf(caller, by);
  if (token === null) throw new Refusal('refresh_invalid');
  // By name and not by a peek: a retry of a lost answer comes with a token that is no longer the newest.
  const family = await findNamedFamily(deps, caller, by);
  const session = family === null ? null : await findSession(deps.db, family.sessionId);
  if (session !== null) requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom, client: by });
  const spent = requireSpent(deps, await spendRefreshToken(deps, browserCaller(caller, by), token, attempt));
  await restartCsrf(deps.db, spent.grant.session.id, spent.provedAt);
  const grant = { ...spent.grant, session: { ...spent.grant.session, csrfFrom: spent.provedAt } };
  return refreshed(deps, by, { ...spent, grant });
}
