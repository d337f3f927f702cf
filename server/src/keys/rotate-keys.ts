import { Refusal } from '@portico/protocol/errors';
import { SIGNING_ALGS, type SigningAlg } from '@portico/protocol/tokens';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { createKeyring, type Keyring, type LoadedKeys, type SigningKey } from '../platform/keyring.ts';
import type { Vault } from '../platform/vault.ts';
import { deleteOldChainKeys, insertChainKey, insertFirstChainKey, listChainKeyAges, listChainKeys, lockChainKeys } from './chain-key.ts';
import { reloadVault, type VaultWorld } from './open-vault.ts';
import { deleteOldSigningKeys, insertSigningKey, listSigningKeys, makeSigningKey, type NewSigningKey } from './signing-key.ts';

/** A new key is published this long before it is used, in milliseconds: every node and verifier reads keys more often. */
export const PUBLISH_AHEAD = 60_000;
/** How often a node reads the keys again, in milliseconds. */
export const KEYS_READ_EVERY = 10_000;
const DAY = 24 * 3_600_000;

interface KeyWorld {
  readonly db: Db;
  readonly now: () => number;
  readonly vault: Vault;
}

/** Reads the keys, and makes the first ones on an empty database. */
export async function loadKeyring(world: KeyWorld): Promise<Keyring> {
  await makeFirstKeys(world);
  return createKeyring(await readKeys(world));
}

export async function reloadKeyring(world: VaultWorld & KeyWorld & { readonly keys: Keyring }): Promise<void> {
  // First: what was just made may be sealed with what was just made.
  await reloadVault(world);
  world.keys.replace(await readKeys(world));
}

async function makeFirstKeys({ db, now, vault }: KeyWorld): Promise<void> {
  await insertFirstChainKey(db, vault, now());
  const missing = missingAlgs(await listSigningKeys(db, vault));
  if (missing.length === 0) return;
  const keys = await Promise.all(missing.map((alg) => makeSigningKey(vault, alg)));
  await db.transaction(async (tx) => {
    // Eight nodes may start together: under the lock the first makes the signing keys, the others find them.
    await lockChainKeys(tx);
    const still = missingAlgs(await listSigningKeys(tx, vault));
    for (const key of keys) if (still.includes(key.alg)) await insertSigningKey(tx, key, now(), now());
  });
}

function missingAlgs(keys: readonly SigningKey[]): SigningAlg[] {
  return SIGNING_ALGS.filter((alg) => !keys.some((key) => key.alg === alg));
}

async function readKeys({ db, vault }: KeyWorld): Promise<LoadedKeys> {
  return { chains: await listChainKeys(db, vault), signing: await listSigningKeys(db, vault) };
}

export interface RotatedKeys {
  readonly chainKeyId: number;
  /** Of ES256, which signs unless a client asks for another. */
  readonly signingKid: string;
  readonly signingKids: readonly string[];
  readonly currentFrom: number;
}

/**
 * Publishes the next keys to all nodes; they become current a minute later, and old ones stay until nothing can need them. Written down, and
 * not while the keys of the last rotation still wait, so that of two who rotate at once, or of two clicks, one makes keys. Throws
 * `rotation_waits`, also when all 64 numbers are taken.
 */
export async function rotateKeys(deps: Deps, from: Origin): Promise<RotatedKeys> {
  if (await nextKeysWait(deps.db, deps.now())) throw new Refusal('rotation_waits');
  const keys = await makeSigningKeys(deps);
  const made = await deps.db.transaction(async (tx) => {
    await lockChainKeys(tx);
    const now = deps.now();
    const chains = await listChainKeyAges(tx);
    if (chains.some(({ currentFrom }) => currentFrom > now)) return null;
    const rotated = await publish(tx, deps, keys);
    if (rotated === null) return null;
    await recordEvent(tx, deps, from, 'keys.rotated', {
      target: { kind: 'key', id: `chain ${rotated.chainKeyId}` },
      before: { chain: chains.at(-1)?.id ?? null, signing: SIGNING_ALGS.map((alg) => deps.keys.currentSigning(now, alg).kid) },
      after: { chain: rotated.chainKeyId, signing: rotated.signingKids, currentFrom: rotated.currentFrom },
    });
    return rotated;
  });
  if (made === null) throw new Refusal('rotation_waits');
  await reloadKeyring(deps);
  return made;
}

/** Before costly keys are made for nothing; the lock has the last word. */
async function nextKeysWait(db: Db, now: number): Promise<boolean> {
  return (await listChainKeyAges(db)).some(({ currentFrom }) => currentFrom > now);
}

function makeSigningKeys({ vault }: KeyWorld): Promise<NewSigningKey[]> {
  return Promise.all(SIGNING_ALGS.map((alg) => makeSigningKey(vault, alg)));
}

/** Under the lock. Null: no chain key id is free. */
async function publish(
  tx: Db,
  { now, config, vault }: Pick<Deps, 'now' | 'config' | 'vault'>,
  keys: readonly NewSigningKey[],
): Promise<RotatedKeys | null> {
  const currentFrom = now() + PUBLISH_AHEAD;
  await deleteOldChainKeys(tx, now() - config.sessionLife - DAY);
  await deleteOldSigningKeys(tx, now() - DAY);
  const chainKeyId = await insertChainKey(tx, vault, now(), currentFrom);
  if (chainKeyId === null) return null;
  for (const key of keys) await insertSigningKey(tx, key, now(), currentFrom);
  return { chainKeyId, signingKids: keys.map(({ kid }) => kid), signingKid: keys[0]?.kid ?? '', currentFrom };
}
