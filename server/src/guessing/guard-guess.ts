import { Refusal } from '@portico/protocol/errors';
import { maskEmail } from '../accounts/email.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { isAllowed } from './allowed-network.ts';
import { countTry, forgiveTry } from './counter.ts';
import { GUESS_NETWORK, GUESS_WIDER_NETWORK, type Limit, WRONG_NETWORK } from './limits.ts';
import { widerNetworkOf } from './network-address.ts';
import { findSuspension, suspendNetwork } from './suspension.ts';

/** What can be guessed here: passwords, codes from letters, tokens of links. */
export interface Guess {
  /** The word for it in the list of suspensions. */
  readonly what: 'password' | 'code' | 'token';
  /** The counter of the account that is guessed at. Null where the guess names no account, as a link's token does. */
  readonly account: { readonly limit: Limit; readonly subject: string } | null;
  /**
   * It comes from a browser that the account knows, or that proved itself otherwise. Only the account's own counter holds it then:
   * whatever strangers do in its network, the owner gets in.
   */
  readonly known: boolean;
}

/** How a guess came out. `void`: nothing was there to be guessed, or it was right and opens nothing. */
export type Verdict = 'right' | 'wrong' | 'void';

/**
 * The one way to look at something that can be guessed. The guess is counted *before* anything is hashed or compared, so that of a
 * thousand parallel ones only the allowed number costs or learns anything; a right one is taken back, and so is one that failed for a
 * reason of our own. Wrong ones of one network suspend it.
 */
export async function judgeGuess<T extends { readonly verdict: Verdict }>(
  deps: Deps,
  caller: Caller,
  guess: Guess,
  look: () => Promise<T>,
): Promise<T> {
  await countGuess(deps, caller, guess);
  const looked = await look().catch(async (cause: unknown) => {
    // Our own trouble is never counted as a failed try.
    await forgiveGuess(deps, caller, guess);
    throw cause;
  });
  deps.tally.count('guesses', { what: guess.what, verdict: looked.verdict });
  if (looked.verdict === 'right') await forgiveGuess(deps, caller, guess);
  if (looked.verdict === 'wrong') await noteWrongGuess(deps, caller, guess);
  return looked;
}

async function countGuess(deps: Deps, caller: Caller, guess: Guess): Promise<void> {
  const now = deps.now();
  if (!guess.known) {
    const suspension = await findSuspension(deps.db, caller.network, now);
    if (suspension !== null && !(await isAllowed(deps.db, caller.address)))
      throw new Refusal('address_suspended', { retryAfter: Math.ceil((suspension.until - now) / 1000) });
  }
  for (const { limit, subject } of countersOf(caller, guess)) {
    const { allowed, count, retryAfter } = await countTry(deps.db, limit, subject, now);
    if (allowed) continue;
    const ofAccount = limit === guess.account?.limit;
    if (!ofAccount && (await isAllowed(deps.db, caller.address))) continue;
    // Written once a window, or a flood of guesses would become a flood of rows.
    if (count === limit.max + 1)
      await recordEvent(deps.db, deps, caller, 'signin.throttled', { reason: `${limit.name} ${spoken(subject)}` });
    throw new Refusal(ofAccount ? 'account_throttled' : 'address_suspended', { retryAfter });
  }
}

/** Networks and ids as they are; of an address only what its owner would know it by, because the log outlives accounts. */
function spoken(subject: string): string {
  return subject.includes('@') ? maskEmail(subject.split(' ')[0] ?? '') : subject;
}

async function forgiveGuess(deps: Deps, caller: Caller, guess: Guess): Promise<void> {
  for (const { limit, subject } of countersOf(caller, guess)) await forgiveTry(deps.db, limit, subject);
}

/** Networks first: what a suspended network sends must not fill the counters of somebody's account. */
function countersOf(caller: Caller, { account, known }: Guess): readonly { readonly limit: Limit; readonly subject: string }[] {
  const networks = [
    { limit: GUESS_NETWORK, subject: caller.network },
    { limit: GUESS_WIDER_NETWORK, subject: widerNetworkOf(caller.address) },
  ];
  return [...(known ? [] : networks), ...(account === null ? [] : [account])];
}

/**
 * Only what was looked at and wrong leads to a suspension: fifty people who sign in at the same moment behind one address have fifty
 * guesses under way and none wrong.
 */
async function noteWrongGuess(deps: Deps, caller: Caller, guess: Guess): Promise<void> {
  if (guess.known) return;
  const now = deps.now();
  const { count: tries } = await countTry(deps.db, WRONG_NETWORK, caller.network, now);
  if (tries < WRONG_NETWORK.max || (await isAllowed(deps.db, caller.address))) return;
  await deps.db.transaction(async (tx) => {
    const suspension = await suspendNetwork(tx, { network: caller.network, reason: guess.what, tries, now });
    if (suspension === null) return;
    const reason = `${suspension.network}, time ${suspension.times}, until ${new Date(suspension.until).toISOString()}`;
    await recordEvent(tx, deps, caller, 'network.suspended', { reason });
  });
}
