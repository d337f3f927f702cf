import { changeSite } from '../../admin/change-site.ts';
import type { ListQuery } from '../../admin/list-page.ts';
import { readSite } from '../../admin/site.ts';
import {
  disableSite,
  enableSite,
  type Overlap,
  removeSite,
  replaceSiteKeys,
  rotateSiteSecret,
  setSiteRoles,
  testSiteLogout,
} from '../../admin/site-acts.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { ConfirmBody, LIST_FIELDS, oneOfWords } from '../../http/admin/list-fields.ts';
import { jwks, SITE_FIELDS } from '../../http/admin/site-fields.ts';
import { fields, line, name128, SiteParams, type Static } from '../../http/schemas.ts';

const ChangeBody = fields({ version: { type: 'string', pattern: '^[A-Za-z0-9_-]{22}$' }, ...SITE_FIELDS }, [
  'version',
  'name',
  'redirectUris',
  'postLogoutUris',
  'origins',
  'scopes',
  'roles',
  'audiences',
]);
const OverlapBody = fields({ overlap: oneOfWords('none', 'hour', 'day', 'week') }, ['overlap']);
const KeysBody = fields({ jwks }, ['jwks']);
const RolesBody = fields({ userId: name128, email: line(1, 320), roles: SITE_FIELDS.roles }, ['roles']);
type Params = Static<typeof SiteParams>;

/** Every act here gives rights, tells a secret or ends what people have open. */
const ACT = { role: 'admin', fresh: true, params: SiteParams } as const;

export const SITE: AdminRows = {
  screens: [
    adminScreen<'site', ListQuery, Params>('site', {
      summary: 'A client site: what it is, its secrets, who has roles there, what happened lately',
      query: fields(LIST_FIELDS, []),
      params: SiteParams,
      read: (deps, _caller, _session, { params, query }) => readSite(deps, params, query),
    }),
  ],
  deeds: [
    adminAct<Static<typeof ChangeBody>, Params>('changeSite', {
      ...ACT,
      shows: true,
      summary: 'Change a client site. An address or life that is left out is taken away; `version` is that of the site as it was read',
      body: ChangeBody,
      run: (deps, caller, _, { body, params }) => changeSite(deps, caller, params.clientId, body),
    }),
    adminAct<Static<typeof OverlapBody>, Params>('rotateSecret', {
      ...ACT,
      shows: true,
      summary: 'Make a new secret; the old one is good for a while beside it',
      body: OverlapBody,
      run: (deps, caller, _, { body, params }) =>
        rotateSiteSecret(deps, caller, params.clientId, { overlap: body.overlap as Overlap, purpose: 'authentication' }),
    }),
    adminAct<Static<typeof OverlapBody>, Params>('rotateSigningSecret', {
      ...ACT,
      shows: true,
      summary: 'Make a new secret that signs HS256 tokens; it signs when the overlap is over',
      body: OverlapBody,
      run: (deps, caller, _, { body, params }) =>
        rotateSiteSecret(deps, caller, params.clientId, { overlap: body.overlap as Overlap, purpose: 'signing' }),
    }),
    adminAct<Static<typeof KeysBody>, Params>('replaceSiteKeys', {
      ...ACT,
      summary: 'Give the public keys that a site proves itself with',
      body: KeysBody,
      run: (deps, caller, _, { body, params }) => replaceSiteKeys(deps, caller, params.clientId, body.jwks),
    }),
    adminAct<unknown, Params>('testLogout', {
      ...ACT,
      fresh: false,
      shows: true,
      limit: 'logout-tests',
      summary: 'Send a marked back-channel logout of a session that nobody has, and answer what came back',
      run: (deps, caller, _, { params }) => testSiteLogout(deps, caller, params.clientId),
    }),
    adminAct<Static<typeof ConfirmBody>, Params>('disableSite', {
      ...ACT,
      summary: 'Take a client site out of service: every sign-in there ends now',
      body: ConfirmBody,
      run: (deps, caller, _, { body, params }) => disableSite(deps, caller, params.clientId, body.confirm),
    }),
    adminAct<unknown, Params>('enableSite', {
      ...ACT,
      summary: 'Take a client site back into service',
      run: (deps, caller, _, { params }) => enableSite(deps, caller, params.clientId),
    }),
    adminAct<Static<typeof ConfirmBody>, Params>('removeSite', {
      ...ACT,
      summary: 'End every sign-in at a client site and forget it',
      body: ConfirmBody,
      run: (deps, caller, _, { body, params }) => removeSite(deps, caller, params.clientId, body.confirm),
    }),
    adminAct<Static<typeof RolesBody>, Params>('setSiteRoles', {
      ...ACT,
      summary: 'Set the roles of a user at a client site, found by id or e-mail address',
      body: RolesBody,
      run: (deps, caller, session, { body, params }) => setSiteRoles(deps, caller, session, params.clientId, body),
    }),
  ],
  exports: [],
};
