import { Refusal } from '@portico/protocol/errors';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import { findConsent, saveConsent } from '../clients/consent.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Answer } from '../sessions/answer.ts';
import { lockActiveSession } from '../sessions/session.ts';
import type { CurrentSession } from '../sessions/verified-session.ts';
import { requireAsking } from './asking-site.ts';
import { approveRequest, denyRequest } from './authorization-request.ts';

export interface Decision {
  /** The path of the request that waits. */
  readonly returnTo: string;
  readonly allow: boolean;
}

export interface Decided extends Answer {
  readonly body: { readonly continueAt: string };
}

/**
 * POST consent: "continue", or not, said by whoever is signed in, for one request that waits. The answer to the site is given where the
 * request goes on. Throws `request_expired`.
 */
export async function decideConsent(deps: Deps, caller: Caller, session: CurrentSession, { returnTo, allow }: Decision): Promise<Decided> {
  const { client, stored, scope } = await requireAsking(deps, returnTo);
  await deps.db.transaction(async (tx) => {
    const now = deps.now();
    if ((await lockActiveSession(tx, session.id, now)) === null) throw new Refusal('signed_out');
    const said = allow ? await approveRequest(tx, stored.idHash, session.id, now) : await denyRequest(tx, stored.idHash, now);
    if (!said) throw new Refusal('request_expired');
    if (allow)
      await saveConsent(tx, { userId: session.userId, clientId: client.id, scope: await grown(tx, session, client.id, scope), now });
    const facts = { actorId: session.userId, userId: session.userId, sessionId: session.id, clientId: client.id };
    await recordEvent(tx, deps, caller, allow ? 'consent.given' : 'consent.denied', allow ? { ...facts, reason: scope } : facts);
  });
  return { body: { continueAt: deps.config.apiOrigin + returnTo } };
}

/** What was allowed before stays allowed: a site that asks for less this time does not ask again for the rest. */
async function grown(tx: Db, session: CurrentSession, clientId: string, scope: string): Promise<string> {
  const before = (await findConsent(tx, session.userId, clientId))?.scope ?? '';
  return [...new Set(`${before} ${scope}`.split(' ').filter((word) => word !== ''))].sort().join(' ');
}
