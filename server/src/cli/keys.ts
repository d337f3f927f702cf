import { dropChainKey, rotateKeys as makeNextKeys } from '../keys/rotate-keys.ts';
import { withDeps } from './with-deps.ts';

export async function rotateKeys({ json }: { json: boolean }): Promise<number> {
  const made = await withDeps(makeNextKeys);
  const currentFrom = new Date(made.currentFrom).toISOString();
  if (json) console.log(JSON.stringify({ ...made, currentFrom }));
  else console.log(`made chain key ${made.chainKeyId} and signing key ${made.signingKid}; they are used from ${currentFrom}`);
  return 0;
}

/** Ends a key for good. The one in use cannot go before its successor is used: new sign-ins would have none. */
export async function dropKey({ id, json }: { id: number; json: boolean }): Promise<number> {
  const outcome = await withDeps(async (deps) => {
    if (deps.keys.chain(id) === null) return { kind: 'refused', sentence: `there is no key ${id}` } as const;
    if (deps.keys.currentChain(deps.now()).id === id) {
      return { kind: 'refused', sentence: `key ${id} is in use: run portico keys rotate, and drop it a minute later` } as const;
    }
    return { kind: 'dropped', ...(await dropChainKey(deps, id)) } as const;
  });
  if (outcome.kind === 'refused') {
    console.error(`portico: ${outcome.sentence}`);
    return 1;
  }
  if (json) console.log(JSON.stringify({ id, families: outcome.families }));
  else console.log(`dropped key ${id}; ${outcome.families} sign-ins at sites ended with it`);
  return 0;
}
