/** What `portico start` and the demo agree on: the demo is a process of its own, which the server starts beside itself in development. */

/** In the order in which they are shown, and in which they take their ports. */
export const DEMO_APPS = ['notes', 'wiki', 'rtk', 'snake', 'secondary'] as const;
export type DemoApp = (typeof DEMO_APPS)[number];

/** Who listens to revocations for the apps that have no secret of their own: their APIs share this one. */
export const DEMO_LISTENER = 'listener';
export type DemoClient = DemoApp | typeof DEMO_LISTENER;
export const DEMO_CLIENTS: readonly DemoClient[] = [...DEMO_APPS, DEMO_LISTENER];

/** Nobody else takes such a name, so that what is removed with the demo was the demo's. */
export const demoClientId = (client: DemoClient): string => `portico-demo-${client}`;

export type DemoOrigins = Readonly<Record<DemoApp, string>>;
/** Where the apps are: for browsers, and on this machine for Portico, which calls them by their ports. */
export interface DemoPlaces {
  readonly origins: DemoOrigins;
  readonly ports: Readonly<Record<DemoApp, number>>;
}

/** Answered by each app with `DemoNotice`: a second server finds out that the demo is there already. */
export const DEMO_NOTICE = '/.well-known/portico-demo';
export type DemoNotice = DemoPlaces & { readonly issuer: string };

/** Takes Portico's cookies away; at the secondary, which is on Portico's own host name: cookies of http are the same jar at every port. */
export const DEMO_NEW_DEVICE = '/new-device';

export interface DemoSecrets {
  readonly clientSecret?: string;
  /** Of HS256. */
  readonly jwtSecret?: string;
}

/** From the server to the demo. */
export type DemoOrder =
  | {
      readonly kind: 'open';
      readonly issuer: string;
      /** Where the pages of Portico are. */
      readonly app: string;
      readonly api: string;
      /** Where the demo reaches Portico: Node knows no names below `localhost`. */
      readonly url: string;
      readonly firstPort: number;
    }
  | { readonly kind: 'serve'; readonly secrets: Readonly<Partial<Record<DemoClient, DemoSecrets>>> };

/** From the demo to the server: it has its ports, or another one of the same Portico has them; it serves. */
export type DemoNews = (DemoPlaces & { readonly kind: 'opened' | 'elsewhere' }) | { readonly kind: 'serving' };
