import { type InvitationsQuery, inviteOne, readInvitations, withdrawInvitation } from '../../admin/invitations.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { EmailBody, fields, line } from '../../http/schemas.ts';

const Query = fields({ ...LIST_FIELDS, email: line(1, 320), status: oneOfWords('open', 'used', 'expired') }, []);

export const INVITATIONS: AdminRows = {
  screens: [
    adminScreen<'invitations', InvitationsQuery>('invitations', {
      summary: 'Invitations, newest first, and who may create an account at all',
      query: Query,
      read: (deps, _caller, _session, { query }) => readInvitations(deps, query),
    }),
  ],
  deeds: [
    adminAct<EmailBody>('invite', {
      role: 'admin',
      fresh: false,
      limit: 'mail-network, mail-address',
      summary: 'Invite an address, or invite it again: the link of the letter before is dead',
      body: EmailBody,
      run: (deps, caller, _, { body }) => inviteOne(deps, caller, body),
    }),
    adminAct<EmailBody>('withdrawInvitation', {
      role: 'admin',
      fresh: false,
      summary: 'Withdraw an invitation that was not used: its link is dead at once',
      body: EmailBody,
      run: (deps, caller, _, { body }) => withdrawInvitation(deps, caller, body),
    }),
  ],
  exports: [],
};
