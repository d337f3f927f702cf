import assert from 'node:assert/strict';
import type { Asker } from '@portico/server';
import { answer, type Issuer } from './issuer.ts';

/** What it is, and how it comes. */
export type Row = readonly [string, Asker];

const REFUSED = /^401 token_(?:invalid|expired|missing)$/;

/** Each of them, at a verifier that has seen nothing, at one that knows the genuine token by heart, and at one that keeps nothing. */
export async function requireRefused(
  at: Issuer,
  rows: readonly Row[],
  given: Parameters<Issuer['verifier']>[0] = {},
  genuine = at.sign(),
): Promise<void> {
  assert.ok(rows.length > 0);
  const [knows, keepsNothing] = [at.verifier(given), at.verifier({ ...given, cacheSize: 0 })];
  for (const verifier of [knows, keepsNothing]) assert.equal(await answer(verifier, genuine), '200');
  for (const [what, asker] of rows) {
    const naive = at.verifier(given);
    assert.match(await answer(naive, asker), REFUSED, `${what}: before the genuine one`);
    assert.equal(await answer(naive, genuine), '200', `${what}: the genuine one after it`);
    for (const verifier of [naive, knows, knows, keepsNothing]) assert.match(await answer(verifier, asker), REFUSED, what);
    assert.equal(await answer(knows, genuine), '200', `${what}: the genuine one is still good`);
  }
}
