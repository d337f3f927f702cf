import type { AppMode } from '@portico/protocol/apps';
import type { DemoApp } from '@portico/protocol/demo';

/** What a page of the demo is told with its HTML. */
export interface PageSettings {
  readonly app: DemoApp;
  readonly name: string;
  readonly lead: string;
  readonly issuer: string;
  readonly api: string;
  readonly clientId: string;
  /** Of the secondary: none, it has a sign-in of its own. */
  readonly mode?: AppMode;
  /** Where the browser asks to be forgotten; an app on Portico's own host name. */
  readonly newDevice: string;
  readonly links: readonly { readonly text: string; readonly address: string }[];
}
