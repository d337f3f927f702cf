import { insertFirstChainKey, lockChainKeys } from '../src/keys/chain-key.ts';
import { insertSigningKey, listSigningKeyAges, makeSigningKey, type NewSigningKey } from '../src/keys/signing-key.ts';
import type { Db } from '../src/platform/db.ts';
import { createFirstVault } from '../src/platform/vault.ts';

interface Lent {
  readonly shelf: NewSigningKey[];
  readonly key: NewSigningKey;
}

/** Keys that no open database has, by the master key that seals them. */
const shelves = new Map<string, NewSigningKey[]>();
const lent = new Map<Db, Lent[]>();

/**
 * Gives a new database an RSA key before it makes its own: to find two primes costs as much as all the rest of a world. Databases that are
 * open at the same time never share one, so a token of another Portico is signed by a stranger's key here too.
 */
export async function lendRsaKey({ db, now, masterKey }: { db: Db; now: number; masterKey: Buffer }): Promise<void> {
  if (await hasRsaKey(db)) return;
  const vault = createFirstVault(masterKey, () => now);
  const name = masterKey.toString('hex');
  const shelf = shelves.get(name) ?? [];
  shelves.set(name, shelf);
  const key = shelf.pop() ?? (await makeSigningKey(vault, 'RS256'));
  await insertFirstChainKey(db, vault, now);
  const isTaken = await db.transaction(async (tx) => {
    // Nodes of one database may open together; the lock is the one under which the product makes its keys.
    await lockChainKeys(tx);
    if (await hasRsaKey(tx)) return false;
    await insertSigningKey(tx, key, now, now);
    return true;
  });
  if (!isTaken) shelf.push(key);
  else lent.set(db, [...(lent.get(db) ?? []), { shelf, key }]);
}

/** Of a database that is gone. */
export function takeRsaKeysBack(db: Db): void {
  for (const { shelf, key } of lent.get(db) ?? []) shelf.push(key);
  lent.delete(db);
}

async function hasRsaKey(db: Db): Promise<boolean> {
  return (await listSigningKeyAges(db)).some(({ alg }) => alg === 'RS256');
}
