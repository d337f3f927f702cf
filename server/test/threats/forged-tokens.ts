import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { ACCESS_TOKEN_TYPE, FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { chainKeyFrom, createKeyring } from '../../src/platform/keyring.ts';
import { createRevokedSet } from '../../src/platform/revoked-set.ts';
import { createFirstVault } from '../../src/platform/vault.ts';
import { signAccessToken, verifyAccessToken } from '../../src/sessions/access-token.ts';
import { type Clock, heldClock, MINUTE, START, testConfig } from '../world.ts';

/** Access tokens as an attacker builds them, and a verifier that has the installation's keys and no database. */

export type Claims = Readonly<Record<string, unknown>>;
type Deps = Parameters<typeof verifyAccessToken>[0] & Parameters<typeof signAccessToken>[0];

export interface Installation {
  readonly deps: Deps;
  readonly clock: Clock;
  /** Issued as a sign-in issues it, and good. */
  readonly token: string;
  readonly claims: Claims;
  readonly header: Readonly<Record<string, unknown>>;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Signed with the installation's own key, so that only what is said is wrong with it. `claims` may be text that no object becomes. */
  own(claims: Claims | string, header?: unknown): string;
  opens(token: string): Promise<boolean>;
}

export async function installation(): Promise<Installation> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'own-key', alg: 'ES256', use: 'sig' };
  const key = { kid: 'own-key', alg: 'ES256', privateKey, publicKey, publicJwk, currentFrom: 0 } as const;
  const clock = heldClock();
  const keys = createKeyring({ chains: [chainKeyFrom(0, randomBytes(32), 0)], signing: [key] });
  const vault = createFirstVault(randomBytes(32), clock.now);
  const deps: Deps = { config: testConfig(), vault, keys, now: clock.now, random: randomBytes, revoked: createRevokedSet() };
  const { token } = signAccessToken(deps, GRANT, clock.now());
  const header = { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: key.kid };
  const own = (claims: Claims | string, head: unknown = header) => signedWith(privateKey, head, claims);
  const claims = claimsIn(token);
  const opens = async (text: string) => (await verifyAccessToken(deps, text)) !== null;
  assert.equal(await opens(token), true, 'the genuine token opens');
  assert.equal(await opens(own(claims)), true, 'and so does one that is signed here with the same claims');
  return { deps, clock, token, claims, header, privateKey, publicKey, own, opens };
}

const GRANT = {
  session: {
    id: 'A'.repeat(22),
    userId: 'U'.repeat(22),
    state: 'active',
    persistence: 'kept',
    kind: 'browser',
    amr: ['pwd'],
    authTime: START,
    csrfFrom: START,
    userAgent: '',
    address: '',
    createdAt: START,
    expiresAt: START + 60 * MINUTE,
    heldUntil: null,
    provedAt: null,
    unusual: null,
    uvRead: null,
  },
  user: { id: 'U'.repeat(22), email: 'ada@example.com', displayName: 'Ada', role: 'user', uv: 1, verifiedAt: START },
  clientId: FIRST_PARTY_CLIENT,
  client: { accessAlg: 'ES256', accessLife: null, cv: 1, signingSecret: null },
  scopes: [],
  roles: [],
  alive: true,
} as const;

export const encode = (part: unknown): string => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

export function claimsIn(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
}

/** ES256 with any private key. */
export function signedWith(key: KeyObject, header: unknown, claims: Claims | string): string {
  const head = `${encode(header)}.${encode(claims)}`;
  return `${head}.${sign('sha256', Buffer.from(head), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export function hmacToken(alg: 'HS256' | 'HS384' | 'HS512', secret: string | Buffer, header: object, claims: Claims): string {
  const head = `${encode({ ...header, alg })}.${encode(claims)}`;
  return `${head}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(head)
    .digest('base64url')}`;
}

export function without(claims: Claims, name: string): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
}
