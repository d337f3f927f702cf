/** One hour of sign-ins. */
export interface HourOfSignIns {
  /** When it began, epoch milliseconds. */
  readonly at: number;
  readonly succeeded: number;
  /** Wrong passwords, and tries that were not even looked at. */
  readonly failed: number;
  /** Unusual ones that were asked for a code. */
  readonly held: number;
}

/** A number that was counted to a limit: `more` says that it was reached. */
export interface Figure {
  readonly count: number;
  readonly more: boolean;
}

export interface TopReason {
  readonly kind: 'failed' | 'throttled' | 'held';
  readonly reason: string;
  readonly count: number;
}

export interface SetUpItem {
  readonly name: 'owner' | 'production' | 'https' | 'mail' | 'site' | 'second_owner' | 'master_key' | 'provider' | 'backups';
  /** Null: Portico cannot know. */
  readonly done: boolean | null;
}

/** What the screen “Overview” shows. */
export interface HomeContent {
  readonly now: number;
  /** Oldest first; the last one is not over. */
  readonly hours: readonly HourOfSignIns[];
  /** Who signed in. */
  readonly people: { readonly day: Figure; readonly week: Figure };
  /** That were created. */
  readonly accounts: { readonly day: Figure; readonly week: Figure };
  readonly sessions: { readonly active: Figure; readonly held: Figure; readonly waiting: Figure };
  /** That wait because of their guesses. */
  readonly networks: Figure;
  /** Events without a seal. */
  readonly unsealed: Figure & { readonly oldestAt: number | null };
  readonly letters: { readonly waiting: number; readonly givenUp: number };
  /** That sites are to be told of. */
  readonly logouts: { readonly waiting: number; readonly givenUp: number };
  /** Of the last day, most frequent first. */
  readonly reasons: readonly TopReason[];
  readonly setUp: readonly SetUpItem[];
}
