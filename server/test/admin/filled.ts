import type { AdminScreenName } from '@portico/protocol/admin';
import type { Db, Dialect } from '../../src/platform/db.ts';
import { START } from '../world.ts';

/** A Portico that has been in use for a while, made by a few statements. */

export interface Amounts {
  readonly users: number;
  readonly sessions: number;
  readonly events: number;
}

/** The id of the n-th of anything: as long as a real one. */
export function idOf(letter: string, n: number): string {
  return letter.repeat(22 - String(n).length) + String(n);
}

const id = (letter: string, n: string) => `substr('${letter.repeat(22)}', 1, 22 - length(cast(${n} as text))) || cast(${n} as text)`;
/** Few enough that PostgreSQL's limit for a statement is not reached. */
const ROWS_A_STATEMENT = 1000;
/** What is new since the sealing job ran, and what one seal covers. */
const UNSEALED = 500;
const SEALED_TOGETHER = 1000;
const NOT_SEALED = `i <= ${UNSEALED}`;
const SEAL = `1 + (10000000 - i) / ${SEALED_TOGETHER}`;

export async function fillDatabase(db: Pick<Db, 'all'>, dialect: Dialect, { users, sessions, events }: Amounts): Promise<void> {
  const hex = (text: string) => (dialect === 'sqlite' ? `lower(hex(lower(${text})))` : `encode(convert_to(lower(${text}), 'UTF8'), 'hex')`);
  const name = `'Name ' || cast(i % 977 as text) || ' of ' || cast(i as text)`;
  const email = `'user' || cast(i as text) || '@example.com'`;
  const address = `'203.0.' || cast(i % 250 as text) || '.' || cast((i / 250) % 250 as text)`;
  // As many users as there are, one after the other; every seventh session is over.
  const owner = id('U', `(1 + i % ${users})`);
  const session = id('S', `(1 + i % ${sessions})`);
  const few = Math.min(users, 5000);

  await fill(
    db,
    users,
    'users (id, email, email_key, display_name, role, uv, verified_at, suspended_at, last_signin_at, created_at, email_search, name_search)',
    `
    ${id('U', 'i')}, ${email}, ${email}, ${name}, case when i % 10000 = 1 then 'admin' when i % 5000 = 2 then 'support' else 'user' end, 1,
    ${START} - i * 1000, case when i % 500 = 3 then ${START} - i end, ${START} - i * 700, ${START} - i * 1000, ${hex(email)}, ${hex(name)}`,
  );
  await fill(
    db,
    sessions,
    'sessions (id, user_id, state, persistence, amr, auth_time, csrf_from, user_agent, address, created_at, touched_at, expires_at, ended_at, ended_reason)',
    `
    ${id('S', 'i')}, ${owner}, case when i % 7 = 0 then 'revoked' else 'active' end, 'kept', '["pwd"]', ${START} - i * 500, 0,
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', ${address}, ${START} - i * 500, ${START} - i * 400,
    ${START} + 86400000 + i, case when i % 7 = 0 then ${START} - i end, case when i % 7 = 0 then 'signed_out' end`,
  );
  await fill(
    db,
    few,
    'clients (id, name, kind, origins, disabled_at, created_at, name_search)',
    `
    ${id('C', 'i')}, ${name}, case when i % 3 = 0 then 'native' else 'web' end, '[]', case when i % 100 = 3 then ${START} - i end, ${START} - i * 1000, ${hex(name)}`,
  );
  // One site has everybody; the others have a few each.
  const client = `case when i % 2 = 0 then ${id('C', '1')} else ${id('C', `(1 + i % ${few})`)} end`;
  await fill(
    db,
    sessions,
    'refresh_tokens (id, session_id, client_id, user_id, key_id, gen, cur_hash, ring, state, created_at, rotated_at, expires_at, idle_at)',
    `
    ${id('R', 'i')}, ${id('S', 'i')}, ${client}, ${owner}, 1, 3, ${id('H', 'i')}, '', case when i % 7 = 0 then 'revoked' else 'active' end,
    ${START} - i * 500, ${START} - i * 400, ${START} + 86400000 + i, ${START} + 86400000 + i`,
  );
  await fill(db, users, 'client_roles (user_id, client_id, roles, changed_at)', `${id('U', 'i')}, ${client}, '["editor"]', ${START} - i`);
  await fill(
    db,
    events,
    'events (id, at, action, actor_id, user_id, session_id, client_id, reason, address, user_agent, request_id, target_kind, target, seal)',
    `
    ${id('E', 'i')}, ${START} - i * 300,
    case i % 10 when 0 then 'signin.failed' when 1 then 'session.ended' when 2 then 'signin.held' when 3 then 'site.opened' else 'signin.succeeded' end,
    ${owner}, ${owner}, ${session}, case when i % 10 = 3 then ${id('C', '1')} end, case when i % 10 = 0 then 'wrong_password' end,
    ${address}, 'Firefox', 'request-' || cast(i as text), case when i % 100 = 5 then 'user' end, case when i % 100 = 5 then ${owner} end,
    case when ${NOT_SEALED} then null else ${SEAL} end`,
  );
  // The job has counted what it sealed.
  const hours = Math.ceil((events * 300) / 3_600_000);
  for (const action of ['signin.succeeded', 'signin.failed', 'signin.held'])
    await fill(db, hours, 'sign_in_hours (hour, action, count)', `${Math.floor(START / 3_600_000)} - i + 1, '${action}', 1000 + i`);
  await db.all(
    `insert into event_seals (seq, batch_hash, events, from_at, until_at, previous_hash, hash, sealed_at)
     select seal, 'of nobody', count(*), min(at), max(at), '', 'of nobody', max(at) from events where seal is not null and id > $1 group by seal`,
    [''],
  );
  await fill(
    db,
    few,
    'invitations (email_key, email, token_hash, invited_at, expires_at, used_at)',
    `
    ${email}, ${email}, ${id('I', 'i')}, ${START} - i * 1000, case when i % 2 = 0 then ${START} + i else ${START} - i end, case when i % 5 = 0 then ${START} - i end`,
  );
  const fate = `case when i % 3 = 0 then ${START} - i end, case when i % 3 = 1 then ${START} - i end`;
  await fill(
    db,
    few,
    'mails (id, sealed, created_at, next_try_at, tries, sent_at, given_up_at)',
    `
    ${id('M', 'i')}, 'sealed', ${START} - i * 1000, ${START} + i, 2, ${fate}`,
  );
  await fill(
    db,
    few,
    'logouts (id, client_id, uri, alg, user_id, session_id, created_at, next_try_at, tries, sent_at, given_up_at)',
    `
    ${id('L', 'i')}, ${client}, 'https://notes.example/logout', 'ES256', ${owner}, ${session}, ${START} - i * 1000, ${START} + i, 2, ${fate}`,
  );
  for (const table of [
    'users',
    'sessions',
    'events',
    'refresh_tokens',
    'clients',
    'client_roles',
    'event_seals',
    'invitations',
    'mails',
    'logouts',
  ])
    await db.all(`analyze ${table}`);
}

async function fill(db: Pick<Db, 'all'>, count: number, into: string, values: string): Promise<void> {
  for (let from = 1; from <= count; from += ROWS_A_STATEMENT) {
    await db.all(
      `insert into ${into} with recursive n(i) as (select cast($1 as bigint) union all select i + 1 from n where i < $2) select ${values} from n`,
      [from, Math.min(count, from + ROWS_A_STATEMENT - 1)],
    );
  }
}

/** Everything that is asked of the large lists: each is to be answered from an index. */
export const ASKED: readonly {
  readonly screen: AdminScreenName;
  readonly query?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
}[] = [
  { screen: 'home' },
  { screen: 'users' },
  { screen: 'users', query: { sort: 'email' } },
  { screen: 'users', query: { sort: 'name' } },
  { screen: 'users', query: { search: 'user77' } },
  { screen: 'users', query: { search: 'nobody here' } },
  { screen: 'users', query: { search: idOf('U', 77) } },
  { screen: 'users', query: { role: 'support' } },
  { screen: 'users', query: { status: 'suspended' } },
  { screen: 'users', query: { role: 'support', sort: 'email' } },
  { screen: 'users', query: { search: 'name 7', sort: 'name' } },
  { screen: 'user', params: { userId: idOf('U', 77) } },
  { screen: 'sessions' },
  { screen: 'sessions', query: { user: idOf('U', 77) } },
  { screen: 'sessions', query: { address: '203.0.7.7' } },
  { screen: 'sessions', query: { state: 'active' } },
  { screen: 'sessions', query: { state: 'held' } },
  { screen: 'audit' },
  { screen: 'audit', query: { action: 'signin.failed' } },
  { screen: 'audit', query: { action: 'key.dropped' } },
  { screen: 'audit', query: { user: idOf('U', 77) } },
  { screen: 'audit', query: { actor: idOf('U', 77) } },
  { screen: 'audit', query: { client: idOf('C', 1) } },
  { screen: 'audit', query: { client: idOf('C', 2) } },
  { screen: 'audit', query: { target: idOf('U', 5) } },
  { screen: 'audit', query: { address: '203.0.7.7' } },
  { screen: 'audit', query: { request: 'request-77' } },
  { screen: 'audit', query: { session: idOf('S', 77) } },
  { screen: 'audit', query: { event: idOf('E', 77) } },
  { screen: 'audit', query: { action: 'signin.failed', address: '203.0.7.7', until: '2026-01-05' } },
  { screen: 'sites' },
  { screen: 'sites', query: { search: 'name 7' } },
  { screen: 'sites', query: { search: idOf('C', 77) } },
  { screen: 'sites', query: { kind: 'native' } },
  { screen: 'sites', query: { state: 'disabled' } },
  { screen: 'site', params: { clientId: idOf('C', 1) } },
  { screen: 'site', params: { clientId: idOf('C', 77) } },
  { screen: 'invitations' },
  { screen: 'invitations', query: { status: 'open' } },
  { screen: 'invitations', query: { status: 'expired' } },
  { screen: 'invitations', query: { email: 'user77@example.com' } },
  { screen: 'mail' },
  { screen: 'mail', query: { state: 'given_up' } },
  { screen: 'mail', query: { list: 'logouts' } },
  { screen: 'mail', query: { list: 'logouts', state: 'given_up' } },
  { screen: 'keys' },
  { screen: 'system' },
];
