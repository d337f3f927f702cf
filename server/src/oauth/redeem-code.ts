import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { sha256, tokenHash } from '../platform/crypto.ts';
import { endGrant } from '../sessions/end-grant.ts';
import { type OpenedFamily, openFamily } from '../sessions/open-family.ts';
import { newFamilyId } from '../sessions/refresh-token.ts';
import { type AuthorizationCode, findCode, spendCode } from './authorization-code.ts';

export interface CodeInput {
  readonly code: string;
  readonly redirectUri: string;
  /** PKCE; '' when the client is allowed to go without. */
  readonly codeVerifier: string;
  /** JWK thumbprint of the DPoP key that the call was proven with; '' = none. */
  readonly dpopKey: string;
}

export interface RedeemedCode extends OpenedFamily {
  readonly nonce: string | null;
}

/** A code is `ptc_` and 256 random bits; anything else reaches no database. */
export const CODE_FORM = /^ptc_[A-Za-z0-9_-]{43}$/;
/** RFC 7636 4.1. */
const VERIFIER_FORM = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * Redeems an authorization code: once, by the client that it was made for, at the address that it was sent to, with the verifier of its
 * challenge. Of parallel callers one succeeds; a code that comes again, with everything right, ends what it issued (RFC 6749 4.1.2: whoever
 * brings it may have stolen it, and so may whoever was first). Null otherwise.
 */
export async function redeemCode(deps: Deps, from: Origin, client: Client, input: CodeInput): Promise<RedeemedCode | null> {
  const found = CODE_FORM.test(input.code) ? await findCode(deps.db, tokenHash(input.code)) : null;
  // Code injection: a code of another client is worth nothing here, and nothing of theirs changes.
  if (found === null || found.clientId !== client.id) return null;
  const challenge = challengeOf(input.codeVerifier);
  if (challenge === null) return null;
  const use = { hash: found.hash, clientId: client.id, redirectUri: input.redirectUri, challenge, dpopKey: input.dpopKey };
  const opened = await deps.db.transaction(async (tx) => {
    const family = await openFamily(tx, deps, {
      id: newFamilyId(deps.random),
      sessionId: found.sessionId,
      clientId: client.id,
      scope: found.scope,
      // A client with a secret proves itself at every refresh; only of the others does the token itself need the key (RFC 9449 5).
      dpopKey: input.dpopKey === '' || client.authentication !== 'none' ? null : input.dpopKey,
      idleLife: client.idleLife,
      admit: (inTx, familyId) => spendCode(inTx, { ...use, familyId, now: deps.now() }),
    });
    if (family === null) return null;
    await recordEvent(tx, deps, from, 'site.opened', {
      actorId: found.userId,
      userId: found.userId,
      sessionId: found.sessionId,
      clientId: client.id,
    });
    return family;
  });
  if (opened !== null) return { ...opened, nonce: found.nonce };
  await endWhatItIssued(deps, from, use);
  return null;
}

/** Only when client, redirect URI and challenge are all right: anybody may have seen the code in an address. */
async function endWhatItIssued(
  deps: Deps,
  from: Origin,
  use: Pick<AuthorizationCode, 'hash' | 'clientId' | 'redirectUri' | 'challenge'>,
): Promise<void> {
  const code = await findCode(deps.db, use.hash);
  const replayed =
    code !== null && code.familyId !== null && code.redirectUri === use.redirectUri && code.challenge === use.challenge ? code : null;
  if (replayed?.familyId == null) return;
  const family = { ...replayed, id: replayed.familyId };
  const revocation = await deps.db.transaction((tx) => endGrant(tx, deps, from, family, 'code.replayed'));
  if (revocation !== null) deps.revoked.add(revocation);
}

/** S256 (RFC 7636 4.6); `plain` does not exist here. Null: no such verifier can be. */
function challengeOf(verifier: string): string | null {
  if (verifier === '') return '';
  return VERIFIER_FORM.test(verifier) ? sha256(verifier).toString('base64url') : null;
}
