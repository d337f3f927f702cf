import { Refusal } from '@portico/protocol/errors';
import { SYSTEM } from '@portico/protocol/routes';
import { LONGEST_ACCESS_LIFE } from '@portico/protocol/tokens';
import type { ChainKeyItem, KeyState, KeysContent, SigningKeyItem } from '@portico/ui/admin-views';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { listChainKeyAges } from '../keys/chain-key.ts';
import { dropChainKey, dropSigningKey } from '../keys/drop-key.ts';
import { reloadKeyring, rotateKeys } from '../keys/rotate-keys.ts';
import { listSigningKeyAges } from '../keys/signing-key.ts';
import type { Answer } from '../sessions/answer.ts';
import { countFamiliesOfKey } from '../sessions/open-site.ts';
import { requireConfirmed } from './confirmed.ts';

/** Living sign-ins of a key are counted no further than this. */
const COUNTED_MOST = 1000;

/** Names and ages alone: no key leaves the keyring, public ones are read where sites read them. */
export async function readKeys(deps: Deps): Promise<KeysContent> {
  const now = deps.now();
  const [signing, chains] = await Promise.all([listSigningKeyAges(deps.db), listChainKeyAges(deps.db)]);
  const counts = await Promise.all(chains.map(({ id }) => countFamiliesOfKey(deps.db, id, COUNTED_MOST)));
  const chainItem = (key: (typeof chains)[number], at: number): ChainKeyItem => {
    const { state, replacedAt } = ageOf(key, chains, now);
    const count = counts[at] ?? 0;
    const neededUntil = replacedAt === null ? null : replacedAt + deps.config.sessionLife;
    return { ...key, state, neededUntil, live: { count, more: count === COUNTED_MOST } };
  };
  const signingItem = (key: (typeof signing)[number]): SigningKeyItem => {
    const ofItsKind = signing.filter(({ alg }) => alg === key.alg);
    const { state, replacedAt } = ageOf(key, ofItsKind, now);
    return { ...key, state, neededUntil: replacedAt === null ? null : replacedAt + LONGEST_ACCESS_LIFE };
  };
  const next = chains.find(({ currentFrom }) => currentFrom > now);
  return {
    jwksUri: deps.config.origin + SYSTEM.jwks,
    signing: signing.map(signingItem).reverse(),
    chains: chains.map(chainItem).reverse(),
    nextFrom: next?.currentFrom ?? null,
  };
}

interface Aging {
  readonly currentFrom: number;
}

/** `keys` of one kind, oldest first: a key is used until the next one is. */
function ageOf<Key extends Aging>(key: Key, keys: readonly Key[], now: number): { state: KeyState; replacedAt: number | null } {
  if (key.currentFrom > now) return { state: 'next', replacedAt: null };
  const successor = keys[keys.indexOf(key) + 1];
  if (successor === undefined || successor.currentFrom > now) return { state: 'current', replacedAt: null };
  return { state: 'old', replacedAt: successor.currentFrom };
}

export async function rotateAllKeys(deps: Deps, caller: Caller): Promise<Answer> {
  await rotateKeys(deps, caller);
  return { status: 204 };
}

/** Ends a key for good: a chain key by its number, a signing key by its name. Throws `not_found` or `key_in_use`. */
export async function dropOneKey(deps: Deps, caller: Caller, id: string, confirm: string): Promise<Answer> {
  requireConfirmed(confirm, id);
  // Another node may have made the successor a moment ago.
  await reloadKeyring(deps);
  const isChain = /^\d{1,2}$/.test(id);
  const outcome = isChain ? await dropChainKey(deps, caller, Number(id)) : await dropSigningKey(deps, caller, id);
  if (outcome.kind === 'unknown') throw new Refusal('not_found');
  if (outcome.kind === 'in_use') throw new Refusal('key_in_use');
  await reloadKeyring(deps);
  return { status: 204 };
}
