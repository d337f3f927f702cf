import type { KeyObject } from 'node:crypto';
import type { SigningAlg } from '@portico/protocol/tokens';
import { deriveKey } from './crypto.ts';

/** The secrets of one key id. Every refresh family keeps the key it was born with. */
export interface ChainKey {
  readonly id: number;
  /** Makes the successor of a refresh secret. */
  readonly chain: Buffer;
  /** Marks a refresh token as genuine. */
  readonly tag: Buffer;
  /** CSRF tokens and the tokens of the sign-in forms. */
  readonly csrf: Buffer;
  /** Security codes at rest: eight digits need a key, or a database copy could be searched through in a second. */
  readonly code: Buffer;
  /** Epoch milliseconds from which new families are made with it; before that it is only readable. */
  readonly currentFrom: number;
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly currentFrom: number;
}

/** The keys of this installation, in memory, so that no request waits for one. */
export interface Keyring {
  /** The key for new families, CSRF tokens and codes. */
  currentChain(now: number): ChainKey;
  /** Null for an id that never was, was dropped, or is not known here yet. */
  chain(id: number): ChainKey | null;
  chains(): readonly ChainKey[];
  /** The key that signs now; ES256 unless said otherwise. */
  currentSigning(now: number, alg?: SigningAlg): SigningKey;
  signing(kid: string): SigningKey | null;
  /** Every key that a verifier may meet, the next one included (published before it is used). */
  signingKeys(): readonly SigningKey[];
  /** Takes in what other nodes or the command line have written. */
  replace(keys: LoadedKeys): void;
}

export interface LoadedKeys {
  readonly chains: readonly ChainKey[];
  readonly signing: readonly SigningKey[];
}

export function chainKeyFrom(id: number, secret: Buffer, currentFrom: number): ChainKey {
  return {
    id,
    chain: deriveKey(secret, 'refresh chain'),
    tag: deriveKey(secret, 'refresh tag'),
    csrf: deriveKey(secret, 'csrf'),
    code: deriveKey(secret, 'security code'),
    currentFrom,
  };
}

export function createKeyring(loaded: LoadedKeys): Keyring {
  let chains = new Map<number, ChainKey>();
  let signing = new Map<string, SigningKey>();
  let chainsFromNewest: readonly ChainKey[] = [];
  let signingFromNewest: Readonly<Record<SigningAlg, readonly SigningKey[]>> = { ES256: [], EdDSA: [], RS256: [] };
  const replace = (keys: LoadedKeys) => {
    chains = new Map(keys.chains.map((key) => [key.id, key]));
    signing = new Map(keys.signing.map((key) => [key.kid, key]));
    chainsFromNewest = fromNewest(chains);
    const ofAlg = (alg: SigningAlg) => fromNewest(new Map([...signing].filter(([, key]) => key.alg === alg)));
    signingFromNewest = { ES256: ofAlg('ES256'), EdDSA: ofAlg('EdDSA'), RS256: ofAlg('RS256') };
  };
  replace(loaded);
  return {
    currentChain: (now) => newestCurrent(chainsFromNewest, now),
    chain: (id) => chains.get(id) ?? null,
    chains: () => [...chains.values()],
    currentSigning: (now, alg = 'ES256') => newestCurrent(signingFromNewest[alg], now),
    signing: (kid) => signing.get(kid) ?? null,
    signingKeys: () => [...signing.values()],
    replace,
  };
}

interface Aging {
  readonly currentFrom: number;
}

/** Once for each change of the keys; they are asked for several times a request. */
function fromNewest<Key extends Aging>(keys: ReadonlyMap<unknown, Key>): readonly Key[] {
  return [...keys.values()].sort((a, b) => a.currentFrom - b.currentFrom).reverse();
}

function newestCurrent<Key extends Aging>(fromNewest: readonly Key[], now: number): Key {
  // On a clock that runs behind the one that made the first key nothing is current yet: then the oldest serves.
  const key = fromNewest.find(({ currentFrom }) => currentFrom <= now) ?? fromNewest.at(-1);
  if (key === undefined) throw new Error('the keyring is empty');
  return key;
}
