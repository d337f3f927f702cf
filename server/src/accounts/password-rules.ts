import type { FieldProblem } from '@portico/protocol/errors';
import { Refusal } from '@portico/protocol/errors';
import type { Deps } from '../deps.ts';
import { PASSWORD_BYTES_MAX } from '../platform/password-hasher.ts';
import { isCommonPassword } from './common-passwords.ts';

/**
 * NIST SP 800-63B-4: length, no composition rules, nothing common, nothing from the context. Null when the password may be used.
 * The password is taken exactly as it was typed: no trimming, no change of case, no cut at 72 bytes.
 */
export function passwordProblem(deps: Pick<Deps, 'config'>, password: string, context: readonly string[]): FieldProblem | null {
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return 'password_too_long';
  if ([...password].length < deps.config.passwordMin) return 'password_too_short';
  if (isCommonPassword(password)) return 'password_common';
  return containsContext(deps, password, context) ? 'password_context' : null;
}

/** Throws 422 with the reason at the field. */
export function requireGoodPassword(deps: Pick<Deps, 'config'>, field: string, password: string, context: readonly string[]): void {
  const problem = passwordProblem(deps, password, context);
  if (problem !== null) throw new Refusal('password_refused', { fields: { [field]: problem } });
}

/** A password that is mostly the product's name, the host or one's own address is guessed early (ASVS 6.2.11). */
function containsContext(deps: Pick<Deps, 'config'>, password: string, context: readonly string[]): boolean {
  const lower = password.toLowerCase();
  const words = ['portico', new URL(deps.config.origin).hostname, ...context]
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= 4);
  // What remains without the words must still be a password of its own.
  return words.some((word) => lower.includes(word) && [...lower.replaceAll(word, '')].length < Math.min(deps.config.passwordMin, 8));
}

/** The words of a person that do not belong into the person's password. */
export function contextOf(email: string, displayName: string): string[] {
  const local = email.split('@')[0] ?? '';
  return [email, local, ...displayName.split(/\s+/)];
}
