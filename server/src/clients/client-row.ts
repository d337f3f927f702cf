import { CLIENT_KINDS, type ClientKind, CONFIRMATIONS, type Confirmation } from '@portico/protocol/clients';
import type { AccessAlg, SigningAlg } from '@portico/protocol/tokens';
import type { Row, Value } from '../platform/db.ts';
import { searchKey } from '../platform/listing.ts';

/** A client site as it is read from its table. */

export { CLIENT_KINDS, type ClientKind, CONFIRMATIONS, type Confirmation };
/** How a client proves who it is. `secret` in the Authorization header or in the body. */
export const CLIENT_AUTHENTICATIONS = ['secret', 'private_key_jwt', 'none'] as const;
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

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
  /** Client version: rises when the site is disabled, and when what its tokens say is true no more. */
  readonly cv: number;
  readonly disabledAt: number | null;
  readonly createdAt: number;
}

/** What can be changed of a client. Kind and proof are what it is: another kind is another client. */
export type ClientSettings = Omit<Client, 'id' | 'kind' | 'authentication' | 'jwks' | 'cv' | 'disabledAt' | 'createdAt'>;

export function settingsOf(client: Client): ClientSettings {
  const {
    id: _id,
    kind: _kind,
    authentication: _proof,
    jwks: _jwks,
    cv: _cv,
    disabledAt: _disabled,
    createdAt: _created,
    ...settings
  } = client;
  return settings;
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

/** Reads the columns that `client.ts` asks for. */
export function clientFrom(row: Row): Client {
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

/** In the order in which `client.ts` writes them. */
export function settingValues(settings: ClientSettings): Value[] {
  return [
    settings.name,
    JSON.stringify(settings.origins),
    JSON.stringify(settings.redirectUris),
    JSON.stringify(settings.postLogoutUris),
    settings.backchannelLogoutUri,
    settings.logoUri,
    JSON.stringify(settings.scopes),
    JSON.stringify(settings.roles),
    JSON.stringify(settings.audiences),
    settings.pkce,
    settings.accessAlg,
    settings.idAlg,
    settings.accessLife,
    settings.idleLife,
    settings.confirmation,
    settings.reuseEnds,
    searchKey(settings.name),
  ];
}

export function listIn(row: Row, column: string): string[] {
  return JSON.parse(row[column] as string) as string[];
}
