import { ROLES, type Role } from '@portico/protocol/tokens';
import { readUser, type UserQuery } from '../../admin/user.ts';
import {
  deleteOneUser,
  endSessionsOfUser,
  forceOneReset,
  reinstateOneUser,
  setOneRole,
  setSiteRolesOfUser,
  suspendOneUser,
  unlinkOneIdentity,
} from '../../admin/user-acts.ts';
import { CLIENT_ID_FORM } from '../../clients/authenticate-client.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { ConfirmBody, confirm, oneOfWords } from '../../http/admin/list-fields.ts';
import { EmptyBody, fields, line, name128, type Static } from '../../http/schemas.ts';

const clientId = { type: 'string', pattern: CLIENT_ID_FORM.source } as const;
const authProvider = { type: 'string', pattern: '^[a-z]{1,32}$' } as const;
const Params = fields({ userId: name128 }, ['userId']);
type Params = Static<typeof Params>;
const Query = fields({ site: clientId }, []);
const RoleBody = fields({ role: oneOfWords(...ROLES) }, ['role']);
const SiteRolesBody = fields({ clientId, roles: { type: 'array', items: line(1, 64), maxItems: 100 } as const }, ['clientId']);
const SuspendBody = fields({ confirm, reason: line(0, 200) }, ['confirm']);
const UnlinkBody = fields({ authProvider, confirm }, ['authProvider', 'confirm']);

export const USER: AdminRows = {
  screens: [
    adminScreen<'user', UserQuery, Params>('user', {
      summary: 'One account: sessions, ways in, roles and the newest events',
      query: Query,
      params: Params,
      read: (deps, _caller, session, { params, query }) => readUser(deps, session, params.userId, query),
    }),
  ],
  deeds: [
    adminAct<{ readonly role: Role }, Params>('setRole', {
      role: 'owner',
      fresh: true,
      summary: 'What somebody may do in Portico itself; the last owner stays one',
      body: RoleBody,
      params: Params,
      run: (deps, caller, _session, { params, body }) => setOneRole(deps, caller, params.userId, body),
    }),
    adminAct<Static<typeof SiteRolesBody>, Params>('setUserSiteRoles', {
      role: 'admin',
      fresh: true,
      summary: 'All roles of a user at one client site, in that site’s words',
      body: SiteRolesBody,
      params: Params,
      run: (deps, caller, session, { params, body }) => setSiteRolesOfUser(deps, caller, session, params.userId, body),
    }),
    adminAct<Static<typeof SuspendBody>, Params>('suspendUser', {
      role: 'admin',
      fresh: true,
      summary: 'Shut an account out: every session ends, and no way in leads to a new one; the address typed',
      body: SuspendBody,
      params: Params,
      run: (deps, caller, session, { params, body }) => suspendOneUser(deps, caller, session, params.userId, body),
    }),
    adminAct<unknown, Params>('reinstateUser', {
      role: 'admin',
      fresh: true,
      summary: 'Let a suspended account in again',
      body: EmptyBody,
      params: Params,
      run: (deps, caller, session, { params }) => reinstateOneUser(deps, caller, session, params.userId),
    }),
    adminAct<Static<typeof ConfirmBody>, Params>('forceReset', {
      role: 'admin',
      fresh: true,
      limit: '5 an hour of one account',
      summary: 'End the password and every session now, and mail a link to choose another one; the address typed',
      body: ConfirmBody,
      params: Params,
      run: (deps, caller, session, { params, body }) => forceOneReset(deps, caller, session, params.userId, body),
    }),
    adminAct<unknown, Params>('endUserSessions', {
      role: 'admin',
      fresh: false,
      summary: 'Sign a user out of every device and every site',
      body: EmptyBody,
      params: Params,
      run: (deps, caller, session, { params }) => endSessionsOfUser(deps, caller, session, params.userId),
    }),
    adminAct<Static<typeof UnlinkBody>, Params>('unlinkIdentity', {
      role: 'admin',
      fresh: true,
      summary: 'Unlink another service from an account, its name typed; never the last way in',
      body: UnlinkBody,
      params: Params,
      run: (deps, caller, session, { params, body }) => unlinkOneIdentity(deps, caller, session, params.userId, body),
    }),
    adminAct<Static<typeof ConfirmBody>, Params>('deleteUser', {
      role: 'owner',
      fresh: true,
      summary: 'Delete an account and everything kept about it, the address typed; the last owner stays',
      body: ConfirmBody,
      params: Params,
      run: (deps, caller, session, { params, body }) => deleteOneUser(deps, caller, session, params.userId, body),
    }),
  ],
  exports: [],
};
