import { allowOneNetwork, disallowOneNetwork, liftOneSuspension, readSuspensions, type SuspensionsQuery } from '../../admin/suspensions.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { fields, line, type Static } from '../../http/schemas.ts';

const Query = fields({ ...LIST_FIELDS, status: oneOfWords('suspended'), network: line(1, 64) }, []);
const NetworkBody = fields({ network: line(1, 64) }, ['network']);
const AllowBody = fields({ network: line(1, 64), note: line(0, 200) }, ['network']);

export const SUSPENSIONS: AdminRows = {
  screens: [
    adminScreen<'suspensions', SuspensionsQuery>('suspensions', {
      summary: 'Networks that were suspended for guessing, newest first, and the ranges that never are',
      query: Query,
      read: (deps, caller, _, { query }) => readSuspensions(deps, caller, query),
    }),
  ],
  deeds: [
    adminAct<Static<typeof NetworkBody>>('liftSuspension', {
      role: 'admin',
      fresh: false,
      summary: 'Let a suspended network try again',
      body: NetworkBody,
      run: (deps, caller, _, { body }) => liftOneSuspension(deps, caller, body),
    }),
    adminAct<Static<typeof AllowBody>>('allowNetwork', {
      role: 'admin',
      fresh: false,
      summary: 'Never suspend a range of addresses',
      body: AllowBody,
      run: (deps, caller, _, { body }) => allowOneNetwork(deps, caller, body),
    }),
    adminAct<Static<typeof NetworkBody>>('disallowNetwork', {
      role: 'admin',
      fresh: false,
      summary: 'Suspend a range like any other again',
      body: NetworkBody,
      run: (deps, caller, _, { body }) => disallowOneNetwork(deps, caller, body),
    }),
  ],
  exports: [],
};
