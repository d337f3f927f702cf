import type { SiteUser } from '@portico/protocol/tokens';
import { type Grant, livingScope } from './session-row.ts';

/** The user as a client site is told: no more than the scope of its grant allows, and never Portico's own role. */
export function siteUser({ user, roles, scopes }: Pick<Grant, 'user' | 'roles' | 'scopes'>, scope: string): SiteUser {
  const may = new Set(livingScope({ scopes }, scope).split(' '));
  return {
    id: user.id,
    roles,
    ...(may.has('profile') ? { displayName: user.displayName } : {}),
    ...(may.has('email') ? { email: user.email, emailVerified: user.verifiedAt !== null } : {}),
  };
}
