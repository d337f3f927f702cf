import { SIGNING_ALGS, type SigningAlg } from '@portico/protocol/tokens';
import type { Db } from '../platform/db.ts';
import { createKeyring, type Keyring, type LoadedKeys, type SigningKey } from '../platform/keyring.ts';
import { deleteOldChainKeys, insertChainKey, insertFirstChainKey, listChainKeys, lockChainKeys } from './chain-key.ts';
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
  const missing = missingAlgs(await listSigningKeys(db, config.masterKey));
  if (missing.length === 0) return;
  const keys = await Promise.all(missing.map((alg) => makeSigningKey(config.masterKey, alg)));
  await db.transaction(async (tx) => {
    // Eight nodes may start together: under the lock the first makes the signing keys, the others find them.
    await lockChainKeys(tx);
    const still = missingAlgs(await listSigningKeys(tx, config.masterKey));
    for (const key of keys) if (still.includes(key.alg)) await insertSigningKey(tx, key, now(), now());
  });
}

function missingAlgs(keys: readonly SigningKey[]): SigningAlg[] {
  return SIGNING_ALGS.filter((alg) => !keys.some((key) => key.alg === alg));
}

async function readKeys({ db, config }: KeyWorld): Promise<LoadedKeys> {
  return { chains: await listChainKeys(db, config.masterKey), signing: await listSigningKeys(db, config.masterKey) };
}

export interface RotatedKeys {
  readonly chainKeyId: number;
  /** Of ES256, which signs unless a client asks for another. */
  readonly signingKid: string;
  readonly signingKids: readonly string[];
  readonly currentFrom: number;
}

/** Publishes the next keys to all nodes; they become current a minute later. Old ones stay until nothing can need them. */
export async function rotateKeys({ db, now, config }: KeyWorld): Promise<RotatedKeys> {
  const currentFrom = now() + PUBLISH_AHEAD;
  const keys = await Promise.all(SIGNING_ALGS.map((alg) => makeSigningKey(config.masterKey, alg)));
  return db.transaction(async (tx) => {
    await lockChainKeys(tx);
    await deleteOldChainKeys(tx, now() - config.sessionLife - DAY);
    await deleteOldSigningKeys(tx, now() - DAY);
    const chainKeyId = await insertChainKey(tx, config.masterKey, now(), currentFrom);
    if (chainKeyId === null)
      throw new Error('no key id is free: at most 64 keys live at a time; drop one with --drop, or wait until old ones end');
    for (const key of keys) await insertSigningKey(tx, key, now(), currentFrom);
    return { chainKeyId, signingKids: keys.map(({ kid }) => kid), signingKid: keys[0]?.kid ?? '', currentFrom };
  });
}
