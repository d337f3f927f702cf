import { SYSTEM } from '@portico/protocol/routes';
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';
import { PorticoError } from './errors.ts';
import type { Settings } from './options.ts';

/** The issuer's public keys. They are read again in the background when they are older than this; a new key is published a minute before it signs. */
const READ_AGAIN_AFTER = 30_000;
/** A name that is not among them is looked for again, but not more often than this: strangers can write any name into a token. */
const LOOK_AGAIN_AFTER = 5000;
const ANSWER_WITHIN = 5000;

/** All keys that were published at one time. What was verified by one set says nothing under another: each is an object of its own. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

export interface Keys {
  /** The key that the header names, and the set that it stands in. Throws PorticoError. */
  find(header: JWTHeaderParameters): Promise<{ readonly key: CryptoKey; readonly set: KeySet }>;
  /** What was read last; null before. It is read again in the background when it is old. */
  current(): KeySet | null;
}

export function createKeys({ url, fetch, now }: Pick<Settings, 'url' | 'fetch' | 'now'>): Keys {
  let known: { readonly set: KeySet; readonly text: string } | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  let wasAnswered = false;
  let reading: Promise<boolean> | null = null;

  /** False: there was no answer, and what is known stays. */
  const read = async (): Promise<boolean> => {
    wasAnswered = false;
    try {
      const answer = await fetch(url + SYSTEM.jwks, { signal: AbortSignal.timeout(ANSWER_WITHIN), redirect: 'error' });
      if (!answer.ok) throw new Error(`Portico answered ${answer.status}`);
      const text = await answer.text();
      // The same text is the same set: what was verified by it is still good.
      if (text !== known?.text) known = { set: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet), text };
      wasAnswered = true;
    } catch {
      // Heard of by whoever needs a key that is not known yet.
    }
    readAt = now();
    return wasAnswered;
  };
  const readOnce = () => (reading ??= read().finally(() => (reading = null)));
  const olderThan = (age: number) => Math.abs(now() - readAt) >= age;

  const among = async (header: JWTHeaderParameters) => {
    const set = known?.set;
    try {
      return set === undefined ? null : { key: await set(header), set };
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey) return null;
      throw cause;
    }
  };
  const current = () => {
    if (known !== null && olderThan(READ_AGAIN_AFTER)) void readOnce();
    return known?.set ?? null;
  };
  return {
    current,
    find: async (header) => {
      // Without a name a revoked key would be used under none.
      if (typeof header.kid !== 'string') throw new PorticoError('token_invalid');
      const found = await among(header);
      if (found !== null) {
        current();
        return found;
      }
      const answered = reading !== null || olderThan(LOOK_AGAIN_AFTER) ? await readOnce() : wasAnswered;
      const published = await among(header);
      if (published !== null) return published;
      // Who cannot be asked may have published it by now.
      throw new PorticoError(answered ? 'token_invalid' : 'keys_unavailable');
    },
  };
}
