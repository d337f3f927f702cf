import { listAllowedNetworks } from '../guessing/allowed-network.ts';
import { allowRange, disallowRange, letNetworkIn } from '../guessing/let-in.ts';
import { listSuspensions } from '../guessing/suspension.ts';
import { commandLine } from './command-line.ts';
import { withDeps } from './with-deps.ts';

/** The newest so many are shown; the older ones are over. */
const SHOWN = 500;

/** Who is shut out, until when, and who never is. */
export async function listSuspended({ json }: { json: boolean }): Promise<number> {
  const { suspensions, allowed, now } = await withDeps(async (deps) => ({
    suspensions: await listSuspensions(deps.db, SHOWN),
    allowed: await listAllowedNetworks(deps.db),
    now: deps.now(),
  }));
  const items = suspensions.map((one) => ({
    network: one.network,
    status: one.liftedAt !== null ? 'lifted' : one.until > now ? 'suspended' : 'over',
    reason: one.reason,
    times: one.times,
    tries: one.tries,
    suspendedAt: moment(one.suspendedAt),
    until: moment(one.until),
  }));
  const ranges = allowed.map(({ network, note, createdAt }) => ({ network, note, createdAt: moment(createdAt) }));
  if (json) {
    console.log(JSON.stringify({ suspensions: items, allowed: ranges }));
    return 0;
  }
  if (items.length === 0) console.log('no network is suspended');
  for (const { network, status, reason, times, tries, until } of items)
    console.log(`${network}  ${status} until ${until}  time ${times}, after ${tries} wrong guesses (${reason})`);
  for (const { network, note } of ranges) console.log(`${network}  never suspended${note === '' ? '' : `  ${note}`}`);
  return 0;
}

export async function liftSuspended({ network, json }: { network: string; json: boolean }): Promise<number> {
  const lifted = await withDeps((deps) => letNetworkIn(deps, commandLine(deps), network));
  if (lifted === null) return failed(`${network} is not suspended`);
  if (json) console.log(JSON.stringify({ network, lifted: true }));
  else console.log(`${network} may try again now`);
  return 0;
}

export async function allow({ range, note, json }: { range: string; note: string; json: boolean }): Promise<number> {
  await withDeps((deps) => allowRange(deps, commandLine(deps), { range, note }));
  if (json) console.log(JSON.stringify({ network: range, note, allowed: true }));
  else console.log(`${range} is never suspended from now on`);
  return 0;
}

export async function disallow({ range, json }: { range: string; json: boolean }): Promise<number> {
  if (!(await withDeps((deps) => disallowRange(deps, commandLine(deps), range)))) return failed(`${range} is not on the list`);
  if (json) console.log(JSON.stringify({ network: range, allowed: false }));
  else console.log(`${range} is suspended like any other from now on`);
  return 0;
}

function failed(sentence: string): number {
  console.error(`portico: ${sentence}`);
  return 1;
}

function moment(at: number): string {
  return new Date(at).toISOString();
}
