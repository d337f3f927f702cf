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
    // Our own trouble is never counted as a failed try; where it is the database's, or took all the time there was, it is taken back later.
    await forgiveGuess(deps, caller, guess).catch(() => deps.afterAnswer(() => forgiveGuess(deps, caller, guess)));
    throw cause;
  });
  deps.tally.count('guesses', { what: guess.what, verdict: looked.verdict });
  if (looked.verdict === 'right') await forgiveGuess(deps, caller, guess);
  if (looked.verdict === 'wrong') await noteWrongGuess(deps, caller, guess);
  return looked;
}

async function countGuess(deps: Deps, caller: Caller, guess: Guess): Promise<void> {
  const now = deps.now();
  // What was refused a moment ago is refused from a copy, in the order in which it was refused before, and counts nothing.
  const ofNetworks = countersOf(caller, { ...guess, account: null });
  for (const counter of ofNetworks) await requireNotReached(deps, 'address_suspended', copyOf(caller, guess, counter), now);
  if (!guess.known) await requireNotSuspended(deps, caller, now);
  for (const { limit, subject } of countersOf(caller, guess)) {
    const ofAccount = limit === guess.account?.limit;
    // After the networks: who floods an account is counted, and suspended for it in the end.
    if (ofAccount) await requireNotReached(deps, 'account_throttled', copyOf(caller, guess, { limit, subject }), now);
    const askedAt = deps.reached.clock();
    const { allowed, count, retryAfter } = await countTry(deps.db, limit, subject, now);
    if (allowed) continue;
    if (!ofAccount && (await isAllowed(deps.db, caller.address))) continue;
    deps.reached.note(copyOf(caller, guess, { limit, subject }), now + retryAfter * 1000, askedAt);
    // Written once a window, or a flood of guesses would become a flood of rows.
    if (count === limit.max + 1)
      await recordEvent(deps.db, deps, caller, 'signin.throttled', { reason: `${limit.name} ${spoken(subject)}` });
    throw new Refusal(ofAccount ? 'account_throttled' : 'address_suspended', { retryAfter });
  }
}

async function requireNotSuspended(deps: Deps, caller: Caller, now: number): Promise<void> {
  const name = `suspended:${caller.network} ${caller.address}`;
  await requireNotReached(deps, 'address_suspended', name, now);
  const askedAt = deps.reached.clock();
  const suspension = await findSuspension(deps.db, caller.network, now);
  if (suspension === null || (await isAllowed(deps.db, caller.address))) return;
  deps.reached.note(name, suspension.until, askedAt);
  throw new Refusal('address_suspended', { retryAfter: Math.ceil((suspension.until - now) / 1000) });
}

type Throttled = 'account_throttled' | 'address_suspended';

async function requireNotReached(deps: Deps, code: Throttled, name: string, now: number): Promise<void> {
  const endsAt = await deps.reached.findEnd(name);
  if (endsAt !== null) throw new Refusal(code, { retryAfter: Math.max(1, Math.ceil((endsAt - now) / 1000)) });
}

/** Networks and ids as they are; of an address only what its owner would know it by, because the log outlives accounts. */
function spoken(subject: string): string {
  return subject.includes('@') ? maskEmail(subject.split(' ')[0] ?? '') : subject;
}

async function forgiveGuess(deps: Deps, caller: Caller, guess: Guess): Promise<void> {
  for (const counter of countersOf(caller, guess)) {
    await forgiveTry(deps.db, counter.limit, counter.subject);
    deps.reached.forget(copyOf(caller, guess, counter));
  }
}

/** The name of a counter's fast copy. Of a network some addresses may be allowed more, so each has its own. */
function copyOf(caller: Caller, { account }: Guess, { limit, subject }: Counter): string {
  return `${limit.name}:${subject}${limit === account?.limit ? '' : ` ${caller.address}`}`;
}

interface Counter {
  readonly limit: Limit;
  readonly subject: string;
}

/** Networks first: what a suspended network sends must not fill the counters of somebody's account. */
function countersOf(caller: Caller, { account, known }: Guess): readonly Counter[] {
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
