import assert from 'node:assert/strict';
import type { ClientWish } from '../../src/clients/check-client.ts';
import { sentencesOf } from '../../src/clients/client-problem.ts';
import { type RegisteredClient, registerClient } from '../../src/clients/register-client.ts';
import type { Browser } from '../browser.ts';
import { redeemed, type Tokens } from '../oauth/ask.ts';
import { codeFor, type Site } from '../sites.ts';
import type { World } from '../world.ts';

/** Client sites as an operator registers them. */

export const OPERATOR = { requestId: 'r', address: '', userAgent: 'portico' };

export interface RegisteredSite extends Site {
  readonly jwtSecret: { readonly id: string; readonly secret: string } | null;
}

export async function register(world: World, wish: ClientWish): Promise<RegisteredClient> {
  const done = await registerClient(world.deps, OPERATOR, wish);
  assert.equal(done.kind, 'registered', done.kind === 'refused' ? sentencesOf(done.problems).join('; ') : '');
  return done;
}

/** A `web` site unless said otherwise, with everything that its callers need. */
export async function registerSite(world: World, id: string, wish: Partial<ClientWish> = {}): Promise<RegisteredSite> {
  const redirectUri = wish.redirectUris?.[0] ?? `https://${id}.example.net/auth/callback`;
  const { secret, signingSecret } = await register(world, { id, name: id, kind: 'web', redirectUris: [redirectUri], ...wish });
  return { id, redirectUri, secret: secret?.secret ?? null, jwtSecret: signingSecret };
}

/** Signs the browser's user in to the site. */
export async function tokensAt(world: World, browser: Browser, site: Site): Promise<Tokens> {
  return redeemed(world, site, await codeFor(world, browser, site));
}
