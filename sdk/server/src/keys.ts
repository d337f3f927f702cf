import { SYSTEM } from '@portico/protocol/routes';
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';
import { PorticoError } from './errors.ts';
import type { Settings } from './options.ts';

/** The issuer's public keys. They are read again in the background when they are older than this; a new key is published a minute before it signs. */
const READ_AGAIN_AFTER = 30_000;
/** A name that is not among them is looked for again, but not more often than this: strangers can write any name into a token. */
const LOOK_AGAIN_AFTER = 5000;
const ANSWER_WITHIN = 5000;

export interface Keys {
  /** The key that the header names. Throws PorticoError. */
  find(header: JWTHeaderParameters): Promise<CryptoKey>;
}

export function createKeys({ url, fetch, now }: Pick<Settings, 'url' | 'fetch' | 'now'>): Keys {
  let known: ReturnType<typeof createLocalJWKSet> | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<boolean> | null = null;

  /** False: there was no answer, and what is known stays. */
  const read = async (): Promise<boolean> => {
    try {
      const answer = await fetch(url + SYSTEM.jwks, { signal: AbortSignal.timeout(ANSWER_WITHIN), redirect: 'error' });
      if (!answer.ok) return false;
      known = createLocalJWKSet((await answer.json()) as JSONWebKeySet);
      return true;
    } catch {
      return false;
    } finally {
      readAt = now();
    }
  };
  const readOnce = () => (reading ??= read().finally(() => (reading = null)));
  const olderThan = (age: number) => Math.abs(now() - readAt) >= age;

  const among = async (header: JWTHeaderParameters): Promise<CryptoKey | null> => {
    try {
      return known === null ? null : await known(header);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey) return null;
      throw cause;
    }
  };
  return {
    find: async (header) => {
      const found = await among(header);
      if (found !== null) {
        if (olderThan(READ_AGAIN_AFTER)) void readOnce();
        return found;
      }
      const answered = reading !== null || olderThan(LOOK_AGAIN_AFTER) ? await readOnce() : known !== null;
      const published = await among(header);
      if (published !== null) return published;
      // Who cannot be asked may have published it by now.
      throw new PorticoError(answered ? 'token_invalid' : 'keys_unavailable');
    },
  };
}
