import { beginProviderTest, openTestResult } from '../../admin/provider-test.ts';
import { listProviders } from '../../admin/providers.ts';
import { adminAct, adminScreen } from '../../http/admin/admin-route.ts';
import type { AdminRows } from '../../http/admin/admin-rows.ts';
import { fields, ProviderParams, type Static } from '../../http/schemas.ts';

const Query = fields({ tested: { type: 'string', maxLength: 4096, pattern: '^[A-Za-z0-9._-]+$' } }, []);

export const PROVIDERS: AdminRows = {
  screens: [
    adminScreen<'providers', Static<typeof Query>>('providers', {
      summary: 'Sign-in services: offered or not, what is missing, and the addresses to register there',
      query: Query,
      read: async (deps, _, session, { query: { tested } }) => ({
        items: listProviders(deps),
        result: openTestResult(deps, session, tested),
      }),
    }),
  ],
  deeds: [
    adminAct<unknown, ProviderParams>('testProvider', {
      role: 'admin',
      fresh: false,
      leads: true,
      summary: 'Begin a round trip to a service that changes nothing here; the answer says where the browser goes',
      params: ProviderParams,
      run: (deps, caller, session, { params }) => beginProviderTest(deps, caller, session, params.authProvider),
    }),
  ],
  exports: [],
};
