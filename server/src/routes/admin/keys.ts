import { dropOneKey, readKeys, rotateAllKeys } from '../../admin/keys.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { ConfirmBody } from '../../http/admin/list-fields.ts';
import { EmptyBody, fields, type Static } from '../../http/schemas.ts';

/** A chain key's number or a signing key's name. */
const Params = fields({ keyId: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } }, ['keyId']);

export const KEYS: AdminRows = {
  screens: [
    adminScreen('keys', {
      summary: 'Signing keys and chain keys: since when they are used, and how long they are needed; never a key itself',
      read: (deps) => readKeys(deps),
    }),
  ],
  deeds: [
    adminAct('rotateKeys', {
      role: 'owner',
      fresh: true,
      summary: 'Make the next keys, used from a minute later; not while others wait',
      body: EmptyBody,
      run: (deps, caller) => rotateAllKeys(deps, caller),
    }),
    adminAct<Static<typeof ConfirmBody>, Static<typeof Params>>('dropKey', {
      role: 'owner',
      fresh: true,
      summary: 'End a key that is not in use, and everything that was made with it; `confirm` is its name or number',
      body: ConfirmBody,
      params: Params,
      run: (deps, caller, _, { body, params }) => dropOneKey(deps, caller, params.keyId, body.confirm),
    }),
  ],
  exports: [],
};
