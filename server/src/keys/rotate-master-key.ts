import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { masterKeyIdOf } from '../platform/master-key.ts';
import { insertDataKey, listMasterKeyIds, lockDataKeys, newDataKey, readDataKeys } from './data-key.ts';
import { reloadVault } from './open-vault.ts';
import { PUBLISH_AHEAD } from './rotate-keys.ts';

/** `again`: it was done before, by whoever was killed or by another at the same moment. `unfinished`: an earlier change goes on. */
export type MasterRotation =
  | { readonly kind: 'rotated'; readonly masterKeyId: string; readonly dataKeyId: number; readonly currentFrom: number }
  | { readonly kind: 'again'; readonly masterKeyId: string }
  | { readonly kind: 'same' }
  | { readonly kind: 'unfinished' };

/**
 * Lets `next` open the database too, and publishes a new data key, which becomes current `ahead` milliseconds later: until then every node
 * has read it. Nodes with either master key serve; nothing is sealed anew here, and no token and no family changes.
 */
export async function rotateMasterKey(deps: Deps, from: Origin, next: Buffer, ahead: number = PUBLISH_AHEAD): Promise<MasterRotation> {
  const present = deps.config.masterKey;
  const [presentId, nextId] = [masterKeyIdOf(present), masterKeyIdOf(next)];
  if (presentId === nextId) return { kind: 'same' };
  const outcome = await deps.db.transaction(async (tx): Promise<MasterRotation> => {
    await lockDataKeys(tx);
    const ids = await listMasterKeyIds(tx);
    if (ids.some((id) => id !== presentId && id !== nextId) || !ids.includes(presentId)) return { kind: 'unfinished' };
    if (ids.includes(nextId)) return { kind: 'again', masterKeyId: nextId };
    const now = deps.now();
    const keys = await readDataKeys(tx, present);
    for (const key of keys) await insertDataKey(tx, next, key, now);
    const fresh = newDataKey((keys.at(-1)?.id ?? 0) + 1, now + ahead);
    for (const master of [present, next]) await insertDataKey(tx, master, fresh, now);
    await recordEvent(tx, deps, from, 'master_key.rotated', {
      target: { kind: 'key', id: `master ${nextId}` },
      before: { master: presentId, data: keys.at(-1)?.id ?? 0 },
      after: { master: nextId, data: fresh.id, currentFrom: fresh.currentFrom },
    });
    return { kind: 'rotated', masterKeyId: nextId, dataKeyId: fresh.id, currentFrom: fresh.currentFrom };
  });
  await reloadVault(deps);
  return outcome;
}
