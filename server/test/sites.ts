import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { findClient, insertClient, type NewClient } from '../src/clients/client.ts';
import { insertAuthenticationSecret } from '../src/clients/client-secret.ts';
import { insertCode } from '../src/oauth/authorization-code.ts';
import { type RedeemedCode, redeemCode } from '../src/oauth/redeem-code.ts';
import { tokenHash } from '../src/platform/crypto.ts';
import { lockActiveSession } from '../src/sessions/session.ts';
import type { Browser } from './browser.ts';
import { sessionOf } from './families.ts';
import type { World } from './world.ts';

/** A registered client site, with the secret that it was given. */
export interface Site {
  readonly id: string;
  /** Null: a public client. */
  readonly secret: string | null;
  readonly redirectUri: string;
}

/** Registers a client site: `web` with a secret unless said otherwise. */
export async function addSite(world: World, id: string, given: Partial<NewClient> = {}): Promise<Site> {
  const kind = given.kind ?? 'web';
  const isPublic = kind === 'spa' || kind === 'native';
  const redirectUri = given.redirectUris?.[0] ?? `https://${id}.example.net/auth/callback`;
  const secret = isPublic ? null : `pts_${randomBytes(32).toString('base64url')}`;
  const { db } = world.deps;
  await insertClient(
    db,
    { id, name: id, kind, redirectUris: [redirectUri], authentication: isPublic ? 'none' : 'secret', ...given },
    world.deps.now(),
  );
  if (secret !== null)
    await insertAuthenticationSecret(
      db,
      { id: randomBytes(16).toString('base64url'), clientId: id, hash: tokenHash(secret) },
      world.deps.now(),
    );
  return { id, secret, redirectUri };
}

/** A PKCE pair. */
export function newVerifier(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export interface GivenCode {
  readonly code: string;
  readonly verifier: string;
  readonly sid: string;
}

/** A code as `/oauth/authorize` makes it, for the browser's session. */
export async function codeFor(
  world: World,
  browser: Browser,
  site: Site,
  {
    scope = 'openid profile email offline_access',
    nonce = null,
    dpopKey = '',
  }: { scope?: string; nonce?: string | null; dpopKey?: string } = {},
): Promise<GivenCode> {
  const { id: sid } = await sessionOf(world, browser);
  const code = `ptc_${randomBytes(32).toString('base64url')}`;
  const { verifier, challenge } = newVerifier();
  await world.deps.db.transaction(async (tx) => {
    const now = world.deps.now();
    const session = await lockActiveSession(tx, sid, now);
    assert.ok(session?.userId != null);
    const { userId } = session;
    const made = {
      hash: tokenHash(code),
      clientId: site.id,
      sessionId: sid,
      userId,
      redirectUri: site.redirectUri,
      challenge,
      scope,
      nonce,
      dpopKey,
    };
    await insertCode(tx, made, now);
  });
  return { code, verifier, sid };
}

/** A site as it is after its code was redeemed: signed in, in the browser's session. */
export async function openSite(
  world: World,
  browser: Browser,
  site: Site,
  { given, ...asked }: { given?: GivenCode; scope?: string } = {},
): Promise<RedeemedCode> {
  const { code, verifier } = given ?? (await codeFor(world, browser, site, asked));
  const client = await findClient(world.deps.db, site.id);
  assert.ok(client !== null);
  const from = { requestId: 'r', address: '192.0.2.1', userAgent: 'test' };
  const input = { code, redirectUri: site.redirectUri, codeVerifier: verifier, dpopKey: '' };
  const opened = await redeemCode(world.deps, from, client, input);
  assert.ok(opened !== null, 'the code was redeemed');
  return opened;
}

/** The Authorization header of a confidential client. */
export function basicOf(site: Site): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(site.id)}:${encodeURIComponent(site.secret ?? '')}`).toString('base64')}`;
}
