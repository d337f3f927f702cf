import { type ErrorCode, Refusal } from '@portico/protocol/errors';
import type { Config } from '../config.ts';

/**
 * Who may have an account here. What is refused depends on the settings, on the domain of the typed address and on the invitation,
 * never on who has an account already: so the refusal tells nothing about anybody.
 */
type Policy = Pick<Config, 'signup' | 'signupDomains'>;

/** An address as accounts have it: proven, or about to be. */
export interface Address {
  readonly text: string;
  readonly key: string;
}

/** Proof that the operator invited this address and that the invitation was open. Only the table of invitations makes one. */
export interface Invited {
  readonly [invited]: true;
  readonly email: Address;
}
declare const invited: unique symbol;

/** Proof that a link of the operator's own shell was used up a moment ago. Only the table of those links makes one. */
export interface OwnerLink {
  readonly [owning]: true;
  /** For this address only; null: for whoever opens it. */
  readonly email: Address | null;
}
declare const owning: unique symbol;

/** An address that may have an account. Only `allowSignUp` and `allowOwner` make one, and no account is made without one. */
export interface AllowedSignUp {
  readonly [allowed]: true;
  readonly email: Address;
}
declare const allowed: unique symbol;

/** Null: an account with this address may be made. */
export function signUpProblem(policy: Policy, email: Address, invitation: Invited | null): ErrorCode | null {
  if (policy.signup === 'closed') return 'signup_closed';
  // The same answer without an invitation, with a used one, and with one that is somebody else's.
  if (policy.signup === 'invite' && invitation?.email.key !== email.key) return 'signup_by_invitation';
  return isAllowedDomain(policy, email) ? null : 'signup_domain_refused';
}

/** What somebody is told who comes without an invitation, before any address is known. */
export function closedTo({ signup }: Policy): 'signup_closed' | 'signup_by_invitation' | null {
  if (signup === 'open') return null;
  return signup === 'closed' ? 'signup_closed' : 'signup_by_invitation';
}

/** Throws `signup_closed`, `signup_by_invitation` or `signup_domain_refused`. */
export function allowSignUp(policy: Policy, email: Address, invitation: Invited | null): AllowedSignUp {
  const problem = signUpProblem(policy, email, invitation);
  if (problem !== null) throw new Refusal(problem);
  return { email } as AllowedSignUp;
}

/** Who has a shell on the machine may let anybody in, whoever else may sign up. Throws `link_of_another`. */
export function allowOwner(link: OwnerLink, email: Address): AllowedSignUp {
  requireOwnLink(link, email);
  return { email } as AllowedSignUp;
}

/** Throws `link_of_another`. */
export function requireOwnLink({ email }: { readonly email: Address | null }, { key }: Pick<Address, 'key'>): void {
  if (email !== null && email.key !== key) throw new Refusal('link_of_another');
}

/** Exactly one of the domains: `evil-example.com` and `a.example.com` are not `example.com`. */
export function isAllowedDomain({ signupDomains }: Policy, { key }: Address): boolean {
  return signupDomains.length === 0 || signupDomains.includes(key.slice(key.lastIndexOf('@') + 1));
}
