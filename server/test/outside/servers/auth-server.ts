import type { Person } from '../person.ts';

/** An authorization server that the same clients are put before: Portico, or the one whose answers we compare with. */
export interface AuthServer {
  readonly name: string;
  readonly issuer: string;
  /** What every client may ask for, and is given together with a refresh token. */
  readonly scope: string;
  /** Registers a client. */
  add(wish: ClientWish): Promise<RegisteredClient>;
  /** Somebody with an account and a browser that is signed in nowhere. */
  person(): Person;
  /** Where somebody is asked whether to be signed out everywhere. */
  readonly signOutAddress: string;
  /** All codes and tokens that wait become too old. */
  expireCodes(): Promise<void>;
  close(): Promise<void>;
}

export interface ClientWish {
  readonly id: string;
  readonly kind: 'web' | 'spa' | 'native' | 'machine';
  readonly redirectUris?: readonly string[];
  readonly postLogoutUris?: readonly string[];
  readonly backchannelLogoutUri?: string;
  readonly origin?: string;
  /** All that it may ask for, where that is less than everything. */
  readonly scopes?: readonly string[];
  /** Clients whose tokens it takes. */
  readonly audiences?: readonly string[];
  /** Nobody is asked whether to go on to it. */
  readonly isTrusted?: boolean;
  /** How it sends its secret. */
  readonly sendsSecret?: 'basic' | 'post';
  /** Public keys, for a client that signs its assertions (ES256). */
  readonly jwks?: { readonly keys: readonly object[] };
}

export interface RegisteredClient {
  readonly id: string;
  /** Empty: it has none. */
  readonly secret: string;
  readonly wish: ClientWish;
}
