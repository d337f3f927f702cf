import { Refusal } from '@portico/protocol/errors';
import type { SuspensionItem, SuspensionsContent } from '@portico/ui/admin-views';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { listAllowedNetworks } from '../guessing/allowed-network.ts';
import { allowRange, disallowRange, letNetworkIn } from '../guessing/let-in.ts';
import { parseNetwork, parseRange } from '../guessing/network-address.ts';
import { findSuspension, listSuspensionsPage, type Suspension } from '../guessing/suspension.ts';
import type { Answer } from '../sessions/answer.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

export interface SuspensionsQuery extends ListQuery {
  readonly status?: 'suspended';
  readonly network?: string;
}

export async function readSuspensions(deps: Deps, caller: Caller, query: SuspensionsQuery): Promise<SuspensionsContent> {
  const now = deps.now();
  const network = query.network === undefined ? null : requireNetwork(query.network);
  const filter = { network, openAt: query.status === undefined ? null : now };
  const [rows, allowed, own] = await Promise.all([
    listSuspensionsPage(deps.db, filter, askPage(deps, 'suspensions', query)),
    listAllowedNetworks(deps.db),
    findSuspension(deps.db, caller.network, now),
  ]);
  const mark = ({ suspendedAt, network: id }: Suspension) => ({ key: suspendedAt, id });
  return {
    ...pageOf(deps, { list: 'suspensions', query, rows, mark, item: (row) => itemOf(row, now) }),
    allowed,
    own: { address: caller.address, network: caller.network, suspended: own !== null },
  };
}

function itemOf({ liftedAt, ...suspension }: Suspension, now: number): SuspensionItem {
  return { ...suspension, status: liftedAt !== null ? 'lifted' : suspension.until > now ? 'suspended' : 'over' };
}

export async function liftOneSuspension(deps: Deps, caller: Caller, { network }: { readonly network: string }): Promise<Answer> {
  if ((await letNetworkIn(deps, caller, requireNetwork(network))) === null) throw new Refusal('not_found');
  return { status: 204 };
}

export async function allowOneNetwork(
  deps: Deps,
  caller: Caller,
  { network, note = '' }: { readonly network: string; readonly note?: string },
): Promise<Answer> {
  const range = parseRange(network.trim());
  if (range === null) throw new Refusal('invalid_fields', { fields: { network: 'malformed' } });
  await allowRange(deps, caller, { range, note });
  return { status: 204 };
}

export async function disallowOneNetwork(deps: Deps, caller: Caller, { network }: { readonly network: string }): Promise<Answer> {
  const range = parseRange(network);
  if (range === null || !(await disallowRange(deps, caller, range))) throw new Refusal('not_found');
  return { status: 204 };
}

function requireNetwork(text: string): string {
  const network = parseNetwork(text.trim());
  if (network === null) throw new Refusal('invalid_fields', { fields: { network: 'malformed' } });
  return network;
}
