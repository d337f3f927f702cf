import { TICKET_TYPES, type TicketClaims } from '@portico/protocol/tokens';
import type { Client } from '../clients/client.ts';
import { findConsent } from '../clients/consent.ts';
import { isSpentId, spendId } from '../clients/spent-id.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Grant } from './session.ts';
import { authTimeOf } from './session-row.ts';
import { signJwt } from './sign-jwt.ts';
import { verifyOwnJwt } from './verify-jwt.ts';

/** Tickets: signed, for a minute, for one client, good once. Nothing is written when one is made. */

export type TicketKind = keyof typeof TICKET_TYPES;

/** In milliseconds. */
export const TICKET_LIFE = 60_000;
/** How much longer than the ticket its name is remembered, in milliseconds: longer than any clock that calls it good is behind. */
const REMEMBERED = 60_000;

export interface NewTicket {
  readonly clientId: string;
  readonly scope: string;
  readonly codeChallenge?: string;
}

/** Always asymmetric (ES256): a client that shares a secret with us could otherwise make one. */
export function signTicket(
  deps: Pick<Deps, 'config' | 'keys' | 'now' | 'random'>,
  kind: TicketKind,
  grant: Grant,
  ticket: NewTicket,
): string {
  const now = deps.now();
  const { session, user } = grant;
  const claims: TicketClaims = {
    iss: deps.config.origin,
    aud: ticket.clientId,
    sub: user.id,
    sid: session.id,
    jti: deps.random(16).toString('base64url'),
    iat: Math.floor(now / 1000),
    exp: Math.floor(Math.min(now + TICKET_LIFE, session.expiresAt) / 1000),
    auth_time: authTimeOf(session),
    uv: user.uv,
    scope: ticket.scope,
    ...(ticket.codeChallenge === undefined ? {} : { code_challenge: ticket.codeChallenge }),
  };
  return signJwt(deps.keys.currentSigning(now, 'ES256'), TICKET_TYPES[kind], claims);
}

/** The claims of a ticket that is genuine, in time, and for this client. Whether it was used already is decided by `spendTicket`. */
export async function verifyTicket(
  deps: Pick<Deps, 'config' | 'keys' | 'now' | 'revoked'>,
  kind: TicketKind,
  clientId: string,
  ticket: string,
): Promise<TicketClaims | null> {
  const verified = await verifyOwnJwt<TicketClaims>(deps, ticket, {
    typ: TICKET_TYPES[kind],
    audience: clientId,
    requiredClaims: ['exp', 'iat', 'sub', 'sid', 'jti', 'uv', 'scope'],
  });
  if (verified === null) return null;
  const { sid, sub, uv } = verified.claims;
  return (await deps.revoked.isDenied({ sid, sub, uv, aud: clientId, kid: verified.kid })) ? null : verified.claims;
}

/** The statement that decides which of many callers comes first. */
export async function spendTicket(db: Db, kind: TicketKind, { jti, exp }: TicketClaims): Promise<boolean> {
  return spendId(db, nameOf(kind, jti), exp * 1000 + REMEMBERED);
}

export async function isSpentTicket(db: Db, kind: TicketKind, { jti }: TicketClaims): Promise<boolean> {
  return isSpentId(db, nameOf(kind, jti));
}

function nameOf(kind: TicketKind, jti: string): string {
  return `${kind} ticket ${jti}`;
}

/**
 * What a client may be told of a user who is not asked at this moment: everything that it is registered for, where the operator says that
 * nobody needs to be asked; else what the user has allowed. Null: the user must be asked first.
 */
export async function allowedUnasked(db: Db, client: Client, userId: string): Promise<string | null> {
  const registered = [...client.scopes].sort();
  if (client.confirmation === 'auto') return registered.join(' ');
  const consent = client.confirmation === 'once' ? await findConsent(db, userId, client.id) : null;
  if (consent === null) return null;
  const allowed = consent.scope.split(' ');
  return registered.filter((word) => allowed.includes(word)).join(' ');
}
