import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { listLiveNodes, type Node } from '../nodes/node.ts';
import { clockAhead } from '../platform/database-clock.ts';
import { asDatabase } from '../platform/db.ts';
import { masterKeyIdOf } from '../platform/master-key.ts';
import { deleteCopiesOfOthers, endDataKey, listMasterKeyIds, lockDataKeys, noteOlderLeft, readDataKeys } from './data-key.ts';
import { reloadVault } from './open-vault.ts';
import { resealSecrets, SETTLES_AFTER } from './reseal-secrets.ts';

/** What was sealed for a browser on its way through a provider opens for so long yet, in milliseconds. */
const OLD_KEYS_OPEN_FOR = 3_600_000;

/**
 * `nothing`: no other master key opens anything. `waits`: the newest data key is not used everywhere yet. `left`: so many secrets are sealed
 * with older ones. `nodes`: these live with another master key.
 */
export type MasterRetirement =
  | { readonly kind: 'retired'; readonly masterKeyIds: readonly string[]; readonly endedKeys: readonly number[] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'waits'; readonly until: number }
  | { readonly kind: 'left'; readonly count: number }
  | { readonly kind: 'nodes'; readonly nodes: readonly Pick<Node, 'id' | 'host' | 'pid'>[] };

/**
 * Takes what it opens from every master key but this node's, and from the older data keys too: from then on neither an old master key nor
 * what it once was opens anything, and what is written under it is believed by nobody. The audit log is proven by the older ones on.
 */
export async function retireMasterKeys(deps: Deps, from: Origin): Promise<MasterRetirement> {
  await reloadVault(deps);
  const own = masterKeyIdOf(deps.config.masterKey);
  const known = deps.vault.dataKeys();
  const newest = known.at(-1);
  const settled = newest === undefined || newest.id === 0 ? 0 : newest.currentFrom + SETTLES_AFTER;
  if (deps.now() < settled) return { kind: 'waits', until: settled };
  const nodes = await nodesWithAnother(deps, own);
  if (nodes.length > 0) return { kind: 'nodes', nodes };
  const { left } = await resealSecrets(deps, { look: true });
  if (left > 0) {
    // Otherwise the job would not look again.
    await noteOlderLeft(deps.db, deps.vault.currentId(), left);
    return { kind: 'left', count: left };
  }
  const outcome = await deps.db.transaction(async (tx): Promise<MasterRetirement> => {
    await lockDataKeys(tx);
    const masterKeyIds = (await listMasterKeyIds(tx)).filter((id) => id !== own);
    const keys = await readDataKeys(tx, deps.config.masterKey);
    // Somebody rotated in between: then this node's key may be the one to go.
    if (keys.length !== known.length) return { kind: 'waits', until: deps.now() + SETTLES_AFTER };
    const ending = keys.filter(({ id, endedAt }) => id !== newest?.id && endedAt === null);
    if (masterKeyIds.length + ending.length === 0) return { kind: 'nothing' };
    await deleteCopiesOfOthers(tx, deps.config.masterKey);
    for (const key of ending) await endDataKey(tx, deps.config.masterKey, key, deps.now() + OLD_KEYS_OPEN_FOR);
    const endedKeys = ending.map(({ id }) => id);
    await recordEvent(tx, deps, from, 'master_key.retired', {
      target: { kind: 'key', id: `master ${masterKeyIds.join(' ')}` },
      before: { masters: [own, ...masterKeyIds] },
      after: { masters: [own], endedData: endedKeys },
    });
    return { kind: 'retired', masterKeyIds, endedKeys };
  });
  await reloadVault(deps);
  return outcome;
}

/** They would go on with what they have read, and not start again. */
async function nodesWithAnother({ db, now }: Deps, own: string): Promise<Node[]> {
  const database = asDatabase(db);
  const ahead = database === null ? null : await clockAhead(database, now);
  return (await listLiveNodes(db, now() - (ahead ?? 0))).filter(({ masterKeyId }) => masterKeyId !== own);
}
