import { Refusal } from '@portico/protocol/errors';
import { dropChainKey, dropSigningKey } from '../keys/drop-key.ts';
import { rotateKeys as makeNextKeys } from '../keys/rotate-keys.ts';
import { commandLine } from './command-line.ts';
import { withDeps } from './with-deps.ts';

export async function rotateKeys({ json }: { json: boolean }): Promise<number> {
  const made = await withDeps((deps) => makeNextKeys(deps, commandLine(deps))).catch((cause: unknown) => {
    if (cause instanceof Refusal && cause.code === 'rotation_waits') return null;
    throw cause;
  });
  if (made === null) {
    console.error('portico: the keys of the last rotation wait for their minute (or 64 live: end one with --drop)');
    return 1;
  }
  const currentFrom = new Date(made.currentFrom).toISOString();
  if (json) console.log(JSON.stringify({ ...made, currentFrom }));
  else console.log(`made chain key ${made.chainKeyId} and signing key ${made.signingKid}; they are used from ${currentFrom}`);
  return 0;
}

/** Ends a key for good: a chain key by its number, a signing key by its name. The one in use stays until its successor is used. */
export async function dropKey({ id, json }: { id: string; json: boolean }): Promise<number> {
  const isChain = /^\d{1,2}$/.test(id);
  const outcome = await withDeps((deps) => {
    const from = commandLine(deps);
    return isChain ? dropChainKey(deps, from, Number(id)) : dropSigningKey(deps, from, id);
  });
  if (outcome.kind !== 'dropped') {
    const sentence =
      outcome.kind === 'unknown' ? `there is no key ${id}` : `key ${id} is in use: run portico keys rotate, and drop it a minute later`;
    console.error(`portico: ${sentence}`);
    return 1;
  }
  if (json) console.log(JSON.stringify({ id: isChain ? Number(id) : id, families: outcome.families }));
  else if (isChain) console.log(`dropped key ${id}; ${outcome.families} sign-ins at sites ended with it`);
  else console.log(`dropped signing key ${id}; the tokens that it signed are refused`);
  return 0;
}
