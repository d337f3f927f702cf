import { CLIENT_KINDS, type ClientKind } from '@portico/protocol/clients';
import { addSite, type NewSiteForm, newSite } from '../../admin/new-site.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { oneOfWords } from '../../http/admin/list-fields.ts';
import { jwks, SITE_FIELDS, siteId } from '../../http/admin/site-fields.ts';
import { fields, name128 } from '../../http/schemas.ts';

const kind = oneOfWords(...CLIENT_KINDS);
const Query = fields({ kind }, []);
const Body = fields({ kind, ...SITE_FIELDS, id: siteId, jwks, attempt: name128 }, ['kind', 'name']);

export const NEW_SITE: AdminRows = {
  screens: [
    adminScreen<'newSite', { readonly kind?: ClientKind }>('newSite', {
      summary:
        'What a form for a new client site needs; `attempt` goes into the call, so that it registers one site however often it is sent',
      role: 'admin',
      query: Query,
      read: async (deps, _caller, session, { query }) => newSite(deps, session, query.kind),
    }),
  ],
  deeds: [
    adminAct<NewSiteForm>('addSite', {
      role: 'admin',
      fresh: true,
      shows: true,
      summary: 'Register a client site; its secrets are told this once',
      body: Body,
      run: (deps, caller, _, { body }) => addSite(deps, caller, body),
    }),
  ],
  exports: [],
};
