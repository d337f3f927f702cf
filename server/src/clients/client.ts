import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import { type Db, one } from '../platform/db.ts';
import { searchKey } from '../platform/listing.ts';
import { type Client, type ClientSettings, clientFrom, listIn, PLAIN_CLIENT, settingValues } from './client-row.ts';

/** Client sites. The first one is built in: Portico's own pages and dashboard. */

export {
  CLIENT_AUTHENTICATIONS,
  CLIENT_KINDS,
  type Client,
  type ClientAuthentication,
  type ClientKind,
  type ClientSettings,
  CONFIRMATIONS,
  type Confirmation,
  PLAIN_CLIENT,
  settingsOf,
} from './client-row.ts';

const COLUMNS = `id, name, kind, origins, redirect_uris, post_logout_uris, backchannel_logout_uri, logo_uri, scopes, roles, audiences, authentication, jwks,
  pkce, access_alg, id_alg, access_life, idle_life, confirmation, reuse_ends, cv, disabled_at, created_at`;

export async function findClient(db: Db, id: string): Promise<Client | null> {
  const row = await one(db, `select ${COLUMNS} from clients where id = $1`, [id]);
  return row === null ? null : clientFrom(row);
}

/** Every client but the built-in one, oldest first. */
export async function listClients(db: Db): Promise<Client[]> {
  return (await db.all(`select ${COLUMNS} from clients where id <> $1 order by created_at, id limit 1000`, [FIRST_PARTY_CLIENT])).map(
    clientFrom,
  );
}

/** The sites that a user is signed in to, or has said yes to. Whether a family still lives is for the caller to see. */
export async function listClientsOfUser(db: Db, userId: string): Promise<Client[]> {
  const rows = await db.all(
    `select ${COLUMNS} from clients where id <> $2 and id in (select client_id from consents where user_id = $1
       union select client_id from refresh_tokens where user_id = $1 and state = 'active') order by name, id`,
    [userId, FIRST_PARTY_CLIENT],
  );
  return rows.map(clientFrom);
}

/** The client that an origin belongs to, disabled or not. Null: the origin is free. */
export async function findClientWithOrigin(db: Db, origin: string): Promise<string | null> {
  const rows = await db.all(`select id, origins from clients where origins like $1 escape '\\' limit 10`, [quoted(origin)]);
  return (rows.find((row) => listIn(row, 'origins').includes(origin))?.['id'] ?? null) as string | null;
}

/** The clients that live at this origin and are not disabled. An origin belongs to one of them; the registration sees to that. */
export async function listClientsAtOrigin(db: Db, origin: string): Promise<Client[]> {
  const rows = await db.all(`select ${COLUMNS} from clients where disabled_at is null and origins like $1 escape '\\' limit 10`, [
    quoted(origin),
  ]);
  return rows.map(clientFrom).filter(({ origins }) => origins.includes(origin));
}

/**
 * The app without a backend whose pages live at this origin. Also one that is out of service: its pages are told that the sign-in is over,
 * and no stranger gets an origin that was theirs.
 */
export async function findAppAt(db: Db, origin: string): Promise<Client | null> {
  // Whatever a program writes into a header; what no registration can hold reaches no database.
  if (!ORIGIN_FORM.test(origin)) return null;
  const rows = await db.all(`select ${COLUMNS} from clients where kind = 'spa' and id <> $2 and origins like $1 escape '\\' limit 10`, [
    quoted(origin),
    FIRST_PARTY_CLIENT,
  ]);
  return rows.map(clientFrom).find(({ origins, authentication }) => origins.includes(origin) && authentication === 'none') ?? null;
}

const ORIGIN_FORM = /^https?:\/\/[a-z0-9.:[\]_-]{1,260}$/;

/** The clients that this origin is the home of: their pages are there, or people come back to it. Disabled ones too. */
export async function listClientsServedAt(db: Db, origin: string): Promise<Client[]> {
  const rows = await db.all(
    `select ${COLUMNS} from clients where id <> $3 and (origins like $1 escape '\\' or redirect_uris like $2 escape '\\') order by created_at, id limit 10`,
    [quoted(origin), `%${like(`"${origin}/`)}%`, FIRST_PARTY_CLIENT],
  );
  return rows.map(clientFrom);
}

/** The secondary auth server whose pages live at this origin. */
export async function findSecondaryAt(db: Db, origin: string): Promise<Client | null> {
  return (await listClientsAtOrigin(db, origin)).find(({ kind }) => kind === 'secondary') ?? null;
}

/** A text as it stands in a list, for `like`. */
function quoted(text: string): string {
  return `%${like(JSON.stringify(text))}%`;
}

function like(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

export type NewClient = Pick<Client, 'id' | 'name' | 'kind'> & Partial<Omit<Client, 'cv' | 'disabledAt' | 'createdAt'>>;

/** One that takes the name of a removed client begins where that one's revocation ends, or its tokens would be refused with the old ones. */
export async function insertClient(db: Db, given: NewClient, now: number): Promise<void> {
  const client = { ...PLAIN_CLIENT, ...given };
  await db.all(
    `insert into clients (id, kind, authentication, jwks, created_at, cv, name, origins, redirect_uris, post_logout_uris,
       backchannel_logout_uri, logo_uri, scopes, roles, audiences, pkce, access_alg, id_alg, access_life, idle_life, confirmation, reuse_ends,
       name_search)
     values ($1, $2, $3, $4, $5, coalesce((select max(minimum_uv) from revocations where kind = 'client' and subject = $1), 1),
       $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
    [client.id, client.kind, client.authentication, client.jwks, now, ...settingValues(client)],
  );
}

/** Its version rises where tokens made before must be refused. Only for whoever has locked the row. */
export async function updateClient(
  tx: Db,
  id: string,
  settings: ClientSettings,
  { refuseOlder }: { readonly refuseOlder: boolean },
): Promise<Client> {
  const row = await one(
    tx,
    `update clients set cv = cv + $2, name = $3, origins = $4, redirect_uris = $5, post_logout_uris = $6, backchannel_logout_uri = $7,
       logo_uri = $8, scopes = $9, roles = $10, audiences = $11, pkce = $12, access_alg = $13, id_alg = $14, access_life = $15,
       idle_life = $16, confirmation = $17, reuse_ends = $18, name_search = $19 where id = $1 returning ${COLUMNS}`,
    [id, refuseOlder ? 1 : 0, ...settingValues(settings)],
  );
  if (row === null) throw new Error(`client ${id} was locked and is not there`);
  return clientFrom(row);
}

/** Clients from before there was a list by name: SQL cannot write the key alike on both databases. */
export async function fillClientSearchKeys(db: Db): Promise<void> {
  const rows = await db.all(`select id, name from clients where name_search = '' and id <> $1`, [FIRST_PARTY_CLIENT]);
  for (const { id, name } of rows)
    await db.all(`update clients set name_search = $3 where id = $1 and name = $2 and name_search = ''`, [
      id as string,
      name as string,
      searchKey(name as string),
    ]);
}

/** Makes sure that the built-in client exists and knows the origin that is configured today. */
export async function saveFirstPartyClient(deps: Pick<Deps, 'db' | 'config' | 'now'>): Promise<void> {
  await deps.db.all(
    `insert into clients (id, name, kind, origins, created_at) values ($1, 'Portico', 'spa', $2, $3)
     on conflict (id) do update set origins = excluded.origins where clients.origins <> excluded.origins`,
    [FIRST_PARTY_CLIENT, JSON.stringify([deps.config.appOrigin]), deps.now()],
  );
}

/** Registrations wait for one another, so that what one finds free is free: each takes the row of the built-in client. Only inside a transaction. */
export async function lockRegistrations(tx: Db, deps: Pick<Deps, 'config' | 'now'>): Promise<void> {
  await saveFirstPartyClient({ ...deps, db: tx });
}

/** Whoever changes what hangs from a client takes its row first. Null: no such client. */
export async function lockClient(tx: Db, id: string): Promise<Client | null> {
  const row = await one(tx, `update clients set cv = cv where id = $1 and id <> $2 returning ${COLUMNS}`, [id, FIRST_PARTY_CLIENT]);
  return row === null ? null : clientFrom(row);
}

/** The keys that a client proves itself with from now on. */
export async function saveClientKeys(tx: Db, id: string, jwks: string): Promise<void> {
  await tx.all('update clients set jwks = $2 where id = $1', [id, jwks]);
}

/** Takes a site out of service, or back in. Its version rises, so that tokens made before are refused. Null: no such client. */
export async function setClientDisabled(tx: Db, id: string, disabledAt: number | null): Promise<Client | null> {
  const row = await one(tx, `update clients set disabled_at = $2, cv = cv + 1 where id = $1 and id <> $3 returning ${COLUMNS}`, [
    id,
    disabledAt,
    FIRST_PARTY_CLIENT,
  ]);
  return row === null ? null : clientFrom(row);
}

/** With it goes everything that hangs from the site. Null: no such client. */
export async function deleteClient(tx: Db, id: string): Promise<Client | null> {
  const row = await one(tx, `delete from clients where id = $1 and id <> $2 returning ${COLUMNS}`, [id, FIRST_PARTY_CLIENT]);
  return row === null ? null : clientFrom(row);
}
