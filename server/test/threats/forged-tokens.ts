import { type KeyObject, createHmac, sign } from 'node:crypto';
import assert from 'node:assert/strict';
import { COOKIES } from '@portico/protocol/cookies';
import { ACCESS_TOKEN_TYPE } from '@portico/protocol/tokens';
import { verifyAccessToken } from '../../src/auth/access-token.ts';
import type { World } from '../world.ts';

/** Access tokens as an attacker builds them, and the two doors that must not open for them. */

export type Claims = Readonly<Record<string, unknown>>;

export const encode = (part: unknown): string => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** The claims of a genuine token. */
export function claimsIn(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
}

export function ownHeader(world: World): Record<string, unknown> {
  return { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: world.deps.keys.currentSigning(world.clock.now()).kid };
}

/** ES256 with any private key; `claims` may be text, for JSON that no object becomes. */
export function signedWith(key: KeyObject, header: unknown, claims: Claims | string): string {
  const head = `${encode(header)}.${encode(claims)}`;
  return `${head}.${sign('sha256', Buffer.from(head), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Signed with the installation's own key: only what is said is wrong with it. */
export function ownToken(world: World, claims: Claims | string, header: unknown = ownHeader(world)): string {
  return signedWith(world.deps.keys.currentSigning(world.clock.now()).privateKey, header, claims);
}

export function hmacToken(alg: 'HS256' | 'HS384' | 'HS512', secret: string | Buffer, header: object, claims: Claims): string {
  const head = `${encode({ ...header, alg })}.${encode(claims)}`;
  return `${head}.${createHmac(`sha${alg.slice(2)}`, secret).update(head).digest('base64url')}`;
}

/** A token that lacks one claim. */
export function without(claims: Claims, name: string): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
}

/** Signs up and answers a genuine access token, which is checked to open the door before anything is changed about it. */
export async function genuineToken(world: World, email = 'ada@example.com'): Promise<string> {
  const browser = await world.signedUp(email);
  const token = browser.cookie(COOKIES.access) ?? '';
  assert.equal(await opens(world, token), true, 'the genuine token opens the door');
  assert.equal(await opens(world, ownToken(world, claimsIn(token))), true, 'and so does one that this file signs with the same claims');
  return token;
}

/** Whether any door opens: the verifier itself, the header, the cookie. They must agree. */
export async function opens(world: World, token: string): Promise<boolean> {
  const verdict = (await verifyAccessToken(world.deps, token)) !== null;
  const headers = [{ authorization: `Bearer ${token}` }, { cookie: `${COOKIES.access}=${token}` }];
  for (const header of headers) {
    const answered = await world.browser().call('mySessions', undefined, { headers: header });
    if (!verdict) assert.equal(answered.status, 401, `${token.slice(0, 200)}: ${answered.text}`);
    if (verdict !== (answered.status === 200)) return true;
  }
  return verdict;
}
