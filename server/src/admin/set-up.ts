import { DEMO_CLIENTS, demoClientId } from '@portico/protocol/demo';
import type { SetUpItem } from '@portico/ui/admin-views';
import { countOwners } from '../accounts/user.ts';
import { listClientsPage } from '../clients/client-list.ts';
import { explainConfig, SETTINGS } from '../config.ts';
import type { Deps } from '../deps.ts';

const ALL = { search: null, kind: null, disabled: null };

/** What an installation needs before people depend on it, in the order in which one would do it. */
export async function listSetUp({ db, config }: Deps, explained = explainConfig()): Promise<readonly SetUpItem[]> {
  const demo: readonly string[] = DEMO_CLIENTS.map(demoClientId);
  // One more than there are in the demo: of so many, one is a site.
  const [owners, clients] = await Promise.all([countOwners(db, 2), listClientsPage(db, ALL, { after: null, limit: demo.length + 1 })]);
  const sites = clients.filter(({ id }) => !demo.includes(id));
  const masterKey = explained.find(({ name }) => name === SETTINGS.masterKey.name);
  return [
    { name: 'owner', done: owners > 0 },
    { name: 'production', done: config.mode === 'production' },
    { name: 'https', done: config.origin.startsWith('https:') },
    { name: 'mail', done: config.smtpUrl !== '' },
    { name: 'site', done: sites.length > 0 },
    { name: 'second_owner', done: owners > 1 },
    { name: 'master_key', done: masterKey !== undefined && masterKey.source !== 'generated' },
    { name: 'provider', done: Object.keys(config.providers).length > 0 },
    // Copies are made outside: Portico cannot see them.
    { name: 'backups', done: null },
  ];
}
