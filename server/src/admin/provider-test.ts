import { ADMIN_PAGES } from '@portico/protocol/admin';
import { type ErrorCode, isErrorCode, Refusal } from '@portico/protocol/errors';
import type { ProviderTestResult } from '@portico/ui/admin-views';
import { recordEvent } from '../audit/event.ts';
import { beginAtProvider, type ProviderAnswer, proveAtProvider } from '../auth/auth-providers/at-provider.ts';
import { openState } from '../auth/auth-providers/oauth-state.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { requirePeekedCookie } from '../sessions/proof-by-cookie.ts';
import { requireRole, type StaffSession } from '../sessions/staff-session.ts';
import { currentSession } from '../sessions/verified-session.ts';

/**
 * A round trip to a provider and back, for an operator who wants to see that it works. Its state has a purpose of its own, so its answer
 * opens no session, links nothing and proves nobody; and what was begun for those is no test. Nothing of the answer is written down: it
 * travels sealed in the address of the screen. The tokens are forgotten and not given back: a provider that ends its whole grant with one
 * of them would end the operator's own sign-in there.
 */

/** What is shown of an answer stays readable for this long, in milliseconds. */
export const RESULT_LIFE = 10 * 60_000;
const SHOWN_MAX = 200;

/** POST providers/:authProvider/test: where the browser goes now. */
export async function beginProviderTest(deps: Deps, caller: Caller, session: StaffSession, authProvider: string): Promise<Answer> {
  const beginning = { purpose: 'test', flow: 'redirect', returnTo: ADMIN_PAGES.providers, keep: false, sid: session.id } as const;
  const { oAuthUrl, cookies } = await beginAtProvider(deps, caller, authProvider, beginning);
  await recordTest(deps, caller, authProvider, session.userId, 'begun');
  return { body: { oAuthUrl }, cookies };
}

/** Whether what came back was begun as a test, in this browser and for this provider. */
export function isOfTest(deps: Deps, caller: Caller, authProvider: string, state: string | null): boolean {
  return state !== null && openState(deps, authProvider, caller.cookies.transaction, state)?.purpose === 'test';
}

export type TestReturn =
  | { readonly kind: 'answer'; readonly answer: ProviderAnswer }
  | { readonly kind: 'declined' }
  | { readonly kind: 'refused'; readonly reason: ErrorCode };

/** GET :authProvider/callback, for a test: back to the screen, with what the provider said. */
export async function backFromTest(
  deps: Deps,
  caller: Caller,
  { authProvider, state, returned }: { readonly authProvider: string; readonly state: string; readonly returned: TestReturn },
): Promise<Answer> {
  const begun = openState(deps, authProvider, caller.cookies.transaction, state);
  // Whoever began it must still be the one who sits here, and still work here.
  const session = requireRole(currentSession((await requirePeekedCookie(deps, caller)).grant), 'admin');
  if (begun === null || begun.purpose !== 'test' || begun.sid !== session.id) throw new Refusal('bad_state');
  const result = await resultOf(deps, caller, authProvider, returned);
  await recordTest(deps, caller, authProvider, session.userId, result.kind === 'refused' ? result.error : result.kind);
  const sealed = deps.vault.seal(labelOf(session), JSON.stringify({ ...result, authProvider, at: deps.now() }), 'provider test');
  return { redirectTo: `${deps.config.apiOrigin}${ADMIN_PAGES.providers}?tested=${encodeURIComponent(sealed)}` };
}

/** What a test brought, for the session that made it. Null: nothing, or nothing any more. */
export function openTestResult(deps: Deps, session: StaffSession, sealed: string | undefined): ProviderTestResult | null {
  if (sealed === undefined) return null;
  try {
    const result = JSON.parse(deps.vault.open(labelOf(session), sealed, 'provider test').toString()) as ProviderTestResult;
    return deps.now() - result.at <= RESULT_LIFE ? result : null;
  } catch {
    return null;
  }
}

type Found = ProviderTestResult extends infer Result
  ? Result extends ProviderTestResult
    ? Omit<Result, 'at' | 'authProvider'>
    : never
  : never;

async function resultOf(deps: Deps, caller: Caller, authProvider: string, returned: TestReturn): Promise<Found> {
  if (returned.kind === 'declined') return { kind: 'declined' };
  if (returned.kind === 'refused') return { kind: 'refused', error: returned.reason };
  try {
    const { proof } = await proveAtProvider(deps, caller, authProvider, returned.answer, ['test']);
    const { subject, label, displayName, email, emailVerified } = proof.profile;
    const cut = (text: string) => text.slice(0, SHOWN_MAX).toWellFormed();
    return {
      kind: 'said',
      subject: cut(subject),
      label: cut(label),
      displayName: cut(displayName),
      email: email === null ? null : cut(email),
      emailVerified,
      scope: proof.scope === null ? null : cut(proof.scope),
    };
  } catch (error) {
    // What is wrong here says nothing of the service.
    const isOurs = error instanceof Refusal && (error.code === 'unavailable' || error.code === 'busy');
    if (error instanceof Refusal && isErrorCode(error.code) && !isOurs) return { kind: 'refused', error: error.code };
    throw error;
  }
}

async function recordTest(deps: Deps, caller: Caller, authProvider: string, actorId: string, reason: string): Promise<void> {
  await recordEvent(deps.db, deps, caller, 'provider.tested', { actorId, reason, target: { kind: 'provider', id: authProvider } });
}

const labelOf = ({ id }: StaffSession) => `provider test ${id}`;
