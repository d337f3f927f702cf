import type { UnusualReason } from '@portico/protocol/tokens';

/**
 * Whether a sign-in with the right proof is unusual enough to ask for more. Pure: facts in, a score and its reasons out, all of it local;
 * nobody outside is asked about anybody. The constants were tuned on the synthetic traffic of `test/unusual`.
 */

/** From here on the owner is told by mail. */
export const NOTICE = 30;
/** From here on a code from the mailbox is asked for. */
export const HOLD = 60;

/** Nobody has signed in for this long, in milliseconds. */
export const LONG_ABSENCE = 60 * 86_400_000;
/** Wrong tries of strangers within a day: so many are somebody's fingers, so many are an attack. */
export const WRONG_TRIES = 3;
export const MANY_WRONG_TRIES = 10;
/** For this long after a hold or a recovery every browser is asked, until it has typed a code. Milliseconds. */
export const CLOSE_WATCH = 24 * 3_600_000;

export interface SignInFacts {
  /** Nobody has ever signed in to this account. */
  readonly firstEver: boolean;
  /** The browser brought a device cookie of this user. */
  readonly knownDevice: boolean;
  /** The user has signed in from this /24 or /48 in the last 90 days. */
  readonly knownNetwork: boolean;
  /** … and with this family of browsers. */
  readonly knownBrowser: boolean;
  /** Wrong passwords of strangers for this account in the last day. */
  readonly wrongTries: number;
  /** Since the last sign-in, in milliseconds. */
  readonly absence: number;
  /** A session of the user was held in the last 24 hours, and this browser has typed no code since. */
  readonly heldBefore: boolean;
  /** The account was recovered by mail in the last 24 hours, and this browser has typed no code since. */
  readonly recoveredBefore: boolean;
}

export interface Judgement {
  readonly score: number;
  readonly reasons: readonly UnusualReason[];
}

/** What each reason adds for a browser that the account does not know. A known device dominates: nothing of this counts for it. */
const WEIGHTS: readonly (readonly [UnusualReason, number, (facts: SignInFacts) => boolean])[] = [
  ['new_device', 30, () => true],
  ['new_network', 30, ({ knownNetwork }) => !knownNetwork],
  ['new_browser', 20, ({ knownBrowser }) => !knownBrowser],
  ['wrong_tries', 10, ({ wrongTries }) => wrongTries >= WRONG_TRIES && wrongTries < MANY_WRONG_TRIES],
  ['many_wrong_tries', 30, ({ wrongTries }) => wrongTries >= MANY_WRONG_TRIES],
  ['long_absence', 15, ({ absence }) => absence >= LONG_ABSENCE],
];
/** What no device, however well known, is trusted through. */
const VETOES: readonly (readonly [UnusualReason, (facts: SignInFacts) => boolean])[] = [
  ['held_before', ({ heldBefore }) => heldBefore],
  ['recovered_before', ({ recoveredBefore }) => recoveredBefore],
];

export function judgeSignIn(facts: SignInFacts): Judgement {
  if (facts.firstEver) return { score: 0, reasons: [] };
  const weighed = facts.knownDevice ? [] : WEIGHTS.filter(([, , applies]) => applies(facts));
  const vetoes = VETOES.filter(([, applies]) => applies(facts));
  const score = weighed.reduce((sum, [, weight]) => sum + weight, 0);
  return {
    score: vetoes.length > 0 ? Math.max(HOLD, score) : score,
    reasons: [...vetoes.map(([reason]) => reason), ...weighed.map(([reason]) => reason)],
  };
}
