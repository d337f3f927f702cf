import type { Db } from '../platform/db.ts';
import { createKeyring, type Keyring, type LoadedKeys } from '../platform/keyring.ts';
import { endFamiliesOfKey } from '../sessions/refresh-token.ts';
import { deleteOldChainKeys, insertChainKey, insertFirstChainKey, listChainKeys, lockChainKeys, markChainKeyDropped } from './chain-key.ts';
import { deleteOldSigningKeys, insertSigningKey, listSigningKeys, makeSigningKey } from './signing-key.ts';

/** A new key is published this long before it is used, in milliseconds: every node and verifier reads keys more often. */
export const PUBLISH_AHEAD = 60_000;
/** How often a node reads the keys again, in milliseconds. */
export const KEYS_READ_EVERY = 10_000;
const DAY = 24 * 3_600_000;

interface KeyWorld {
  readonly db: Db;
  readonly now: () => number;
  readonly config: { readonly masterKey: Buffer; readonly sessionLife: number };
}

/** Reads the keys, and makes the first ones on an empty database. */
export async function loadKeyring(world: KeyWorld): Promise<Keyring> {
  await makeFirstKeys(world);
  return createKeyring(await readKeys(world));
}

export async function reloadKeyring(world: KeyWorld & { readonly keys: Keyring }): Promise<void> {
  world.keys.replace(await readKeys(world));
}

async function makeFirstKeys({ db, now, config }: KeyWorld): Promise<void> {
  await insertFirstChainKey(db, config.masterKey, now());
  if ((await listSigningKeys(db, config.masterKey)).length > 0) return;
  const key = await makeSigningKey(config.masterKey);
  await db.transaction(async (tx) => {
    // Eight nodes may start together: under the lock the first makes the signing key, the others find it.
    await lockChainKeys(tx);
    if ((await listSigningKeys(tx, config.masterKey)).length === 0) await insertSigningKey(tx, key, now(), now());
  });
}

async function readKeys({ db, config }: KeyWorld): Promise<LoadedKeys> {
  return { chains: await listChainKeys(db, config.masterKey), signing: await listSigningKeys(db, config.masterKey) };
}

/** Publishes the next keys to all nodes; they become current a minute later. Old ones stay until nothing can need them. */
export async function rotateKeys({ db, now, config }: KeyWorld): Promise<{ chainKeyId: number; signingKid: string; currentFrom: number }> {
  const currentFrom = now() + PUBLISH_AHEAD;
  const key = await makeSigningKey(config.masterKey);
  return db.transaction(async (tx) => {
    await lockChainKeys(tx);
    await deleteOldChainKeys(tx, now() - config.sessionLife - DAY);
    await deleteOldSigningKeys(tx, now() - DAY);
    const chainKeyId = await insertChainKey(tx, config.masterKey, now(), currentFrom);
    if (chainKeyId === null)
      throw new Error('no key id is free: at most 64 keys live at a time; drop one with --drop, or wait until old ones end');
    await insertSigningKey(tx, key, now(), currentFrom);
    return { chainKeyId, signingKid: key.kid, currentFrom };
  });
}

/** Ends a key at once, and with it the families that were made with it (ended, not held: their owners sign in again). */
export async function dropChainKey({ db, now }: KeyWorld, id: number): Promise<{ families: number }> {
  return db.transaction(async (tx) => {
    if (!(await markChainKeyDropped(tx, id, now()))) return { families: 0 };
    return { families: await endFamiliesOfKey(tx, id, now()) };
  });
}
