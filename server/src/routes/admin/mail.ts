import { dropLetter, type OutboxesQuery, readOutboxes, retryLetter, retryLogout } from '../../admin/mail.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { ConfirmBody, LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { EmptyBody, fields, name128, type Static } from '../../http/schemas.ts';

const Query = fields({ ...LIST_FIELDS, list: oneOfWords('letters', 'logouts'), state: oneOfWords('waiting', 'given_up') }, []);
const MailParams = fields({ mailId: { type: 'string', pattern: '^\\d{17}-[A-Za-z0-9_-]{12}$' } }, ['mailId']);
const LogoutParams = fields({ logoutId: name128 }, ['logoutId']);

export const MAIL: AdminRows = {
  screens: [
    adminScreen<'mail', OutboxesQuery>('mail', {
      summary: 'Letters and sign-out news that wait or were given up; never what a letter says',
      query: Query,
      read: (deps, _caller, _session, { query }) => readOutboxes(deps, query),
    }),
  ],
  deeds: [
    adminAct<unknown, Static<typeof MailParams>>('retryMail', {
      role: 'admin',
      fresh: false,
      summary: 'Try a letter that waits again now',
      body: EmptyBody,
      params: MailParams,
      run: (deps, caller, _, { params }) => retryLetter(deps, caller, params.mailId),
    }),
    adminAct<Static<typeof ConfirmBody>, Static<typeof MailParams>>('dropMail', {
      role: 'admin',
      fresh: true,
      summary: 'Drop a letter that waits, and the code in it; `confirm` is the address that it is for',
      body: ConfirmBody,
      params: MailParams,
      run: (deps, caller, _, { body, params }) => dropLetter(deps, caller, params.mailId, body.confirm),
    }),
    adminAct<unknown, Static<typeof LogoutParams>>('retryLogout', {
      role: 'admin',
      fresh: false,
      summary: 'Tell a site of a sign-out again now, even if it was given up',
      body: EmptyBody,
      params: LogoutParams,
      run: (deps, caller, _, { params }) => retryLogout(deps, caller, params.logoutId),
    }),
  ],
  exports: [],
};
