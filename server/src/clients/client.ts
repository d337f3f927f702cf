import { type AccessAlg, FIRST_PARTY_CLIENT, type SigningAlg } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import { type Db, one, type Row } from '../platform/db.ts';

/** Client sites. The first one is built in: Portico's own pages and dashboard. */

export const CLIENT_KINDS = ['web', 'spa', 'native', 'machine', 'secondary'] as const;
/** `web` has a backend, `spa` and `native` (games too) have none and so no secret, `machine` has no users, `secondary` is an auth server of its own. */
export type ClientKind = (typeof CLIENT_KINDS)[number];
/** How a client proves who it is. `secret` in the Authorization header or in the body. */
export const CLIENT_AUTHENTICATIONS = ['secret', 'private_key_jwt', 'none'] as const;
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];
export const CONFIRMATIONS = ['auto', 'once', 'always'] as const;
export type Confirmation = (typeof CONFIRMATIONS)[number];

export interface Client {
  readonly id: string;
  readonly name: string;
  readonly kind: ClientKind;
  /** Of a browser client: compared exactly. */
  readonly origins: readonly string[];
  readonly redirectUris: readonly string[];
  readonly postLogoutUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
  readonly logoUri: string | null;
  /** Scopes that it may ask for. */
  readonly scopes: readonly string[];
  /** Names of the roles that the site defines. */
  readonly roles: readonly string[];
  /** Of a verifier: whose revocations it is told besides its own. */
  readonly audiences: readonly string[];
  readonly authentication: ClientAuthentication;
  /** JSON Web Key Set, as text. */
  readonly jwks: string | null;
  readonly pkce: 'required' | 'nonce';
  readonly accessAlg: AccessAlg;
  readonly idAlg: SigningAlg;
  /** Milliseconds; null = the setting. */
  readonly accessLife: number | null;
  readonly idleLife: number | null;
  readonly confirmation: Confirmation;
  /** What ends when a copied refresh token of this site is seen: its grant, or the whole session is held. */
  readonly reuseEnds: 'grant' | 'session';
  /** Client version: rises when the site is disabled. */
  readonly cv: number;
  readonly disabledAt: number | null;
  readonly createdAt: number;
}

const COLUMNS = `id, name, kind, origins, redirect_uris, post_logout_uris, backchannel_logout_uri, logo_uri, scopes, roles, audiences, authentication, jwks,
  pkce, access_alg, id_alg, access_life, idle_life, confirmation, reuse_ends, cv, disabled_at, created_at`;

export async function findClient(db: Db, id: string): Promise<Client | null> {
  const row = await one(db, `select ${COLUMNS} from clients where id = $1`, [id]);
  return row === null ? null : fromRow(row);
}

/** Every client but the built-in one, oldest first. */
export async function listClients(db: Db): Promise<Client[]> {
  return (await db.all(`select ${COLUMNS} from clients where id <> $1 order by created_at, id limit 1000`, [FIRST_PARTY_CLIENT])).map(
    fromRow,
  );
}

/** The sites that a user is signed in to, or has said yes to. Whether a family still lives is for the caller to see. */
export async function listClientsOfUser(db: Db, userId: string): Promise<Client[]> {
  const rows = await db.all(
    `select ${COLUMNS} from clients where id <> $2 and (id in (select client_id from consents where user_id = $1)
       or id in (select client_id from refresh_tokens where user_id = $1 and state = 'active')) order by name, id`,
    [userId, FIRST_PARTY_CLIENT],
  );
  return rows.map(fromRow);
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
  return rows.map(fromRow).filter(({ origins }) => origins.includes(origin));
}

/** The secondary auth server whose pages live at this origin. */
export async function findSecondaryAt(db: Db, origin: string): Promise<Client | null> {
  return (await listClientsAtOrigin(db, origin)).find(({ kind }) => kind === 'secondary') ?? null;
}

/** A text as it stands in a list, for `like`. */
function quoted(text: string): string {
  return `%${JSON.stringify(text).replace(/[\\%_]/g, '\\$&')}%`;
}

/** What a client has unless it says otherwise. */
export const PLAIN_CLIENT = {
  origins: [],
  redirectUris: [],
  postLogoutUris: [],
  backchannelLogoutUri: null,
  logoUri: null,
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  roles: [],
  audiences: [],
  authentication: 'none',
  jwks: null,
  pkce: 'required',
  accessAlg: 'ES256',
  idAlg: 'ES256',
  accessLife: null,
  idleLife: null,
  confirmation: 'once',
  reuseEnds: 'grant',
} as const satisfies Partial<Client>;

export type NewClient = Pick<Client, 'id' | 'name' | 'kind'> & Partial<Omit<Client, 'cv' | 'disabledAt' | 'createdAt'>>;

/** One that takes the name of a removed client begins where that one's revocation ends, or its tokens would be refused with the old ones. */
export async function insertClient(db: Db, given: NewClient, now: number): Promise<void> {
  const client = { ...PLAIN_CLIENT, ...given };
  await db.all(
    `insert into clients (id, name, kind, origins, redirect_uris, post_logout_uris, backchannel_logout_uri, logo_uri, scopes, roles, audiences, authentication, jwks,
       pkce, access_alg, id_alg, access_life, idle_life, confirmation, reuse_ends, created_at, cv)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
       coalesce((select max(minimum_uv) from revocations where kind = 'client' and subject = $1), 1))`,
    [
      client.id,
      client.name,
      client.kind,
      JSON.stringify(client.origins),
      JSON.stringify(client.redirectUris),
      JSON.stringify(client.postLogoutUris),
      client.backchannelLogoutUri,
      client.logoUri,
      JSON.stringify(client.scopes),
      JSON.stringify(client.roles),
      JSON.stringify(client.audiences),
      client.authentication,
      client.jwks,
      client.pkce,
      client.accessAlg,
      client.idAlg,
      client.accessLife,
      client.idleLife,
      client.confirmation,
      client.reuseEnds,
      now,
    ],
  );
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
  return row === null ? null : fromRow(row);
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
  return row === null ? null : fromRow(row);
}

/** With it goes everything that hangs from the site. Null: no such client. */
export async function deleteClient(tx: Db, id: string): Promise<Client | null> {
  const row = await one(tx, `delete from clients where id = $1 and id <> $2 returning ${COLUMNS}`, [id, FIRST_PARTY_CLIENT]);
  return row === null ? null : fromRow(row);
}

function listIn(row: Row, column: string): string[] {
  return JSON.parse(row[column] as string) as string[];
}

function fromRow(row: Row): Client {
  const list = (column: string) => listIn(row, column);
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    kind: row['kind'] as ClientKind,
    origins: list('origins'),
    redirectUris: list('redirect_uris'),
    postLogoutUris: list('post_logout_uris'),
    backchannelLogoutUri: row['backchannel_logout_uri'] as string | null,
    logoUri: row['logo_uri'] as string | null,
    scopes: list('scopes'),
    roles: list('roles'),
    audiences: list('audiences'),
    authentication: row['authentication'] as ClientAuthentication,
    jwks: row['jwks'] as string | null,
    pkce: row['pkce'] as Client['pkce'],
    accessAlg: row['access_alg'] as AccessAlg,
    idAlg: row['id_alg'] as SigningAlg,
    accessLife: row['access_life'] as number | null,
    idleLife: row['idle_life'] as number | null,
    confirmation: row['confirmation'] as Confirmation,
    reuseEnds: row['reuse_ends'] as Client['reuseEnds'],
    cv: row['cv'] as number,
    disabledAt: row['disabled_at'] as number | null,
    createdAt: row['created_at'] as number,
  };
}
