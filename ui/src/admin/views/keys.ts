import type { SigningAlg } from '@portico/protocol/tokens';

/** `next`: published, and not used yet. */
export type KeyState = 'current' | 'next' | 'old';

export interface SigningKeyItem {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly state: KeyState;
  /** Epoch milliseconds, as every moment here. */
  readonly currentFrom: number;
  /** When the last token that it signed ends; null: it still signs, or will. */
  readonly neededUntil: number | null;
}

export interface ChainKeyItem {
  readonly id: number;
  readonly state: KeyState;
  readonly currentFrom: number;
  /** When the last sign-in that was made with it ends at the latest; null: new ones are still made with it, or will be. */
  readonly neededUntil: number | null;
  /** Living sign-ins at sites that were made with it, counted up to a bound. */
  readonly live: { readonly count: number; readonly more: boolean };
}

/** What the screen “Keys” shows. */
export interface KeysContent {
  readonly jwksUri: string;
  readonly signing: readonly SigningKeyItem[];
  readonly chains: readonly ChainKeyItem[];
  /** When the next keys are used; null: none wait. */
  readonly nextFrom: number | null;
}
