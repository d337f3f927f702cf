import { Refusal } from '@portico/protocol/errors';
import { deviceLabel } from '../../accounts/device-label.ts';
import { findIdentityOfUser, type Identity, listIdentities } from '../../accounts/identity.ts';
import { findPasswordAge } from '../../accounts/password.ts';
import { unlinkWayIn } from '../../accounts/unlink-identity.ts';
import { lockUser } from '../../accounts/user.ts';
import { recordEvent } from '../../audit/event.ts';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { maskAddress } from '../../guessing/network-address.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';
import { offeredProviders, serviceName } from '../auth-providers/oauth.ts';
import { giveTokensBack, revokeProviderTokens } from '../auth-providers/provider-tokens.ts';

/** An account elsewhere that opens this one. */
export interface IdentityItem {
  readonly authProvider: string;
  /** What people call the service. */
  readonly service: string;
  /** What the service calls them. */
  readonly label: string;
  /** The operator still offers it: only then can it be signed in with. */
  readonly offered: boolean;
  readonly linkedAt: number;
  readonly lastUsedAt: number;
  readonly hasTokens: boolean;
}

/** A service that could be linked as well. */
export interface LinkableProvider {
  readonly authProvider: string;
  readonly service: string;
}

/** Every way into an account. */
export interface WaysIn {
  readonly items: readonly IdentityItem[];
  readonly linkable: readonly LinkableProvider[];
  readonly hasPassword: boolean;
}

/** GET me/identities. */
export async function readIdentities(deps: Deps, session: CurrentSession): Promise<Answer> {
  return { body: await waysIn(deps, session) };
}

export async function waysIn(deps: Deps, session: CurrentSession): Promise<WaysIn> {
  const offered = offeredProviders(deps);
  const [identities, passwordAge] = await Promise.all([listIdentities(deps.db, session.userId), findPasswordAge(deps.db, session.userId)]);
  return {
    items: identities.map((identity) => itemOf(identity, offered.find(({ name }) => name === identity.provider)?.label)),
    linkable: offered
      .filter(({ name }) => !identities.some(({ provider }) => provider === name))
      .map(({ name, label }) => ({ authProvider: name, service: label })),
    hasPassword: passwordAge !== null,
  };
}

function itemOf({ provider, label, linkedAt, lastUsedAt, hasTokens }: Identity, service: string | undefined): IdentityItem {
  const offered = service !== undefined;
  return { authProvider: provider, service: service ?? provider, label, offered, linkedAt, lastUsedAt, hasTokens };
}

/** DELETE me/identities/:authProvider, on a fresh proof. The last way in stays. */
export async function unlinkIdentity(deps: Deps, caller: Caller, session: CurrentSession, provider: string): Promise<Answer> {
  requireFreshProof(deps, session);
  const { userId } = session;
  const tokens = await deps.db.transaction(async (tx) => {
    // The user's row first: of two unlinks at once each would take the other for the way that remains.
    const user = await lockUser(tx, userId);
    if (user === null) throw new Refusal('signed_out');
    return unlinkWayIn(tx, deps, caller, user, {
      provider,
      service: serviceName(deps, provider),
      seen: { device: deviceLabel(caller.userAgent), place: maskAddress(caller.address) },
      facts: { actorId: userId, sessionId: session.id },
    });
  });
  if (tokens !== null) giveTokensBack(deps, provider, tokens);
  deps.mailWaits();
  return { status: 204 };
}

/** DELETE me/identities/:authProvider/tokens: what the provider let us do ends, the way in stays. Idempotent. */
export async function returnTokens(deps: Deps, caller: Caller, session: CurrentSession, authProvider: string): Promise<Answer> {
  const { userId } = session;
  if ((await findIdentityOfUser(deps.db, userId, authProvider)) === null) throw new Refusal('not_found');
  if (await revokeProviderTokens(deps, userId, authProvider)) {
    const facts = { actorId: userId, userId, sessionId: session.id, reason: authProvider };
    await recordEvent(deps.db, deps, caller, 'identity.tokens_returned', facts);
  }
  return { status: 204 };
}
