import { Refusal } from '@portico/protocol/errors';
import { deriveKey, seal, unseal } from './crypto.ts';

/**
 * Envelope encryption, in memory: secrets are sealed with data keys, and those, in the database, with the master key. So a new master key
 * costs a row, and not every row.
 */
export interface DataKey {
  /** 0 is the master key that the installation was born with. */
  readonly id: number;
  readonly secret: Buffer;
  /** Epoch milliseconds from which new secrets are sealed with it; before that it is only readable. */
  readonly currentFrom: number;
  /** From when it opens nothing any more and only proves the audit log; null = it opens. */
  readonly endedAt: number | null;
}

/** What a key is derived for, so that no two uses share one. */
export const PURPOSES = ['audit event', 'audit seal', 'provider state', 'provider test'] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface Vault {
  /** The number of the data key that seals now. */
  currentId(): number;
  /** With `purpose`, for what never lies in the database. */
  seal(label: string, plain: string | Buffer, purpose?: Purpose): string;
  /** Throws `unknownDataKey()` when another node has sealed it with a key that this one has not read yet; an Error when it does not open. */
  open(label: string, sealed: string, purpose?: Purpose): Buffer;
  /** Of the data key that is current. */
  derive(purpose: Purpose): { readonly keyId: number; readonly key: Buffer };
  /** Of any data key, ended ones too. Null: there is no such key. */
  deriveOf(keyId: number, purpose: Purpose): Buffer | null;
  /** Whether a node could take this key for the current one at that moment, its clock and its keys being `tolerance` milliseconds behind or ahead. */
  wasCurrent(keyId: number, at: number, tolerance: number): boolean;
  /** With what everything begins that the current data key has sealed. */
  currentForm(): string;
  /** Oldest first. */
  dataKeys(): readonly DataKey[];
  /** Takes in what other nodes or the command line have written. */
  replace(keys: readonly DataKey[]): void;
  /** Calls `listener` when a text names a data key that is not known here. */
  whenUnknown(listener: () => void): void;
}

/** Another node has sealed with a data key that this one has not read yet. */
class UnknownDataKey extends Error {}

/** It passes: whoever meets it reads the keys again, and says 503 meanwhile. */
export function unknownDataKey(): Refusal {
  return new Refusal('unavailable', { cause: new UnknownDataKey('a data key is not known here yet') });
}

export function isUnknownDataKey(error: unknown): boolean {
  return error instanceof Refusal && error.cause instanceof UnknownDataKey;
}

export function createVault(loaded: readonly DataKey[], now: () => number): Vault {
  let keys: readonly DataKey[] = [];
  let byId = new Map<number, DataKey>();
  let derived = new Map<string, Buffer>();
  let tellUnknown = (): void => undefined;

  const current = (): DataKey => {
    const at = now();
    // On a clock that runs behind the one that made the first key nothing is current yet: then the oldest serves.
    const key = keys.findLast(({ currentFrom }) => currentFrom <= at) ?? keys[0];
    if (key === undefined) throw new Error('the vault is empty');
    return key;
  };
  const derive = ({ id, secret }: DataKey, purpose: Purpose | 'sealing'): Buffer => {
    const name = `${id} ${purpose}`;
    const made = derived.get(name) ?? deriveKey(secret, purpose);
    derived.set(name, made);
    return made;
  };
  /** What the first data key seals has the form from before there were others, and so the version before reads it too. */
  const sealingKey = (key: DataKey, purpose: Purpose | undefined): Buffer =>
    purpose === undefined && key.id === 0 ? key.secret : derive(key, purpose ?? 'sealing');
  const keyNamedIn = (sealed: string): DataKey => {
    const id = idNamedIn(sealed);
    const key = id === null ? undefined : byId.get(id);
    if (id === null) throw new Error('a sealed text has an unknown form');
    if (key === undefined) {
      tellUnknown();
      throw unknownDataKey();
    }
    if (key.endedAt !== null && key.endedAt <= now()) throw new Error(`data key ${id} opens nothing any more`);
    return key;
  };
  const replace = (fresh: readonly DataKey[]) => {
    keys = [...fresh].sort((a, b) => a.id - b.id);
    byId = new Map(keys.map((key) => [key.id, key]));
    derived = new Map();
  };
  replace(loaded);

  return {
    currentId: () => current().id,
    seal: (label, plain, purpose) => {
      const key = current();
      return seal(sealingKey(key, purpose), label, plain, formOf(key.id));
    },
    open: (label, sealed, purpose) => {
      const key = keyNamedIn(sealed);
      return unseal(sealingKey(key, purpose), label, sealed, formOf(key.id));
    },
    derive: (purpose) => {
      const key = current();
      return { keyId: key.id, key: derive(key, purpose) };
    },
    deriveOf: (keyId, purpose) => {
      const key = byId.get(keyId);
      return key === undefined ? null : derive(key, purpose);
    },
    wasCurrent: (keyId, at, tolerance) => {
      const key = byId.get(keyId);
      const next = keys.find(({ id }) => id > keyId);
      return key !== undefined && key.currentFrom <= at + tolerance && (next === undefined || at <= next.currentFrom + tolerance);
    },
    currentForm: () => `${formOf(current().id)}.`,
    dataKeys: () => keys,
    replace,
    whenUnknown: (listener) => {
      tellUnknown = listener;
    },
  };
}

/** The vault of an installation that was never given another master key. */
export function createFirstVault(masterKey: Buffer, now: () => number): Vault {
  return createVault([firstDataKey(masterKey)], now);
}

/** Current from ever: no clock that is behind may find a time before it. */
export function firstDataKey(masterKey: Buffer): DataKey {
  return { id: 0, secret: masterKey, currentFrom: 0, endedAt: null };
}

const formOf = (id: number) => (id === 0 ? 'v1' : `v2.${id}`);

/** One spelling each: key 0 has no second form. */
function idNamedIn(sealed: string): number | null {
  if (sealed.startsWith('v1.')) return 0;
  const named = /^v2\.([1-9]\d{0,8})\./.exec(sealed)?.[1];
  return named === undefined ? null : Number(named);
}
