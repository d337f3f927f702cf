import type { StaffRole } from '@portico/protocol/admin';
import { Refusal } from '@portico/protocol/errors';
import { ROLES, type Role } from '@portico/protocol/tokens';
import type { CurrentSession } from './verified-session.ts';

/** A session of somebody who works here, read from the database a moment ago. Only `requireRole` makes one. */
export interface StaffSession extends CurrentSession {
  readonly [staff]: true;
}
declare const staff: unique symbol;

/** Throws `role_required`. The role is the database's, not the token's: one that was taken a second ago opens nothing. */
export function requireRole(session: CurrentSession, least: StaffRole): StaffSession {
  if (rankOf(session.grant.user.role) < rankOf(least)) throw new Refusal('role_required');
  return session as StaffSession;
}

/**
 * An admin must not become owner by way of one: whoever resets an owner's password, ends an owner's sessions or unlinks their ways in is
 * half-way in. Owners may act on everybody; everybody else only on those who rank below them. Throws `role_required`.
 */
export function requireRankOver(staff: StaffSession, target: { readonly role: Role }): void {
  if (!ranksOver(staff, target)) throw new Refusal('role_required');
}

/** The same as a question: whether an act is offered at all. */
export function ranksOver({ grant: { user } }: StaffSession, target: { readonly role: Role }): boolean {
  return user.role === 'owner' || rankOf(target.role) < rankOf(user.role);
}

function rankOf(role: Role): number {
  return ROLES.indexOf(role);
}
