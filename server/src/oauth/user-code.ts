import type { Deps } from '../deps.ts';
import { hmac } from '../platform/crypto.ts';
import type { ChainKey } from '../platform/keyring.ts';

/** What a person types to tie a device to their account (RFC 8628 6.1): no vowels, so no words, and nothing that looks like a digit. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
const FORM = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/;

/** Eight letters of twenty: 34 bits, guarded by the counters of typed codes and by ten minutes. */
export function makeUserCode(random: Deps['random']): string {
  let code = '';
  while (code.length < LENGTH) {
    // 240 is the largest multiple of twenty in a byte: every letter is as likely as any other.
    const [byte = 255] = random(1);
    if (byte < 240) code += LETTERS[byte % LETTERS.length];
  }
  return code;
}

/** As it is shown: WDJB-MJHT. */
export function spellUserCode(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

/** However it was typed: case, dashes and spaces do not matter. Null: no such code can be. */
export function parseUserCode(typed: string): string | null {
  const code = typed
    .normalize('NFKC')
    .replace(/[\s\p{Pd}]/gu, '')
    .toUpperCase();
  return FORM.test(code) ? code : null;
}

/** Under a key, or a copy of the database could be searched through in a minute. */
export function hashUserCode(key: Pick<ChainKey, 'code'>, code: string): string {
  return hmac(key.code, 'device:', code).toString('base64url');
}
