import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { allowNetwork, disallowNetwork } from './allowed-network.ts';
import { clearTries } from './counter.ts';
import { GUESS_NETWORK, WRONG_NETWORK } from './limits.ts';
import { liftSuspension, type Suspension } from './suspension.ts';

/** What an operator may do for a network; each act is audited, whoever asks for it. */
type LetInDeps = Pick<Deps, 'db' | 'reached' | 'now' | 'random' | 'vault'>;

/** Ends a suspension now. Null when there was none. Its counters start over, or the next wrong guess would bring it back. */
export async function letNetworkIn(deps: LetInDeps, from: Origin, network: string): Promise<Suspension | null> {
  const done = await deps.db.transaction(async (tx) => {
    const lifted = await liftSuspension(tx, network, deps.now());
    if (lifted === null) return null;
    for (const limit of [GUESS_NETWORK, WRONG_NETWORK]) await clearTries(tx, limit, network);
    await recordEvent(tx, deps, from, 'network.lifted', { reason: network, target: { kind: 'network', id: network } });
    return lifted;
  });
  deps.reached.forgetAll();
  return done;
}

/** Never suspends a range of addresses, which `parseRange` has made. */
export async function allowRange(deps: LetInDeps, from: Origin, { range, note }: { range: string; note: string }): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await allowNetwork(tx, { network: range, note, now: deps.now() });
    await recordEvent(tx, deps, from, 'network.allowed', { reason: range, target: { kind: 'network', id: range } });
  });
  deps.reached.forgetAll();
}

/** False when the range was not on the list. */
export async function disallowRange(deps: LetInDeps, from: Origin, range: string): Promise<boolean> {
  return deps.db.transaction(async (tx) => {
    if (!(await disallowNetwork(tx, range))) return false;
    await recordEvent(tx, deps, from, 'network.disallowed', { reason: range, target: { kind: 'network', id: range } });
    return true;
  });
}
