import type { FormState } from './form-state.ts';

/** The site that a sign-in leads back to, as people may know it. */
export interface AskingSite {
  readonly name: string;
  /** The first letter of its name, where there is no picture. */
  readonly initial: string;
  /** Where the answer goes. Null: to a program on this device. */
  readonly host: string | null;
  /** Only a picture that lies at our own origin: one from elsewhere would tell that elsewhere who is asked. */
  readonly logo: string | null;
}

/** Who is asked. */
export interface AskedUser {
  readonly displayName: string;
  readonly email: string;
}

/** A device without a browser, which asks to be signed in. */
export interface WaitingDevice {
  /** As it stands on the device. */
  readonly userCode: string;
  readonly app: string;
  readonly device: string;
  readonly address: string;
  readonly scopes: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** The pages that lead to client sites and back. */
export type SiteView =
  | {
      readonly page: 'consent';
      readonly site: AskingSite;
      /** What it asks to know and do. */
      readonly scopes: readonly string[];
      /** Null while the page must ask the API itself (three hosts). */
      readonly user: AskedUser | null;
      /** Epoch milliseconds when it ends at the latest. */
      readonly until: number | null;
      readonly returnTo: string;
      readonly form: FormState;
    }
  | {
      readonly page: 'device';
      /** What stands in the field. */
      readonly typed: string;
      /** Found under the typed code: to be shown, and asked about. */
      readonly waiting: WaitingDevice | null;
      readonly answered: 'approved' | 'denied' | null;
      readonly form: FormState;
    }
  | { readonly page: 'freshen'; readonly returnTo: string; readonly form: FormState }
  /** From a plain form to another site: a redirect would fall under `form-action`. */
  | { readonly page: 'onward'; readonly to: string }
  | {
      readonly page: 'sign-out';
      /** The site that asks for it. Null: the person came by themselves. */
      readonly site: Pick<AskingSite, 'name'> | null;
      /** Where it goes on, '' = to the sign-in page. */
      readonly next: string;
      /** Posted with the form: where it goes on. */
      readonly returnTo: string;
    };
