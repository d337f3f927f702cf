import { ADMIN_PAGES } from '@portico/protocol/admin';
import { Refusal } from '@portico/protocol/errors';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import type { SecretShown } from '@portico/ui/admin-views';
import { parseEmail } from '../accounts/email.ts';
import { findUser, findUserByEmail, type User } from '../accounts/user.ts';
import type { Caller } from '../caller.ts';
import { type Client, findClient } from '../clients/client.ts';
import { readClientKeys } from '../clients/client-keys.ts';
import { disableClient, enableClient, removeClient } from '../clients/retire-client.ts';
import { replaceKeys, rotateSecret, rotateSigningSecret } from '../clients/rotate-secret.ts';
import { setRoles } from '../clients/set-roles.ts';
import { testLogout } from '../clients/test-logout.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { requireRankOver, type StaffSession } from '../sessions/staff-session.ts';
import { requireConfirmed } from './confirmed.ts';

const HOUR = 3_600_000;
/** How long the old secret goes on beside the new one, in milliseconds. */
const OVERLAPS = { none: 0, hour: HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR } as const;
export type Overlap = keyof typeof OVERLAPS;

export async function rotateSiteSecret(
  deps: Deps,
  caller: Caller,
  clientId: string,
  { overlap, purpose }: { readonly overlap: Overlap; readonly purpose: SecretShown['purpose'] },
): Promise<Answer> {
  const rotate = purpose === 'signing' ? rotateSigningSecret : rotateSecret;
  const rotated = await rotate(deps, caller, clientId, OVERLAPS[overlap]);
  if (rotated.kind === 'refused') {
    await requireSite(deps, clientId);
    throw new Refusal('invalid_fields', { fields: { overlap: 'not_for_kind' } });
  }
  const shown: SecretShown = { purpose, id: rotated.made.id, secret: rotated.made.secret, overlapsUntil: rotated.overlapsUntil };
  return { body: { shown } };
}

export async function replaceSiteKeys(deps: Deps, caller: Caller, clientId: string, jwks: string): Promise<Answer> {
  const keys = readClientKeys(jwks);
  if (keys.kind === 'bad') throw new Refusal('invalid_fields', { fields: { jwks: keys.code } });
  if ((await replaceKeys(deps, caller, clientId, jwks)) === null) return { status: 204 };
  await requireSite(deps, clientId);
  throw new Refusal('invalid_fields', { fields: { jwks: 'keys_unneeded' } });
}

export async function testSiteLogout(deps: Deps, caller: Caller, clientId: string): Promise<Answer> {
  return { body: { tested: await testLogout(deps, caller, clientId) } };
}

export async function disableSite(deps: Deps, caller: Caller, clientId: string, confirm: string): Promise<Answer> {
  requireConfirmed(confirm, (await requireSite(deps, clientId)).name);
  if ((await disableClient(deps, caller, clientId)) === null) throw new Refusal('not_found');
  return { status: 204 };
}

export async function enableSite(deps: Deps, caller: Caller, clientId: string): Promise<Answer> {
  await requireSite(deps, clientId);
  if ((await enableClient(deps, caller, clientId)) === null) throw new Refusal('not_found');
  return { status: 204 };
}

export async function removeSite(deps: Deps, caller: Caller, clientId: string, confirm: string): Promise<Answer> {
  requireConfirmed(confirm, (await requireSite(deps, clientId)).name);
  if ((await removeClient(deps, caller, clientId)) === null) throw new Refusal('not_found');
  return { status: 204, headers: { location: ADMIN_PAGES.sites } };
}

export interface RolesWish {
  /** One of both says who. */
  readonly userId?: string;
  readonly email?: string;
  readonly roles: readonly string[];
}

/** What somebody may do at the site, all of it: no roles take what they had. */
export async function setSiteRoles(
  deps: Deps,
  caller: Caller,
  staff: StaffSession,
  clientId: string,
  { userId, email, roles }: RolesWish,
): Promise<Answer> {
  await requireSite(deps, clientId);
  const user = userId === undefined ? await findByEmail(deps, email) : await findUser(deps.db, userId);
  if (user === null) throw new Refusal('invalid_fields', { fields: { [userId === undefined ? 'email' : 'userId']: 'nobody_here' } });
  requireRankOver(staff, user);
  try {
    await setRoles(deps, caller, { userId: user.id, clientId, roles });
  } catch (cause) {
    if (!(cause instanceof Refusal) || cause.code !== 'roles_unknown') throw cause;
    throw new Refusal('invalid_fields', { fields: { roles: 'role_unknown' }, cause });
  }
  return { status: 204 };
}

async function findByEmail(deps: Deps, text: string | undefined): Promise<User | null> {
  if (text === undefined || text.trim() === '') throw new Refusal('invalid_fields', { fields: { email: 'missing' } });
  const email = parseEmail(text);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: 'email_malformed' } });
  return findUserByEmail(deps.db, email);
}

/** Our own pages are no site: what would end them ends everybody's sign-in. */
async function requireSite(deps: Deps, clientId: string): Promise<Client> {
  const client = clientId === FIRST_PARTY_CLIENT ? null : await findClient(deps.db, clientId);
  if (client === null) throw new Refusal('not_found');
  return client;
}
