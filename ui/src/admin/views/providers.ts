import type { ErrorCode } from '@portico/protocol/errors';

export interface ProviderItem {
  readonly name: string;
  readonly label: string;
  readonly protocol: 'openid' | 'oauth';
  /** What a sign-in asks for. */
  readonly scope: string;
  /** It has its settings, and people see its button. */
  readonly offered: boolean;
  readonly clientId: string | null;
  /** Settings that it lacks. */
  readonly missing: readonly string[];
  /** Where it is, by setting. */
  readonly addresses: readonly { readonly name: string; readonly value: string }[];
  /** Both are registered at the service. */
  readonly callbacks: readonly string[];
}

interface Tested {
  readonly authProvider: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** How a round trip went. */
export type ProviderTestResult =
  | (Tested & {
      readonly kind: 'said';
      readonly subject: string;
      readonly label: string;
      readonly displayName: string;
      readonly email: string | null;
      readonly emailVerified: boolean;
      /** As the service says it; null: it does not say. */
      readonly scope: string | null;
    })
  | (Tested & { readonly kind: 'declined' })
  | (Tested & { readonly kind: 'refused'; readonly error: ErrorCode });

/** What the screen “Sign-in services” shows. */
export interface ProvidersContent {
  readonly items: readonly ProviderItem[];
  readonly result: ProviderTestResult | null;
}
