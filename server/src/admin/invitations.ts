import { Refusal } from '@portico/protocol/errors';
import type { InvitationItem, InvitationsContent } from '@portico/ui/admin-views';
import { emailKey, parseEmail } from '../accounts/email.ts';
import { type Invitation, type InvitationFilter, listInvitationsPage } from '../accounts/invitation.ts';
import { inviteAddress, withdrawAddress } from '../accounts/invite.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { requireLetterAllowed } from '../mail/require-letter-allowed.ts';
import type { Answer } from '../sessions/answer.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

export interface InvitationsQuery extends ListQuery {
  readonly email?: string;
  readonly status?: NonNullable<InvitationFilter['status']>;
}

export async function readInvitations(deps: Deps, query: InvitationsQuery): Promise<InvitationsContent> {
  const now = deps.now();
  const filter = { emailKey: query.email === undefined ? null : emailKey(query.email.trim()), status: query.status ?? null };
  const rows = await listInvitationsPage(deps.db, filter, now, askPage(deps, 'invitations', query));
  const mark = ({ invitedAt, key: id }: Invitation) => ({ key: invitedAt, id });
  return {
    ...pageOf(deps, { list: 'invitations', query, rows, mark, item: (row) => itemOf(row, now) }),
    signup: deps.config.signup,
    domains: deps.config.signupDomains,
    mailServer: deps.config.smtpUrl !== '',
  };
}

function itemOf({ email, invitedAt, expiresAt, usedAt }: Invitation, now: number): InvitationItem {
  return { email, status: usedAt !== null ? 'used' : expiresAt > now ? 'open' : 'expired', invitedAt, expiresAt, usedAt };
}

/** Invites an address, or invites it anew. The link is in the letter alone: whoever reads it here could take the account. */
export async function inviteOne(deps: Deps, caller: Caller, { email: typed }: { readonly email: string }): Promise<Answer> {
  const email = parseEmail(typed);
  if (email === null) throw new Refusal('invalid_fields', { fields: { email: 'email_malformed' } });
  await requireLetterAllowed(deps, caller, email.key);
  const outcome = await inviteAddress(deps, caller, caller.texts, email);
  if (outcome.kind !== 'invited') throw new Refusal('invalid_fields', { fields: { email: PROBLEMS[outcome.kind] } });
  return { status: 204 };
}

const PROBLEMS = { closed: 'signup_closed', domain_refused: 'domain_refused', has_account: 'has_account' } as const;

export async function withdrawInvitation(deps: Deps, caller: Caller, { email: typed }: { readonly email: string }): Promise<Answer> {
  const email = parseEmail(typed);
  if (email === null || !(await withdrawAddress(deps, caller, email))) throw new Refusal('not_found');
  return { status: 204 };
}
