import type { Browser } from '../../server/test/browser.ts';
import type { Site } from '../../server/test/sites.ts';

/** What honest people were told, in the driver's memory: whatever becomes of the installation, this is what it must answer for. */
export interface Ledger {
  readonly calls: Calls;
  readonly accounts: Account[];
  readonly endings: Ending[];
  readonly codes: SpentCode[];
  /** Ranges that an operator was told are never suspended. */
  readonly ranges: string[];
  readonly letters: PromisedLetter[];
  /** What no honest client may ever be answered. */
  readonly surprises: Surprise[];
  /** Rotations that somebody was told of. */
  rotations: number;
  /** Passwords that were tried and may have been wrong, because nobody was told whether the change went through. */
  doubtfulTries: number;
  /** Strict routes that were asked with a token whose end was told of at least six seconds before. */
  strictTries: number;
}

export interface Account {
  readonly email: string;
  /** The newest that somebody was told of. */
  password: string;
  /** A change whose answer never came: this one, or `password`. */
  maybe: string | null;
  /** Those before, which were told to be replaced. */
  readonly retired: string[];
  /** A browser that the account knows. */
  readonly browser: Browser;
}

/** A sign-in whose end was told: nothing of it may ever work again. */
export interface Ending {
  readonly who: string;
  readonly why: string;
  /** Epoch milliseconds. */
  readonly toldAt: number;
  /** As it was before. */
  readonly jar: Browser;
  /** Of the site with the strict routes. */
  readonly accessToken: string | null;
  readonly siteRefreshToken: string | null;
}

/** A code that became tokens. */
export interface SpentCode {
  readonly site: Site;
  readonly code: string;
  readonly verifier: string;
}

/** Somebody was told of an act that a letter goes with. */
export interface PromisedLetter {
  readonly to: string;
  readonly withCode: boolean;
}

/** `ended`: signed out without having asked for it. `turned_away`: 401 for who is signed in. `let_in`: a strict route took what was ended. `wrong`: any other. */
export type SurpriseKind = 'ended' | 'turned_away' | 'let_in' | 'throttled' | 'wrong';

export interface Surprise {
  readonly kind: SurpriseKind;
  readonly who: string;
  readonly act: string;
  readonly said: string;
  /** Milliseconds since the ledger was opened. */
  readonly at: number;
}

/** Every request, as the one who sent it saw it. */
export interface Calls {
  total: number;
  /** Answered 502, 503 or 504: asked again later. */
  unavailable: number;
  /** The connection broke before the answer was there. */
  broken: number;
  /** No answer until the client gave up. */
  hung: number;
  /** 503 without `Retry-After`. */
  bare: number;
  /** Of all that were answered, in milliseconds. */
  readonly times: number[];
  /** Each request that was not answered, or by 502, 503 or 504, in one line. */
  readonly failures: string[];
}

export function openLedger(): Ledger {
  return {
    calls: { total: 0, unavailable: 0, broken: 0, hung: 0, bare: 0, times: [], failures: [] },
    accounts: [],
    endings: [],
    codes: [],
    ranges: [],
    letters: [],
    surprises: [],
    rotations: 0,
    doubtfulTries: 0,
    strictTries: 0,
  };
}

/** Answers whose loss would be a broken word. */
export function acknowledged({ accounts, endings, codes, ranges, rotations }: Ledger): number {
  const changes = accounts.reduce((sum, { retired }) => sum + 1 + retired.length, 0);
  return changes + endings.length + codes.length + ranges.length + rotations;
}
