import { Refusal } from '@portico/protocol/errors';
import { SIGNING_ALGS, type SigningAlg } from '@portico/protocol/tokens';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { createKeyring, type Keyring, type LoadedKeys, type SigningKey } from '../platform/keyring.ts';
import { deleteOldChainKeys, insertChainKey, insertFirstChainKey, listChainKeyAges, listChainKeys, lockChainKeys } from './chain-key.ts';
import { deleteOldSigningKeys, insertSigningKey, listSigningKeys, makeSigningKey, type NewSigningKey } from './signing-key.ts';

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
export async function rotateKeys(world: KeyWorld): Promise<RotatedKeys> {
  const keys = await makeSigningKeys(world);
  const made = await world.db.transaction(async (tx) => {
    await lockChainKeys(tx);
    return publish(tx, world, keys);
  });
  if (made === null) throw new Error('no key id is free: at most 64 keys live at a time; drop one with --drop, or wait until old ones end');
  return made;
}

/**
 * The same for an operator: written down, and not while the keys of the last rotation still wait, so that of two who rotate at once, or
 * of two clicks, one makes keys. Throws `rotation_waits`.
 */
export async function rotateKeysOnce(deps: Deps, from: Origin): Promise<RotatedKeys> {
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

function makeSigningKeys({ config }: KeyWorld): Promise<NewSigningKey[]> {
  return Promise.all(SIGNING_ALGS.map((alg) => makeSigningKey(config.masterKey, alg)));
}

/** Under the lock. Null: no chain key id is free. */
async function publish(tx: Db, { now, config }: KeyWorld, keys: readonly NewSigningKey[]): Promise<RotatedKeys | null> {
  const currentFrom = now() + PUBLISH_AHEAD;
  await deleteOldChainKeys(tx, now() - config.sessionLife - DAY);
  await deleteOldSigningKeys(tx, now() - DAY);
  const chainKeyId = await insertChainKey(tx, config.masterKey, now(), currentFrom);
  if (chainKeyId === null) return null;
  for (const key of keys) await insertSigningKey(tx, key, now(), currentFrom);
  return { chainKeyId, signingKids: keys.map(({ kid }) => kid), signingKid: keys[0]?.kid ?? '', currentFrom };
}
