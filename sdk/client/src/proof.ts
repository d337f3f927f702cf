import { base64url, random } from './attempt.ts';
import { keepFirst, recall } from './kept.ts';

/** Proof of a key that nobody can read, not even this page (RFC 9449): a copied refresh token is worth nothing without it. */
export interface Key {
  readonly pair: CryptoKeyPair;
  /** Still there after a redirect. */
  readonly kept: boolean;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** The key of this browser for this app, made once, whichever tabs ask. */
export function createKeyring(scope: string): () => Promise<Key> {
  const place = [scope, 'key'];
  let own: Promise<Key> | null = null;
  const open = async (): Promise<Key> => {
    const found = await recall<CryptoKeyPair>(place).catch(() => undefined);
    if (found !== undefined) return { pair: found, kept: true };
    const made = await crypto.subtle.generateKey(ALGORITHM, false, ['sign']);
    return keepFirst(place, made).then(
      (pair) => ({ pair, kept: true }),
      () => ({ pair: made, kept: false }),
    );
  };
  return () => {
    own ??= open();
    return own;
  };
}

/** RFC 7638: the members in this order, and no others. */
export async function thumbprint({ publicKey }: CryptoKeyPair): Promise<string> {
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return sha256(JSON.stringify({ crv, kty, x, y }));
}

export async function sha256(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encode(text))));
}

/** For one POST to `url`. `now` is Portico's time, in epoch milliseconds. */
export async function proofOf({ privateKey, publicKey }: CryptoKeyPair, url: string, now: number): Promise<string> {
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } };
  const payload = { jti: random(), htm: 'POST', htu: url, iat: Math.floor(now / 1000) };
  const text = [header, payload].map((part) => base64url(encode(JSON.stringify(part)))).join('.');
  return `${text}.${base64url(new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, encode(text))))}`;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
