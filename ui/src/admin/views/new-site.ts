import type { ClientKind } from '@portico/protocol/clients';

/** What the screen “New client site” shows. */
export interface NewSiteContent {
  /** Null: the kind is chosen first. */
  readonly kind: ClientKind | null;
  readonly issuer: string;
  /** Names this form: sent twice, it registers one site. */
  readonly attempt: string;
  /** Whoever fills it in now would be asked for a proof in the middle. */
  readonly proveFirst: boolean;
}

/** How a site connects to this server: what its developer copies. */
export interface Connection {
  readonly issuer: string;
  readonly discovery: string;
  readonly clientId: string;
  readonly kind: ClientKind;
  /** Where the lines look for the secret; null: they need none. */
  readonly secretFile: string | null;
  /** A first call that shows whether everything is right. */
  readonly curl: string;
  readonly lines: readonly {
    readonly framework: string;
    readonly files: readonly { readonly put: string; readonly text: string }[];
  }[];
}

/** What is shown once, when a site has been registered. */
export interface SiteAdded {
  readonly clientId: string;
  readonly name: string;
  /** Null: it proves itself in another way, or not at all. */
  readonly secret: string | null;
  /** Of HS256. */
  readonly signingSecret: { readonly id: string; readonly secret: string } | null;
  readonly connection: Connection;
}
