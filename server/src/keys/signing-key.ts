import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningAlg } from '@portico/protocol/tokens';
import { calculateJwkThumbprint } from 'jose';
import type { Db, Row } from '../platform/db.ts';
import type { SigningKey } from '../platform/keyring.ts';
import { type SealedColumn, sealedTextFrom } from '../platform/sealed-text.ts';
import type { Vault } from '../platform/vault.ts';

const sealLabel = (kid: string) => `signing_keys ${kid}`;

export async function listSigningKeys(db: Db, vault: Vault): Promise<SigningKey[]> {
  const rows = await db.all('select kid, alg, public_jwk, sealed, current_from from signing_keys order by current_from');
  return rows.map((row) => fromRow(row, vault));
}

/** The same without the keys themselves, for whoever only looks. */
export async function listSigningKeyAges(
  db: Db,
): Promise<{ readonly kid: string; readonly alg: SigningAlg; readonly currentFrom: number }[]> {
  const rows = await db.all('select kid, alg, current_from from signing_keys order by current_from');
  return rows.map((row) => ({ kid: row['kid'] as string, alg: row['alg'] as SigningAlg, currentFrom: row['current_from'] as number }));
}

export interface NewSigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicJwk: string;
  readonly sealed: string;
}

const generate = promisify(generateKeyPair);

/** A fresh key. Its name is its RFC 7638 thumbprint, so that a verifier's cached key can never be confused with another. */
export async function makeSigningKey(vault: Vault, alg: SigningAlg): Promise<NewSigningKey> {
  const { privateKey, publicKey } = await makePair(alg);
  const publicJwk = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(publicJwk);
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  return { kid, alg, publicJwk: JSON.stringify(publicJwk), sealed: vault.seal(sealLabel(kid), pem) };
}

async function makePair(alg: SigningAlg): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  switch (alg) {
    case 'ES256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generate('ed25519');
    case 'RS256':
      return generate('rsa', { modulusLength: 2048 });
  }
}

export async function insertSigningKey(db: Db, key: NewSigningKey, now: number, currentFrom: number): Promise<void> {
  await db.all('insert into signing_keys (kid, alg, public_jwk, sealed, created_at, current_from) values ($1, $2, $3, $4, $5, $6)', [
    key.kid,
    key.alg,
    key.publicJwk,
    key.sealed,
    now,
    currentFrom,
  ]);
}

/** Removes keys that were replaced by one of their kind long enough ago that no unexpired token can carry them. */
export async function deleteOldSigningKeys(db: Db, replacedBefore: number): Promise<void> {
  await db.all(
    `delete from signing_keys where exists (
       select 1 from signing_keys newer where newer.alg = signing_keys.alg and newer.current_from > signing_keys.current_from and newer.current_from < $1)`,
    [replacedBefore],
  );
}

/** Ends a key at once. False: no such key. */
export async function deleteSigningKey(db: Db, kid: string): Promise<boolean> {
  return (await db.all('delete from signing_keys where kid = $1 returning kid', [kid])).length > 0;
}

export const SEALED_SIGNING_KEYS: SealedColumn = {
  table: 'signing_keys',
  page: async (db, form, after, limit) => {
    const rows = await db.all(
      'select kid, case when sealed like $1 then null else sealed end as sealed from signing_keys where kid > $2 order by kid limit $3',
      [`${form}%`, after?.[0] ?? '', limit],
    );
    return rows.map((row) => sealedTextFrom(row, ['kid'], ({ kid }) => sealLabel(kid as string)));
  },
  replace: async (db, [kid = null], before, after) => {
    return (
      (await db.all('update signing_keys set sealed = $3 where kid = $1 and sealed = $2 returning kid', [kid, before, after])).length > 0
    );
  },
};

function fromRow(row: Row, vault: Vault): SigningKey {
  const kid = row['kid'] as string;
  const alg = row['alg'] as SigningAlg;
  const jwk = JSON.parse(row['public_jwk'] as string) as Record<string, string>;
  return {
    kid,
    alg,
    privateKey: createPrivateKey(vault.open(sealLabel(kid), row['sealed'] as string)),
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
    publicJwk: { ...jwk, kid, alg, use: 'sig' },
    currentFrom: row['current_from'] as number,
  };
}
