import type { Deps } from '../deps.ts';
import { linkHash, parseRefreshToken, walkChain } from './refresh-chain.ts';
import { type Family, findFamily } from './refresh-token.ts';
import { findGrant, type Grant } from './session.ts';
import { PEEK_PREVIOUS, type RefreshCaller } from './spend-refresh-token.ts';

export type PeekOutcome =
  | { readonly kind: 'granted'; readonly grant: Grant; readonly family: Family; readonly isNewest: boolean; readonly provedAt: number }
  | { readonly kind: 'held'; readonly grant: Grant; readonly family: Family }
  | { readonly kind: 'retry' | 'invalid' | 'ended' };

/**
 * Looks at a refresh token without spending it, for pages rendered on the server: no rotation, no write, slides nothing, and whatever is
 * wrong, never holds. Good for the newest link, and for the one before it for two minutes.
 */
export async function peekRefreshToken(deps: Deps, caller: RefreshCaller, text: string): Promise<PeekOutcome> {
  const token = parseRefreshToken(deps.keys, text);
  if (token === null) return { kind: 'invalid' };
  const now = deps.now();
  const family = await findFamily(deps.db, token.familyId);
  if (family === null || family.clientId !== caller.clientId) return { kind: 'invalid' };
  if (family.state === 'held') {
    const grant = await findGrant(deps.db, family.sessionId, caller.clientId, now);
    const waits = grant !== null && grant.session.state === 'held' && (grant.session.heldUntil ?? 0) > now;
    return waits ? { kind: 'held', grant, family } : { kind: 'ended' };
  }
  if (family.state !== 'active' || family.expiresAt <= now || family.idleAt <= now) return { kind: 'ended' };
  if (family.deviceHash !== null && family.deviceHash !== caller.deviceHash) return { kind: 'retry' };
  // Copied without the key that it is bound to.
  if (family.dpopKey !== null && family.dpopKey !== (caller.dpopKey ?? null)) return { kind: 'invalid' };
  const distance = family.gen - token.gen;
  const recent = distance === 1 && now < family.rotatedAt + PEEK_PREVIOUS;
  if (distance !== 0 && !recent) return { kind: 'retry' };
  const key = deps.keys.chain(token.keyId);
  if (key === null) return { kind: 'invalid' };
  if (linkHash(walkChain(key, token.familyId, token.gen, token.secret, distance)) !== family.curHash) return { kind: 'retry' };
  const grant = await findGrant(deps.db, family.sessionId, caller.clientId, now);
  if (grant === null || !grant.alive) return { kind: 'ended' };
  return { kind: 'granted', grant, family, isNewest: distance === 0, provedAt: now };
}
