import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import type { SiteProblem } from '@portico/protocol/site-problems';

/** The public keys that a client registers to prove itself with (RFC 7517, RFC 7523). Embedded only: nothing is fetched for a client. */

/** What an assertion may be signed with. */
export const ASSERTION_ALGS = ['ES256', 'EdDSA', 'RS256'] as const;
export type AssertionAlg = (typeof ASSERTION_ALGS)[number];

export interface ClientKey {
  readonly kid: string | null;
  /** Decided by the key, never by what is signed with it. */
  readonly alg: AssertionAlg;
  readonly publicKey: KeyObject;
}

export type ReadKeys =
  | { readonly kind: 'good'; readonly keys: readonly ClientKey[]; readonly text: string }
  | { readonly kind: 'bad'; readonly code: KeysProblem; readonly problem: string };
export type KeysProblem = Extract<SiteProblem, `keys_${string}`>;

interface Flawed {
  readonly code: KeysProblem;
  readonly flaw: string;
}

const KEYS_MAX = 10;
const MODULUS_MIN = 2048;
const MODULUS_MAX = 8192;
/** What only the owner of a key may have, and what makes a key symmetric. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Reads a JWK Set. `text` is what is kept of it: names and public members, nothing that points elsewhere (`x5u`, `x5c`). */
export function readClientKeys(jwks: string): ReadKeys {
  const found = parseSet(jwks);
  if (found === null) return bad('keys_malformed', `the JWKS is a JSON object with a list "keys" of 1 to ${KEYS_MAX} public keys`);
  const keys: ClientKey[] = [];
  const kept: webcrypto.JsonWebKey[] = [];
  for (const [index, jwk] of found.entries()) {
    const read = readKey(jwk);
    if ('flaw' in read) return bad(read.code, `key ${index + 1} of the JWKS ${read.flaw}`);
    keys.push(read.key);
    kept.push(read.jwk);
  }
  const names = keys.map(({ kid }) => kid);
  if (keys.length > 1 && names.includes(null)) return bad('keys_names', 'of several keys in the JWKS each needs a name of its own (kid)');
  if (new Set(names).size < names.length) return bad('keys_names', 'two keys of the JWKS have the same name (kid)');
  return { kind: 'good', keys, text: JSON.stringify({ keys: kept }) };
}

function parseSet(jwks: string): readonly Readonly<Record<string, unknown>>[] | null {
  try {
    const { keys } = JSON.parse(jwks) as { keys?: unknown };
    const isList = Array.isArray(keys) && keys.length > 0 && keys.length <= KEYS_MAX;
    return isList && keys.every((key) => typeof key === 'object' && key !== null) ? (keys as Record<string, unknown>[]) : null;
  } catch {
    return null;
  }
}

function readKey(jwk: Readonly<Record<string, unknown>>): { key: ClientKey; jwk: webcrypto.JsonWebKey } | Flawed {
  if (jwk['kty'] === 'oct') return { code: 'keys_symmetric', flaw: 'is symmetric: whoever reads the registration could sign with it' };
  if (PRIVATE_MEMBERS.some((member) => jwk[member] !== undefined))
    return { code: 'keys_private', flaw: 'is a private key: it must never leave the site' };
  const kind = kindOf(jwk);
  if (kind === null) return { code: 'keys_kind', flaw: 'is none of: RSA, EC on P-256, OKP on Ed25519' };
  const { alg, members } = kind;
  if (jwk['alg'] !== undefined && jwk['alg'] !== alg) return { code: 'keys_kind', flaw: `must be for ${alg}` };
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return { code: 'keys_kind', flaw: 'is not for signatures (use)' };
  const kid = jwk['kid'];
  if (kid !== undefined && (typeof kid !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(kid)))
    return { code: 'keys_names', flaw: 'has a malformed name (kid)' };
  const publicMembers: webcrypto.JsonWebKey = Object.fromEntries(members.map((member) => [member, jwk[member] as string]));
  const publicKey = importKey(publicMembers);
  if (publicKey === null) return { code: 'keys_malformed', flaw: 'cannot be read as a key' };
  const weakness = weaknessOf(publicKey);
  if (weakness !== null) return weakness;
  const kept = { ...publicMembers, ...(kid === undefined ? {} : { kid }), alg, use: 'sig' };
  return { key: { kid: kid ?? null, alg, publicKey }, jwk: kept };
}

function kindOf({ kty, crv }: Readonly<Record<string, unknown>>): { alg: AssertionAlg; members: readonly string[] } | null {
  if (kty === 'RSA') return { alg: 'RS256', members: ['kty', 'n', 'e'] };
  if (kty === 'EC' && crv === 'P-256') return { alg: 'ES256', members: ['kty', 'crv', 'x', 'y'] };
  return kty === 'OKP' && crv === 'Ed25519' ? { alg: 'EdDSA', members: ['kty', 'crv', 'x'] } : null;
}

function importKey(key: webcrypto.JsonWebKey): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
}

/** With an exponent of 1 a signature is the text itself; a short modulus can be factored. */
function weaknessOf({ asymmetricKeyDetails }: KeyObject): Flawed | null {
  const { modulusLength, publicExponent } = asymmetricKeyDetails ?? {};
  if (modulusLength === undefined) return null;
  if (modulusLength < MODULUS_MIN || modulusLength > MODULUS_MAX)
    return { code: 'keys_weak', flaw: `needs ${MODULUS_MIN} to ${MODULUS_MAX} bits` };
  return publicExponent === 65_537n ? null : { code: 'keys_weak', flaw: 'needs the exponent 65537 (AQAB)' };
}

function bad(code: KeysProblem, problem: string): ReadKeys {
  return { kind: 'bad', code, problem };
}
