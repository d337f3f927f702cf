import type { Table } from '../platform/tables.ts';

/**
 * What goes with a backup, a restore and a copy, table by table. What is true only of processes that run at this moment stays behind: at the
 * other place others run. Everything else goes, what will have ended by then too: a spent name must not be spent again, and who was throttled
 * stays so.
 */
const FATE: Readonly<Record<string, 'goes' | 'stays'>> = {
  users: 'goes',
  passwords: 'goes',
  devices: 'goes',
  clients: 'goes',
  sessions: 'goes',
  signups: 'goes',
  refresh_tokens: 'goes',
  security_codes: 'goes',
  revocations: 'goes',
  events: 'goes',
  // Letters that wait are sent from the other place.
  mails: 'goes',
  counters: 'goes',
  // Which process does a job at this moment. A lease that nobody has is taken by whoever comes.
  leases: 'stays',
  chain_keys: 'goes',
  signing_keys: 'goes',
  identities: 'goes',
  mail_links: 'goes',
  invitations: 'goes',
  sightings: 'goes',
  suspensions: 'goes',
  allowed_networks: 'goes',
  client_secrets: 'goes',
  client_roles: 'goes',
  consents: 'goes',
  authorization_requests: 'goes',
  authorization_codes: 'goes',
  device_codes: 'goes',
  spent_ids: 'goes',
  // So that a site is told of a sign-out that it was not told of before.
  logouts: 'goes',
  event_seals: 'goes',
  sign_in_hours: 'goes',
  setup_links: 'goes',
  data_keys: 'goes',
  // Which processes serve at this moment.
  nodes: 'stays',
};

/** Whether a table's fate has been thought of: a test asks for every one. At run time an unknown one goes, so that nothing is lost. */
export function fateOf(table: string): 'goes' | 'stays' | null {
  return FATE[table] ?? null;
}

export function movedTables(tables: readonly Table[]): readonly Table[] {
  return tables.filter(({ name }) => fateOf(name) !== 'stays');
}
